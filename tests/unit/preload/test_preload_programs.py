"""What starts other programs: the library and the directory go along, whatever environment they are given."""

import pytest

CHILD = "import os; print(os.getcwd(), sorted(os.environ)); open('from-child', 'w').close()"


@pytest.mark.parametrize("how", ["vfork", "fork", "posix_spawn", "exec", "execvp", "spawnp"])
def test_children_with_an_empty_environment(place, how):
    code = """
import os, subprocess, sys
how, child, d = sys.argv[1], sys.argv[2], os.environ["D"]
argv = ["/usr/bin/python3", "-I", "-c", child]
if how == "vfork":
    subprocess.run(argv, env={}, cwd=d, check=True)
elif how == "fork":
    subprocess._USE_VFORK = False
    subprocess.run(argv, env={}, cwd=d, check=True, preexec_fn=lambda: None)
else:
    os.chdir(d)
    if how == "exec":
        os.execve(argv[0], argv, {})
    if how == "execvp":
        os.execvpe("python3", argv, {"PATH": "/usr/bin"})
    spawn = os.posix_spawn if how == "posix_spawn" else os.posix_spawnp
    assert os.waitpid(spawn(argv[0] if how == "posix_spawn" else "python3", argv, {}), 0)[1] == 0
"""
    # LC_CTYPE is what python3 itself sets in the C locale.
    where, _, names = place.python(code, how, CHILD).partition(" ")
    assert where == place.tmp and set(eval(names)) <= {"LC_CTYPE", "PATH"}  # pylint: disable=eval-used
    assert (place.real / "from-child").exists()


def test_grandchildren_through_other_programs(place):
    command = (
        'env -i /bin/sh -c "env -i /usr/bin/env; cd \'$D\'; exec env -i nohup timeout 20 nice xargs -I % touch %/deep" <<< "$D"'
    )
    printed = place.shell(command)
    assert not [line for line in printed.splitlines() if line.startswith(("LD_", "PYEXEC"))]
    assert (place.real / "deep").exists()


def test_other_preloaded_libraries_stay(place):
    code = """
import os, subprocess
other = "/usr/lib/no-such-library.so"
subprocess.run(["/usr/bin/touch", os.environ["D"] + "/with-other"], env={"LD_PRELOAD": other}, check=True)
print(subprocess.run(["/usr/bin/env"], env={"LD_PRELOAD": other}, capture_output=True, text=True).stdout)
"""
    assert place.python(code).split() == ["LD_PRELOAD=/usr/lib/no-such-library.so"]
    assert (place.real / "with-other").exists() and "no-such-library" in place.stderr


def test_many_variables_and_arguments(place):
    code = """
import os, subprocess
many = {"V%d" % i: "x" * 20 for i in range(5000)}
done = subprocess.run(["/usr/bin/env"], env=many, capture_output=True, text=True, check=True)
assert len(done.stdout.splitlines()) == 5000
argv = ["/bin/sh", "-c", 'echo $#; : > "$0"', os.environ["D"] + "/many"] + ["a"] * 50000
assert subprocess.run(argv, env=many, capture_output=True, text=True, check=True).stdout == "50000\\n"
"""
    place.python(code)
    assert (place.real / "many").exists()


def test_threads_with_small_stacks(place):
    code = """
import os, subprocess, threading
threading.stack_size(64 * 1024)
def work(n):
    d = os.environ["D"]
    os.makedirs(d + "/%d/x/.." % n, exist_ok=True)
    os.rename(d + "/%d" % n, d + "/renamed-%d" % n)
    os.chdir(d)
    os.path.realpath("../../tmp")
    subprocess.run(["/bin/sh", "-c", "echo > $0/done-%d" % n, d], env={"A": "b"}, check=True)
threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""
    place.python(code)
    assert len(list(place.real.glob("done-*"))) == 8 and len(list(place.real.glob("renamed-*"))) == 8


def test_os_functions_that_start_a_shell(place):
    code = """
import os
os.environ.clear()
assert os.system("echo > %s/by-system; exit 3") >> 8 == 3
print(os.popen("cd %s; pwd; ls").read())
"""
    assert place.python(code % (place.tmp, place.tmp)).split() == [place.tmp, "by-system"]


def test_without_a_directory_nothing_changes(inside):
    code = "import os, sys; print(os.path.exists(sys.argv[1]), flush=True); os.system('env | grep -c LD_PRELOAD')"
    assert inside.python(code, inside.tmp, preload_only=True).split() == ["False", "1"]
    assert inside.python(code, inside.tmp).split() == ["True", "0"]
