"""bash, coreutils and the like."""

import shutil

import pytest


def test_directories(place):
    command = """
cd "$D"; pwd; /bin/pwd; /bin/pwd -P; mkdir -p one/two; cd one/two; pwd -P; cd ../..; echo "$PWD"
cd one; cd "$(realpath two)"; pwd; ls -d ../../one; ls ../../../../etc/passwd; cd /; ls tmp/${D#/tmp/}; echo /tmp/${D#/tmp/}/o*
"""
    t = place.tmp
    assert place.shell(command).split() == [
        t, t, t, f"{t}/one/two", t, f"{t}/one/two", "../../one", "../../../../etc/passwd", "one", f"{t}/one",
    ]
    assert (place.real / "one" / "two").is_dir()


def test_redirections_and_pipes(place):
    command = """
echo one > "$D/a"; echo two >> "$D/a"; cat < "$D/a" | sort -r | tee "$D/b" | wc -l
cat <<END > "$D/c"
here
END
diff <(cat "$D/a") "$D/a" && [ "$D/a" -nt /etc/passwd ] && cp "$D/a" "$D/d" && mv "$D/d" "$D/e" && cmp "$D/a" "$D/e"
seq 1 200000 | sort -S 1M -R -T "$D" | sort -n -S 1M | tail -n 1
rm "$D/e"; : > "$D/noclobber"; set -C; { : > "$D/noclobber"; } 2> "$D/refused" || echo refused
"""
    assert place.shell(command) == "2\n200000\nrefused\n"
    assert (place.real / "a").read_text() == "one\ntwo\n" and (place.real / "b").read_text() == "two\none\n"
    assert (place.real / "c").read_text() == "here\n" and not (place.real / "e").exists()


@pytest.mark.parametrize("refuse", [False, True], ids=["", "refused-by-path"])
def test_coreutils(place, refuse):
    command = """
cd "$D"
mktemp -p "$D" | grep -q "^$D/tmp\\." && mktemp -d -p "$D" > /dev/null && mktemp | xargs rm
touch -d 2001-02-03 old; [ "$(stat -c %y old | cut -c 1-10)" = 2001-02-03 ]
install -m 750 old new; [ "$(stat -c %a new)" = 750 ]; chmod 640 new; [ "$(stat -c %a new)" = 640 ]
ln -s "$D/new" link; [ "$(readlink link)" = "$D/new" ]; [ "$(readlink -f link)" = "$D/new" ]
ls -l link | grep -q -- "-> $D/new"
cp -a . "$D-copy" && [ "$(stat -c %y "$D-copy/old" | cut -c 1-10)" = 2001-02-03 ] && rm -r "$D-copy"
truncate -s 100 new; dd if=/dev/zero of=zero bs=1k count=3 status=none; du -b zero | cut -f 1; df "$D" > /dev/null
mkfifo pipe; ln new hard; [ new -ef hard ]; split -b 1k zero part-; ls part-* | wc -l; realpath --relative-to=/tmp zero
sed -i 's/^$/x/' old; echo text > text; sed -i s/text/other/ text; grep -r oth "$D"
rmdir tmp.*/ 2> errors || true; shred -u text; sync zero
"""
    if refuse and not place.with_library:
        place.shell(command, refuse=True, status=1)
        return
    assert place.shell(command, refuse=refuse).splitlines() == [
        "3072", "3", f"{place.name}/zero", f"{place.tmp}/text:other"
    ]
    assert (place.real / "zero").stat().st_size == 3072 and (place.real / "link").readlink() == place.real / "new"


@pytest.mark.parametrize("refuse", [False, True], ids=["", "refused-by-path"])
def test_tar_and_find(place, refuse):
    command = """
mkdir -p "$D/in/deep"; echo x > "$D/in/deep/x"; ln -s "$D/in/deep/x" "$D/in/link"; ln -s nowhere "$D/in/dangling"
tar -C "$D" -czf "$D/a.tar.gz" in; mkdir "$D/out"; tar -C "$D/out" --no-same-owner -xzf "$D/a.tar.gz"
cat "$D/out/in/link"; readlink "$D/out/in/dangling"; tar -tvf "$D/a.tar.gz" | grep -o -- '-> .*'
find "$D/out" -name x -newer /etc/passwd; find "$D/out" -type l -printf '%l\\n' | sort; find "$D/out" -name x -execdir pwd \\;
find "$D/out" -name x -exec cat {} +; find "$D" -depth -name deep -exec rm -r {} +; find "$D" -name x -delete
"""
    t = place.tmp
    if refuse and not place.with_library:
        return  # test_coreutils has it
    assert sorted(place.shell(command, refuse=refuse).splitlines()) == sorted([
        "x", "nowhere", "-> nowhere", f"-> {t}/in/deep/x", f"{t}/out/in/deep/x", f"{t}/in/deep/x", "nowhere",
        f"{t}/out/in/deep", "x",
    ])
    assert (place.real / "out" / "in").is_dir() and not (place.real / "in" / "deep").exists()


def test_find_from_the_root(place):
    """A walk that opens "tmp" in the directory "/"."""
    (place.real / "found").touch()
    assert place.shell("find / -maxdepth 3 -path '*/tmp/*' -name found 2> /dev/null || true").strip() == f"{place.tmp}/found"


def test_scripts_and_their_interpreters(place):
    shutil.copy("/bin/bash", place.real / "own-sh")
    scripts = {
        "plain": '#!/bin/sh\necho "$0" "$@"; echo x > "$D/by-plain"\n',
        "own": f"#!{place.tmp}/own-sh -eu\necho \"$0\" ${{-//[^eu]/}} \"$@\"\n",
        "env": "#!/usr/bin/env python3\nimport sys; print(sys.argv)\n",
        "none": 'echo none "$1"\n',
    }
    for name, text in scripts.items():
        (place.real / name).write_text(text)
        (place.real / name).chmod(0o755)
    command = '"$D/plain" 1 2; "$D/own" 3; "$D/env" 4; "$D/none" 5; cd "$D"; ./own 6; PATH=$D:$PATH; plain 7; ls > /dev/null'
    t = place.tmp
    assert place.shell(command).splitlines() == [
        f"{t}/plain 1 2", f"{t}/own eu 3", f"['{t}/env', '4']", "none 5", "./own eu 6", f"{t}/plain 7"
    ]
    assert (place.real / "by-plain").exists()
    (place.real / "plain").chmod(0o644)
    place.shell('"$D/plain"', status=126)
    place.shell('"$D/no-such"', status=127)


def test_virtual_environment(place):
    place.shell('/usr/bin/python3 -m venv --without-pip "$D/venv" && "$D/venv/bin/python" -c "import sys; print(sys.prefix)"')
    assert (place.real / "venv" / "pyvenv.cfg").exists()
    (place.real / "venv" / "bin" / "tool").write_text(f"#!{place.tmp}/venv/bin/python\nimport sys; print(sys.prefix)\n")
    (place.real / "venv" / "bin" / "tool").chmod(0o755)
    assert place.shell('"$D/venv/bin/tool"') == f"{place.tmp}/venv\n"
