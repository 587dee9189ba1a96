import json


class Encoder(json.JSONEncoder):
    def default(self, o):
        return sorted(o) if isinstance(o, set) else super().default(o)


def main():
    data = {"text": "ünïcode \u2028 \"quoted\"", "numbers": [1, 2.5, -0.0, 1e100], "nested": {"none": None, "yes": True}}
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, indent=1)
    print(text)
    hook = json.loads('{"a": 1, "a": 2}', object_pairs_hook=list)
    return {"same": json.loads(text) == data, "hook": hook, "set": json.dumps({3, 1, 2}, cls=Encoder)}
