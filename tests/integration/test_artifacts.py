"""What a script leaves in its output directory, and the figures that it shows, come back with the answer."""

import base64
import time

import pytest

from .support.client import source
from .support.events import stream

MIB = 1 << 20
PNG = b"\x89PNG\r\n\x1a\n"


def run(service, script, **fields):
    """{path: content} and {path: reason} of a run, after checking the shape of each."""
    _, answer = service.execute(source(script), **fields)
    return contents(answer), left_out(answer), answer


def contents(answer):
    found = {}
    for artifact in answer.get("artifacts", []):
        assert artifact.keys() == {"path", "mime", "size", "base64"}
        content = base64.b64decode(artifact["base64"], validate=True)
        assert artifact["size"] == len(content) and artifact["path"] not in found
        found[artifact["path"]] = content
    return found


def left_out(answer):
    return {skip["path"]: skip["reason"] for skip in answer.get("artifacts_skipped", [])}


class TestFiles:
    def test_both_ways_to_the_directory(self, service):
        files, skipped, answer = run(
            service,
            """
            import os, pathlib
            def main():
                assert os.environ["OUTPUT_DIR"] == "/tmp/output" and os.listdir("output") == []
                pathlib.Path("output/a.csv").write_text("x,y\\n")
                pathlib.Path(os.environ["OUTPUT_DIR"], "bytes").write_bytes(bytes(range(256)))
                os.makedirs("output/sub/deep")
                open("output/sub/deep/ü ☃.JSON", "w").write("{}")
                open("output/empty.txt", "w")
            """,
        )
        assert files == {"a.csv": b"x,y\n", "bytes": bytes(range(256)), "sub/deep/ü ☃.JSON": b"{}", "empty.txt": b""}
        assert skipped == {} and "truncated" not in answer
        mimes = {artifact["path"]: artifact["mime"] for artifact in answer["artifacts"]}
        assert mimes["a.csv"] == "text/csv" and mimes["sub/deep/ü ☃.JSON"] == "application/json"
        assert mimes["bytes"] == "application/octet-stream"
        assert [artifact["path"] for artifact in answer["artifacts"]] == sorted(files)

    def test_nothing_left_nothing_said(self, service):
        _, answer = service.execute("import os\ndef main():\n    open('elsewhere.txt', 'w').write('x')")
        assert "artifacts" not in answer and "artifacts_skipped" not in answer

    @pytest.mark.parametrize(
        "end, success",
        [
            ("return 1", True),
            ("raise ValueError", False),
            ("sys.exit(0)", True),
            ("sys.exit(3)", False),
            ("return object()", False),
            ("threading.Thread(target=lambda: time.sleep(0.2) or open('output/f', 'w').write('late')).start()", True),
            ("atexit.register(lambda: open('output/f', 'w').write('late'))", True),
        ],
    )
    def test_however_the_run_ends(self, service, end, success):
        script = f"import atexit, sys, threading, time\ndef main():\n    open('output/f', 'w').write('here')\n    {end}"
        files, _, answer = run(service, script)
        assert files == {"f": b"late" if "late" in end else b"here"} and answer["success"] is success

    def test_without_main_and_in_script_mode(self, service):
        assert run(service, "open('output/f', 'w').write('x')")[0] == {"f": b"x"}
        files, _, answer = run(service, "open('output/f', 'w').write('x')\n7", mode="script")
        assert files == {"f": b"x"} and answer["result"] == 7

    def test_of_children_and_of_the_libraries(self, service):
        files, _, _ = run(
            service,
            """
            import multiprocessing, subprocess
            import pandas as pd
            def work(i):
                open(f"output/{i}", "w").write("child")
            def main():
                with multiprocessing.Pool(2) as pool:
                    pool.map(work, range(3))
                subprocess.run(["sh", "-c", "echo shell > output/s"])
                pd.DataFrame({"a": [1]}).to_html("output/t.html")
            """,
        )
        assert files.keys() == {"0", "1", "2", "s", "t.html"} and b"<table" in files["t.html"]

    @pytest.mark.parametrize(
        "script",
        [
            "f = open('output/f', 'w')\nf.write('held')\ndef main(): pass",
            "def main():\n    global f\n    f = open('output/f', 'wb')\n    f.write(b'held')",
            "def main():\n    global f\n    f = open('output/f', 'w+')\n    f.write('held')\n    raise ValueError",
            "import atexit\ndef main():\n    global f\n    f = open('output/f', 'w')\n    atexit.register(f.write, 'held')",
            "import csv\ndef main():\n    global w\n    w = csv.writer(open('output/f', 'w'), lineterminator='')\n"
            "    w.writerow(['held'])",
            "import os\ndef main():\n    global f\n    f = open('output/f', 'w')\n    f.write('held')\n    if os.fork(): os.wait()",
        ],
    )
    def test_files_left_open_are_flushed(self, service, script):
        assert run(service, script)[0] == {"f": b"held"}

    def test_nothing_of_another_run(self, service):
        for _ in range(6):
            assert run(service, "def main():\n    open('output/only', 'a').write('x')")[0] == {"only": b"x"}

    def test_posted_into_it(self, service):
        files, _, _ = run(service, "def main(): pass", files=[{"path": "output/p.txt", "content": "posted"}])
        assert files == {"p.txt": b"posted"}
        refused = service.refusal(script="def main(): pass", files=[{"path": "output", "content": "x"}])
        assert "output directory" in refused["message"]

    @pytest.mark.parametrize("how", ["shutil.rmtree('output')", "os.rmdir('output'); open('output', 'w')", "os.chdir('/')"])
    def test_without_the_directory(self, service, how):
        _, answer = service.execute(f"import os, shutil\ndef main():\n    {how}\n    return 5")
        assert answer["result"] == 5 and "artifacts" not in answer

    def test_what_was_left_at_a_timeout_is_lost(self, service):
        """The documented limit: nobody looks into the directory of a run that was killed."""
        script = "import time\ndef main():\n    open('output/f', 'w').write('x')\n    time.sleep(30)"
        answer = service.failure("timeout", script, timeout=1)
        assert "artifacts" not in answer


