import json

TEXT = """{
  "name": "x",
  "list": [1, 2,, 3]
}"""


def main():
    return json.loads(TEXT)
