class ConfigError(Exception):
    pass


def load(settings):
    try:
        return settings["database"]["port"]
    except KeyError as missing:
        raise ConfigError("incomplete settings") from missing


def main():
    return load({"database": {}})