class TestHostile:
    def test_links_fifos_and_the_rest_are_named(self, service):
        files, skipped, answer = run(
            service,
            """
            import os, socket
            def main():
                os.symlink("/etc/passwd", "output/passwd")
                os.symlink("/etc", "output/etc")
                os.symlink("good", "output/same")
                os.symlink("nowhere", "output/dangling")
                os.mkfifo("output/fifo")
                os.mkdir("output/locked"); open("output/locked/x", "w"); os.chmod("output/locked", 0)
                open("output/unreadable", "w").write("x"); os.chmod("output/unreadable", 0)
                open("output/good", "w").write("good")
                os.link("output/good", "output/hard")
                return os.path.exists("output/locked/x")
            """,
        )
        # What the script cannot read any more, nobody reads; not every tier takes its owner the right to a directory.
        assert (files.pop("locked/x", None) is not None) == answer["result"]
        assert files == {"good": b"good", "hard": b"good"}
        assert {path for path, reason in skipped.items() if "symbolic link" in reason} == {"passwd", "etc", "same", "dangling"}
        assert "not a regular file" in skipped["fifo"]
        assert answer["result"] or "could not be read" in skipped["locked"]
        assert "could not be read" in skipped["unreadable"]
        assert "truncated" not in answer

    def test_the_directory_replaced_by_a_link(self, service):
        script = "import os\ndef main():\n    os.rmdir('output')\n    os.symlink('/etc', 'output')\n    return 1"
        files, skipped, answer = run(service, script)
        assert files == {} and answer["result"] == 1 and "symbolic link" in skipped["."]

    def test_names(self, service):
        files, skipped, _ = run(
            service,
            """
            import os
            def main():
                for name in (b"new\\nline", b"\\xff\\xfe", b"bell\\x07", b"\\xed\\xa0\\x80", b"..x", b"-rf", b"a b", b"\\\\", b'"'):
                    open(b"output/" + name, "w").write("x")
                open("output/" + "n" * 255, "w")
                os.mkdir("output/" + "d" * 200); open("output/" + "d" * 200 + "/" + "f" * 100, "w")
            """,
        )
        assert files.keys() == {"..x", "-rf", "a b", "\\", '"', "n" * 255}
        assert len(skipped) == 5 and all("its path is" in reason for reason in skipped.values()), skipped
        assert {"new\nline", "bell\x07", "\ufffd\ufffd"} <= skipped.keys()

    def test_ten_thousand_files(self, service):
        start = time.monotonic()
        files, skipped, answer = run(service, "def main():\n    for i in range(10000): open(f'output/{i:05}', 'w').write('x')")
        assert list(files) == [f"{i:05}" for i in range(50)] and len(skipped) == 100
        assert all("max_artifacts" in reason for reason in skipped.values())
        assert answer["truncated"] == ["artifacts", "artifacts_skipped"] and time.monotonic() - start < 20

    def test_deep_directories(self, service):
        files, skipped, answer = run(
            service,
            """
            import os
            def main():
                os.chdir("output")
                for i in range(300):
                    open("f", "w").write("x")
                    os.mkdir("d")
                    os.chdir("d")
            """,
        )
        assert files.keys() == {"d/" * i + "f" for i in range(8)}
        assert list(skipped.values()) == ["it lies deeper than max_artifact_depth"] and answer["truncated"] == ["artifacts"]

    def test_too_large(self, service):
        files, skipped, answer = run(
            service,
            """
            import os
            def main():
                os.truncate(os.open("output/sparse", os.O_CREAT | os.O_WRONLY), 60 << 20)
                open("output/just", "wb").write(b"j" * (8 << 20))
                open("output/over", "wb").write(b"o" * ((8 << 20) + 1))
                open("output/second", "wb").write(b"s" * (7 << 20))
                open("output/third", "wb").write(b"t" * (2 << 20))
                open("output/small", "wb").write(b"x")
            """,
        )
        assert {path: len(content) for path, content in files.items()} == {"just": 8 * MIB, "second": 7 * MIB, "small": 1}
        assert files["just"] == b"j" * (8 * MIB)
        assert "max_artifact_mb" in skipped["sparse"] and "max_artifact_mb" in skipped["over"]
        assert "max_artifact_total_mb" in skipped["third"] and answer["truncated"] == ["artifacts"]

    def test_within_a_small_memory_limit(self, service):
        """What is handed back counts once, not twice."""
        script = "def main():\n    for i in range(5): open(f'output/{i}', 'wb').write(b'x' * (3 << 20))\n    return 1"
        files, _, answer = run(service, script, memory_mb=64)
        assert answer["result"] == 1 and len(files) == 5

    def test_files_that_change(self, service):
        """A grandchild goes on writing while files are read. What comes back is whole."""
        files, skipped, answer = run(
            service,
            """
            import os, signal, time
            def main():
                for i in range(12):
                    open(f"output/{i:02}", "wb").write(b"a" * (1 << 20))
                if os.fork() == 0:
                    os.setsid()
                    files = [os.open(f"output/{i:02}", os.O_WRONLY) for i in range(12)]
                    open("/tmp/on", "w")
                    n = 0
                    while True:
                        for file in files:
                            os.pwrite(file, b"b", n % (1 << 20))
                        n += 4096
                while not os.path.exists("/tmp/on"):
                    time.sleep(0.01)
                return 1
            """,
        )
        assert answer["result"] == 1 and len(files) + len(skipped) == 12
        assert all("changed" in reason for reason in skipped.values()) and skipped

    def test_a_file_that_grows_and_one_that_is_gone(self, service):
        _, skipped, answer = run(
            service,
            """
            import os, time
            def main():
                open("output/grows", "w").write("x")
                if os.fork() == 0:
                    os.setsid()
                    file = os.open("output/grows", os.O_WRONLY | os.O_APPEND)
                    open("/tmp/on", "w")
                    while os.fstat(file).st_size < 40 << 20:
                        os.write(file, b"x" * 100)
                    time.sleep(100)
                while not os.path.exists("/tmp/on"):
                    time.sleep(0.01)
                return 1
            """,
        )
        assert answer["result"] == 1 and set(skipped) <= {"grows"}

    def test_files_made_for_ever(self, service):
        script = """
            import os, time
            def main():
                for n in range(3):
                    if os.fork() == 0:
                        os.setsid()
                        i = 0
                        while True:
                            os.close(os.open(f"output/{n}-{i % 900}", os.O_CREAT | os.O_WRONLY))
                            try: os.unlink(f"output/{n}-{(i + 7) % 900}")
                            except OSError: pass
                            i += 1
                time.sleep(0.3)
                return 1
            """
        start = time.monotonic()
        _, answer = service.execute(source(script), timeout=20)
        assert answer["result"] == 1 and time.monotonic() - start < 15

    def test_every_descriptor_closed_or_used_up(self, service):
        for how in (
            "os.closerange(0, 1024)",
            "globals().update(held=[os.dup(0) for _ in range(1000)])\n    try:\n        while True: held.append(os.dup(0))\n    except OSError: pass",
        ):
            script = f"import os\ndef main():\n    open('output/f', 'w').write('x')\n    {how}\n    return 1"
            files, _, answer = run(service, script)
            assert answer["result"] == 1 and files == {"f": b"x"}, answer

    def test_no_more_than_three_descriptors_as_ever(self, service):
        script = "import fcntl\ndef main():\n    found = []\n    for fd in range(1024):\n        try: found.append(fcntl.fcntl(fd, 1) * 0 + fd)\n        except OSError: pass\n    return found"
        assert service.result(script) == [0, 1, 2]

    def test_garbage_into_every_descriptor(self, service):
        script = """
            import os
            def main():
                open("output/f", "w").write("x")
                for fd in range(1, 1024):
                    try: os.write(fd, b"ryap\\x01\\0\\0\\0" * 1000)
                    except OSError: pass
            """
        files, _, answer = run(service, script)
        assert answer["success"] and files == {"f": b"x"}


