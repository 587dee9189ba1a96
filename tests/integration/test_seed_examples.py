"""The document the product was ordered from: its curl lines run by curl, its responses compared key by key."""

import json
import subprocess

import pytest

SEED_ADDRESS = "http://127.0.0.1:8080"

EXTRA_KEYS_OF_A_RUN = {"id", "usage", "stderr", "artifacts", "truncated"}
EXTRA_KEYS_OF_HEALTH = {"isolation", "python", "pool"}

BASIC = r"""curl -X POST http://127.0.0.1:8080/execute \
  -H "Content-Type: application/json" \
  -d '{"script": "def main():\n    return \"Hello, World!\""}'"""

PRINTS = r"""curl -X POST http://127.0.0.1:8080/execute \
  -H "Content-Type: application/json" \
  -d '{"script": "def main():\n    print(\"Processing...\")\n    return sum([1, 2, 3, 4, 5])"}'"""

HANDLES_ERRORS = r"""curl -X POST http://127.0.0.1:8080/execute \
  -H "Content-Type: application/json" \
  -d '{"script": "def main():\n    try:\n        return 10 / 0\n    except ZeroDivisionError:\n        return \"Cannot divide by zero!\""}'"""

TEST_HEALTH = r"""curl -X GET http://127.0.0.1:8080/health"""

TEST_EXECUTION = r"""curl -X POST http://127.0.0.1:8080/execute \
  -H "Content-Type: application/json" \
  -d '{"script": "def main():\n    return \"test\""}'"""


def curl(service, line):
    """Runs the line in a shell with the service's address; returns the status and the answer."""
    assert SEED_ADDRESS in line
    command = line.replace(SEED_ADDRESS, service.url) + " -sS -w '\\n%{http_code}'"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr == "", done
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


def check_documented(answer, documented, extra):
    """Each documented key with its documented value, and no key beyond those of the contract."""
    for key, value in documented.items():
        assert key in answer, (key, answer)
        assert answer[key] == value and type(answer[key]) is type(value), (key, answer[key], value)
    assert answer.keys() - documented.keys() <= extra, answer


@pytest.mark.parametrize(
    "line, result, stdout",
    [
        (BASIC, "Hello, World!", "Executing main() function...\nHello, World!"),
        (PRINTS, 15, "Executing main() function...\nProcessing...\n15"),
        (HANDLES_ERRORS, "Cannot divide by zero!", "Executing main() function...\nCannot divide by zero!"),
        (TEST_EXECUTION, "test", "Executing main() function...\ntest"),
    ],
    ids=["basic", "prints", "handles-errors", "running-tests"],
)
def test_curl_lines_that_execute(service, line, result, stdout):
    status, answer = curl(service, line)
    assert status == 200
    check_documented(answer, {"success": True, "result": result, "stdout": stdout}, EXTRA_KEYS_OF_A_RUN)


def test_curl_line_of_health(service):
    status, answer = curl(service, TEST_HEALTH)
    assert status == 200
    documented = {"status": "healthy", "service": "Python Script Executor", "version": "1.0.0"}
    check_documented(answer, documented, EXTRA_KEYS_OF_HEALTH)


def test_documented_success_response(service):
    response = service.post(b'{\n  "script": "def main():\\n    return \'Hello, World!\'"\n}')
    assert response.status == 200
    documented = {
        "success": True,
        "result": "Hello, World!",
        "stdout": "Executing main() function...\nHello, World!",
    }
    check_documented(response.json(), documented, EXTRA_KEYS_OF_A_RUN)


def test_documented_error_response(service):
    response = service.post({"script": "def other_function():\n    return 1\n"})
    assert response.status == 400
    documented = {
        "success": False,
        "error": "missing_main",
        "message": "Script must contain a main() function as the entry point.",
        "stdout": "",
        "suggestions": [
            "Add a main() function to your script",
            "Example: def main():\n    # Your code here\n    return 'success'",
        ],
        "available_functions": ["other_function"],
        "return_code": 1,
    }
    check_documented(response.json(), documented, EXTRA_KEYS_OF_A_RUN)


def test_documented_script_requirement(service):
    assert service.result('def main():\n    # Your code here\n    return "success"\n') == "success"


@pytest.mark.parametrize(
    "error, body",
    [
        ("missing_main", {"script": "x = 1"}),
        ("syntax_error", {"script": "def main(:\n    return 1"}),
        ("runtime_error", {"script": "def main():\n    return undefined_variable"}),
        ("timeout", {"script": "def main():\n    while True: pass", "timeout": 0.3}),
        ("invalid_input", {}),
    ],
)
def test_documented_error_types_and_their_common_causes(service, error, body):
    response = service.post(body)
    assert response.status == 400
    assert response.json()["error"] == error


@pytest.mark.slow
def test_ten_second_timeout_is_the_default(service):
    """Seed: "10-second execution timeout"."""
    answer = service.failure("timeout", "import time\ndef main():\n    time.sleep(30)")
    assert 10_000 <= answer["usage"]["wall_ms"] < 11_000
