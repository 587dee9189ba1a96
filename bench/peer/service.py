"""Peer (c): a script executor as the usual one is built: Flask under gunicorn, a sandboxed python3 for each request.

    gunicorn --workers 5 --chdir bench/peer service:app
"""

import ast
import json
import os
import subprocess
import tempfile

from flask import Flask, jsonify, request
from sandbox import command, prepare

TIMEOUT_S = 10

app = Flask(__name__)


def failure(error, message, **more):
    return jsonify(success=False, error=error, message=message, stdout="", **more), 400


@app.get("/health")
def health():
    return jsonify(status="healthy", service="Python Script Executor", version="1.0.0")


@app.post("/execute")
def execute():
    data = request.get_json(silent=True)
    script = data.get("script") if isinstance(data, dict) else None
    if not isinstance(script, str):
        return failure("invalid_input", "Missing script parameter")
    try:
        functions = [node.name for node in ast.parse(script).body if isinstance(node, ast.FunctionDef)]
    except SyntaxError as error:
        return failure("syntax_error", str(error))
    if "main" not in functions:
        return failure("missing_main", "Script must contain a main() function", available_functions=functions)
    with tempfile.TemporaryDirectory() as directory:
        prepare(directory, script)
        try:
            done = subprocess.run(command(directory), capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
        except subprocess.TimeoutExpired:
            return failure("timeout", "Script execution timed out")
        if done.returncode != 0:
            return failure("runtime_error", done.stderr, return_code=done.returncode)
        with open(os.path.join(directory, "result.json"), encoding="utf-8") as file:
            result = json.load(file)
    return jsonify(success=True, result=result, stdout=done.stdout.rstrip("\n"))
