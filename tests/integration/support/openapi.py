"""The OpenAPI document as a judge: does an answer, or a request, look as it says?

Every answer that a test gets by support.client goes through check(): so the document is held against all that the suite
provokes.
"""

import collections
import functools
import gzip
import json
import os

import jsonschema

DOCUMENT_PATH = os.path.join(os.path.dirname(__file__), "..", "..", "..", "src", "front", "openapi.json")

seen = collections.Counter()  # (method, path, status) of what was checked


@functools.lru_cache(maxsize=None)
def document():
    with open(DOCUMENT_PATH, encoding="utf-8") as file:
        return json.load(file)


def at(pointer):
    """What a reference of the document means."""
    place = document()
    for step in pointer.removeprefix("#/").split("/"):
        place = place[step.replace("~1", "/").replace("~0", "~")]
    return place


def resolved(place):
    return at(place["$ref"]) if "$ref" in place else place


@functools.lru_cache(maxsize=None)
def validator(name):
    """For a schema among the components."""
    return _validator(json.dumps({"$ref": f"#/components/schemas/{name}"}))


def inlined(schema):
    """With every reference replaced by what it means: to follow them takes the library longer than all the rest. The
    document has none that leads back to itself, which would not end here."""
    if isinstance(schema, list):
        return [inlined(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {name: inlined(part) for name, part in schema.items() if name != "$ref"}
    if "$ref" not in schema:
        return parts
    meant = inlined(at(schema["$ref"]))
    return {"allOf": [meant], **parts} if parts else meant


@functools.lru_cache(maxsize=None)
def _validator(schema_text):
    return jsonschema.Draft202012Validator(inlined(json.loads(schema_text)))


def response_of(method, path, status):
    """The documented response, or None."""
    operation = document()["paths"].get(path, {}).get(method.lower())
    found = (operation or {}).get("responses", {}).get(str(status))
    return found and resolved(found)


def why_not(check, value):
    """The most telling of a validator's errors, or None."""
    error = jsonschema.exceptions.best_match(check.iter_errors(value))
    return error and f"{error.json_path}: {error.message[:500]}"


def short_integer(digits):
    """A result may have more digits than Python reads; that it is an integer is all that matters here."""
    return int(digits[:1000])


def check(method, path, status, headers, body):
    """Fails when the answer is not as documented. Whatever is not documented must be the service's own Problem."""
    path = path.partition("?")[0]
    if method in ("HEAD", "OPTIONS") or status in (100, 204, 304):
        return
    response = response_of(method, path, status)
    if response and "content" not in response:
        seen[method, path, status] += 1
        assert body == b"", f"{method} {path} {status}: there is a body"
        return
    kind = headers.get_content_type()
    if response is None:
        assert status in (404, 405) or path not in document()["paths"], f"{method} {path} {status} is not documented"
        check_body = validator("Problem")
    else:
        seen[method, path, status] += 1
        assert kind in response["content"], f"{method} {path} {status}: {kind} is not documented"
        for name, header in response.get("headers", {}).items():
            header = resolved(header)
            assert not header.get("required") or name in headers, f"{method} {path} {status}: no {name}"
        check_body = _validator(json.dumps(response["content"][kind]["schema"]))
    if headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    value = json.loads(body, parse_int=short_integer) if kind == "application/json" else body.decode()
    problem = why_not(check_body, value)
    assert problem is None, f"{method} {path} {status}: {problem}\n{body[:1000]!r}"
