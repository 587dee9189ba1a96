"""What the answer to a technique's script means. The rules are data, exported with the scripts, so that `pyexecd selftest`
judges as these tests do: src/front/selftest/judge.c reads the same rules, and judgements.json holds both to the same
cases.

A rule of an attack, which says itself what became of it, has

    stopped_by                     words that what stopped it may begin with, in every tier
    stopped_by_without_namespaces  further ones in the tiers without namespaces
    visible_without_namespaces     the row of SECURITY.md that permits there what the attack calls visible: it saw
                                   that something exists, tried to do something with it, and was refused

All others are about the answer, and every part that is there must hold:

    errors         the values of `error` that are fine
    results        the values of `result` that are fine: a JSON value, or {"repeat": text, "times": n};
                   null instead of the list: any
    members        members that the answer must have with these values (when the run failed)
    absent         members that it must not have
    not_in_answer  texts that must not be anywhere in it
    once           a text that must be in `stdout` once
    max_stdout     the most bytes of `stdout`
    max_wall_ms    the most of usage.wall_ms
    raises         the error types that the script itself may end with; any other traceback is a probe that broke
"""

import json

STOPPED, THROUGH, VISIBLE, NO_VERDICT = "stopped", "got through", "visible", "no verdict"


def judge(rule, status, answer, namespaces=True):
    """(verdict, what stopped it or what happened instead), in a tier with namespaces or in one without."""
    return _attack(rule, status, answer, namespaces) if "stopped_by" in rule else _answer(rule, status, answer)


def describe(status, answer):
    """The answer in a few words."""
    if status == 200:
        return "the run ended by itself"
    error = answer.get("error", f"status {status}")
    if "limit" in answer:
        return f"{error}: {answer['limit'].get('name', '')}"
    for name in ("signal", "error_type"):
        if name in answer:
            return f"{error}: {answer[name]}"
    return error


def _attack(rule, status, answer, namespaces):
    if status != 200:
        return NO_VERDICT, f"{describe(status, answer)}: {answer.get('message', '')}"
    verdict = answer.get("result")
    if not isinstance(verdict, dict) or not isinstance(verdict.get("got_through"), bool):
        return NO_VERDICT, "the script said nothing that could be judged"
    if verdict["got_through"]:
        if not namespaces and verdict.get("visible") is True and "visible_without_namespaces" in rule:
            return VISIBLE, f"{rule['visible_without_namespaces']}: {verdict.get('evidence', '')}"
        return THROUGH, str(verdict.get("evidence", ""))
    by = str(verdict.get("stopped_by", ""))
    words = rule["stopped_by"] + ([] if namespaces else rule.get("stopped_by_without_namespaces", []))
    if by.startswith(tuple(words)):
        return STOPPED, by
    return NO_VERDICT, f"{by} (that is not what has to stop it)"


def _answer(rule, status, answer):
    said = describe(status, answer)
    # A timeout has one as well: where the script was.
    if "traceback" in answer and answer["error"] != "timeout" and answer.get("error_type") not in rule.get("raises", ()):
        return NO_VERDICT, f"{said}: {answer.get('message', '')}"
    wrong = _what_is_wrong(rule, status, answer)
    return (THROUGH, f"{said}: {wrong}") if wrong else (STOPPED, said)


def _what_is_wrong(rule, status, answer):
    if status == 200 and answer.get("success") is True:
        if not _is_one_of(answer.get("result"), rule.get("results", ())):
            return "this result must not come"
    elif status == 400 and answer.get("success") is False:
        if answer.get("error") not in rule.get("errors", ()):
            return "this error must not come"
        for name, value in rule.get("members", {}).items():
            if answer.get(name) != value:
                return f"{name} is not {json.dumps(value)}"
    else:
        return "the service itself failed"
    for name in rule.get("absent", ()):
        if name in answer:
            return f"{name} must not be there"
    text = json.dumps(answer)
    for part in rule.get("not_in_answer", ()):
        if part in text:
            return f"{part} must not be in it"
    stdout = answer.get("stdout", "")
    if "once" in rule and stdout.count(rule["once"]) != 1:
        return "what was written is not there once"
    if "max_stdout" in rule and len(stdout.encode()) > rule["max_stdout"]:
        return "too much output"
    if "max_wall_ms" in rule and answer["usage"]["wall_ms"] > rule["max_wall_ms"]:
        return "it took too long"
    return ""


def _is_one_of(result, allowed):
    if allowed is None:
        return True
    values = (a["repeat"] * a["times"] if isinstance(a, dict) and "repeat" in a else a for a in allowed)
    return any(type(result) is type(value) and result == value for value in values)
