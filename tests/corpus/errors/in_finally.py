def main():
    try:
        return "value"
    finally:
        undefined_cleanup()
