"""Reading Prometheus' text format, as strictly as it is written."""
import re
import subprocess

LINE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="[^"\\\n]*",?)*)\})? ([0-9.e+Inf-]+)$')


def parse(text):
    """{(name, frozenset of label pairs): value}; every line has to be one, and every sample to follow its TYPE."""
    samples, types = {}, {}
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types, f"{name} comes twice"
            types[name] = kind
        elif not line.startswith("# HELP "):
            match = LINE.match(line)
            assert match, line
            name, labels, value = match.groups()
            base = re.sub(r"_(bucket|sum|count)$", "", name)
            assert name in types or types.get(base) == "histogram", line
            key = name, frozenset(re.findall(r'(\w+)="([^"]*)"', labels or ""))
            assert key not in samples, line
            samples[key] = float(value)
    return samples


def value(samples, name, **labels):
    return samples[name, frozenset(labels.items())]


def check_by_promtool(text):
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0 and done.stdout + done.stderr == "", done.stdout + done.stderr