class TestFigures:
    def test_shown_and_left_open(self, service):
        files, skipped, answer = run(
            service,
            """
            import matplotlib.pyplot as plt
            def main():
                plt.plot([1, 2]); plt.show()
                assert plt.get_fignums() == []
                plt.figure(); plt.bar([1], [2]); plt.figure(); plt.hist([1, 2])
                plt.show(block=False)
                plt.plot([3])
                plt.figure()  # empty
            """,
        )
        assert list(files) == [f"figure-{i}.png" for i in (1, 2, 3, 4)] and skipped == {}
        assert all(content.startswith(PNG) for content in files.values()) and len(set(files.values())) == 4
        assert {artifact["mime"] for artifact in answer["artifacts"]} == {"image/png"} and "stderr" not in answer

    @pytest.mark.parametrize(
        "use",
        [
            "matplotlib.use('Agg'); import matplotlib.pyplot as plt; plt.plot([1]); plt.show()",
            "from matplotlib.pyplot import plot, show; plot([1]); show()",
            "from pylab import *; plot([1]); show()",
            "import pandas; pandas.DataFrame({'a': [1, 2]}).plot()",
            "plt = __import__('matplotlib.pyplot').pyplot; plt.subplots()[1].plot([1]); plt.gcf().show()",
            "import matplotlib.pyplot as plt; plt.plot([1]); raise ValueError",
            "import matplotlib.pyplot as plt; plt.plot([1]); import sys; sys.exit()",
        ],
    )
    def test_ways_to_show(self, service, use):
        assert list(run(service, f"import matplotlib\n{use}", mode="script")[0]) == ["figure-1.png"]

    def test_closed_is_gone_saved_is_a_file(self, service):
        files, _, _ = run(
            service,
            """
            import matplotlib.pyplot as plt
            def main():
                plt.plot([1]); plt.savefig("output/figure-1.png"); plt.savefig("output/x.svg"); plt.close()
                plt.plot([2]); plt.show()
            """,
        )
        assert files.keys() == {"figure-1.png", "figure-2.png", "x.svg"}

    def test_a_file_made_with_the_name_of_a_figure(self, service):
        script = "import matplotlib.pyplot as plt\ndef main():\n    plt.plot([1]); plt.show()\n    open('output/figure-1.png', 'w')"
        files, skipped, _ = run(service, script)
        assert list(files) == ["figure-1.png"] and files["figure-1.png"].startswith(PNG)
        assert skipped == {"figure-1.png": "a figure has this name"}

    def test_one_that_cannot_be_drawn(self, service):
        files, skipped, answer = run(
            service,
            """
            import matplotlib.pyplot as plt
            def main():
                plt.title("$\\\\broken$"); plt.show()
                plt.plot([1]); plt.show()
                return 3
            """,
        )
        assert answer["result"] == 3 and list(files) == ["figure-2.png"]
        assert skipped == {"figure-1.png": "the figure could not be drawn"} and "Unknown symbol" in answer["stderr"]

    @pytest.mark.slow
    def test_shown_before_a_timeout(self, service):
        script = "import matplotlib.pyplot as plt, time\ndef main():\n    plt.plot([1]); plt.show()\n    time.sleep(40)"
        answer = service.failure("timeout", script, timeout=8)
        assert list(contents(answer)) == ["figure-1.png"]

    def test_of_a_child_only_the_parents(self, service):
        script = """
            import matplotlib.pyplot as plt, os
            def main():
                plt.plot([1])
                if os.fork() == 0:
                    plt.show()
                    os._exit(0)
                os.wait()
            """
        assert list(run(service, script)[0]) == ["figure-1.png"]


