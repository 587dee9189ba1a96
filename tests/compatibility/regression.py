#!/usr/bin/python3
"""CPython's own regression tests (Debian's libpython3.X-testsuite) inside a sandbox and outside, compared.

    regression.py URL [--jobs=N] [--write=FILE] [NAME...]

writes, for each file of tests, what became of it: the tests that pass outside and not inside, with the reason.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
RUNNER = (HERE / "regression_runner.py").read_text(encoding="utf-8")
NOBODY = 65534
TIMEOUT_S = 60
MEMORY_MB = 1024

# Outside the text is a script like any other: what its last expression is has to be printed.
OUTSIDE = """
import ast, json, sys
tree = ast.parse(sys.stdin.read())
last = tree.body.pop()
names = {"__name__": "__main__"}
exec(compile(tree, "runner", "exec"), names)
json.dump(eval(compile(ast.Expression(last.value), "runner", "eval"), names), sys.stderr)
"""


def test_files():
    """Names of all regression tests, as `test.NAME` imports them."""
    import test

    found = set()
    for directory in test.__path__:
        for entry in os.scandir(directory):
            name, extension = os.path.splitext(entry.name)
            if name.startswith("test_") and (extension == ".py" or (entry.is_dir() and not extension)):
                found.add(name)
    return sorted(found)


def run_outside(name):
    """As nobody, in a directory of its own, without a network."""
    with tempfile.TemporaryDirectory() as directory:
        user = {}
        if os.geteuid() == 0:
            os.chown(directory, NOBODY, NOBODY)
            user = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        try:
            done = subprocess.run(
                ["unshare", "--user", "--net", "--map-current-user", "/usr/bin/python3", "-c", OUTSIDE],
                input=RUNNER,
                capture_output=True,
                text=True,
                errors="replace",
                cwd=directory,
                env={"PATH": "/usr/bin:/bin", "HOME": directory, "TMPDIR": directory, "LANG": "C.UTF-8",
                     "PYTHONDONTWRITEBYTECODE": "1", "REGRESSION_TEST": name},
                timeout=TIMEOUT_S + 5,
                **user,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return {"ended": "timeout"}
    try:
        return json.loads(done.stderr[done.stderr.rindex('{"'):] if done.stderr[:1] != "{" else done.stderr)
    except ValueError:
        return {"ended": f"status {done.returncode}: {done.stderr[-200:]}"}


def run_inside(url, name):
    request = {"script": RUNNER, "mode": "script", "timeout": TIMEOUT_S, "memory_mb": MEMORY_MB,
               "env": {"REGRESSION_TEST": name}}  # fmt: skip
    message = urllib.request.Request(
        f"{url}/execute", json.dumps(request).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(message, timeout=TIMEOUT_S + 60) as answer:
            return json.load(answer)["result"]
    except urllib.error.HTTPError as error:
        answer = json.load(error)
        return {"ended": f"{answer['error']}: {answer.get('error_type') or answer.get('message', '')}"[:300]}


def compare(outside, inside):
    """{"verdict": same | differs | not comparable, "differences": {test: reason}}"""
    if "tests" not in outside:
        return {"verdict": "not comparable", "outside": outside, "differences": {}}
    if "tests" not in inside:
        return {"verdict": "differs", "differences": {"*": inside.get("skipped") or inside["ended"]}}
    differences = {
        test: inside["reasons"].get(test, inside["tests"].get(test, "it is not there"))
        for test, outcome in outside["tests"].items()
        if outcome == "ok" and inside["tests"].get(test) != "ok"
    }
    return {"verdict": "differs" if differences else "same", "tests": len(outside["tests"]), "differences": differences}


def compare_file(url, name):
    return compare(run_outside(name), run_inside(url, name))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--write")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    names = arguments.names or test_files()
    results = {}
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        futures = {name: pool.submit(compare_file, arguments.url, name) for name in names}
        for name, future in futures.items():
            results[name] = future.result()
            print(f"{name}: {results[name]['verdict']}, {len(results[name]['differences'])} differences", flush=True)
    counts = {}
    for result in results.values():
        counts[result["verdict"]] = counts.get(result["verdict"], 0) + 1
    print(counts)
    if arguments.write:
        pathlib.Path(arguments.write).write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
