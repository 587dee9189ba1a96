"""The bill of materials of the image, made of a list as dpkg writes it."""

import json
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LIST = subprocess.run(
    ["dpkg-query", "-W", "-f=${Package} ${Version} ${Architecture}\n", "libc6", "python3", "tzdata"], capture_output=True, text=True, check=True
).stdout


def make(text):
    return subprocess.run([ROOT / "scripts" / "make-sbom"], input=text, capture_output=True, text=True, check=False)


def test_every_package_is_in_it_once():
    bill = json.loads(make(LIST).stdout)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.5")
    found = [(one["name"], one["version"]) for one in bill["components"][1:]]
    assert found == [tuple(line.split(" ")[:2]) for line in LIST.splitlines()]
    references = [one["bom-ref"] for one in (bill["metadata"]["component"], *bill["components"])]
    assert len(set(references)) == len(references)
    for one in bill["components"][1:]:
        assert re.fullmatch(r"pkg:deb/debian/[a-z0-9%.+-]+@[\w.%~-]+\?arch=\w+&distro=bookworm", one["purl"]), one["purl"]


def test_the_same_list_gives_the_same_bill():
    assert make(LIST).stdout == make(LIST).stdout != make(LIST.replace("python3 ", "python4 ")).stdout


def test_what_is_no_list_is_refused():
    for text in ("", "only a-name\n", "a b c d\n"):
        done = make(text)
        assert done.returncode == 1 and not done.stdout and "make-sbom" in done.stderr