class TestStreamed:
    def test_events_and_the_whole(self, service):
        script = source(
            """
            import matplotlib.pyplot as plt, time
            def main():
                plt.plot([1]); plt.show()
                time.sleep(1.5)
                open("output/a.txt", "w").write("x" * 100000)
            """
        )
        events = stream(service, script, timeout=30)
        artifacts = [event for event in events if event.name == "artifact"]
        assert [event.data for event in artifacts] == events[-1].data["artifacts"]
        assert [event.data["path"] for event in artifacts] == ["figure-1.png", "a.txt"]
        assert artifacts[1].at - artifacts[0].at > 0.8  # as it was shown, not at the end


class TestSettings:
    def test_caps(self, own_service):
        client = own_service(max_artifacts=2, max_artifact_mb=1, max_artifact_total_mb=1, max_artifact_depth=1).client
        script = "import os\ndef main():\n    os.mkdir('output/d'); open('output/d/f', 'w')\n    for i in range(4): open(f'output/{i}', 'w')"
        files, skipped, _ = run(client, script)
        assert files.keys() == {"0", "1"} and skipped.keys() == {"2", "3", "d"}
        client = own_service(max_artifacts=0).client
        files, skipped, answer = run(client, script)
        assert files == skipped == {} and "truncated" not in answer
