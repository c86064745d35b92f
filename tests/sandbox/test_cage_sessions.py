"""A shell that stays: what it keeps, what ends it, what it leaves, and what is read of that."""

import os
import threading
import time
from pathlib import Path

import pytest
from cages import as_user, needs_root, needs_sandbox, processes
from counts import count, thorough

from llmx.core.errors import SandboxError
from llmx.core.names import marked
from llmx.core.sandbox import BoundTree, SandboxPolicy, SandboxSpec
from llmx.sandbox.bubblewrap import Bubblewrap
from llmx.sandbox.interpreter import interpreter, interpreter_bounds

pytestmark = needs_sandbox


def cage(policy: SandboxPolicy = SandboxPolicy(), **limits: object) -> Bubblewrap:
    return Bubblewrap(SandboxSpec(**{"seconds": 20.0, **limits}), policy)


@pytest.fixture
def shell():
    with cage().session() as found:
        yield found


def test_folder_variables_and_status_are_kept(shell):
    assert shell.run("cd /usr; x=3").exit == 0
    said = shell.run("pwd; echo $x >&2; false")
    assert (said.exit, said.stdout, said.stderr) == (1, b"/usr\n", b"3\n")
    assert shell.run("cat; echo done").stdout == b"done\n"  # nothing stands in its input


@pytest.mark.parametrize("command", ["if", "echo 'open", "(", ")", "echo $((", "{", "a\n)\n"])
def test_what_is_no_command_is_an_error_of_its_own(shell, command):
    assert shell.run(command).exit not in (0, None)
    assert shell.run("echo here").stdout == b"here\n"


@pytest.mark.parametrize("command", ["exit 7", "exec sh -c 'exit 7'", "set -e; (exit 7)"])
def test_a_shell_that_ends_comes_again_in_the_same_folder(shell, command):
    shell.run("echo kept >file; x=3")
    ended = shell.run(command)
    assert (ended.exit, ended.restarted) == (7, True)
    assert shell.run("cat file; echo $x").stdout == b"kept\n\n"


def test_a_command_that_the_clock_ends_keeps_what_it_wrote(shell):
    shell.run("echo kept >file")
    ended = shell.run("echo before; (trap '' TERM; sleep 61.25) & sleep 61.25", seconds=0.4)
    assert ended.timed_out and ended.exit is None and ended.restarted
    assert ended.stdout == b"before\n" and ended.seconds < 5
    assert shell.run("cat file").stdout == b"kept\n"
    assert processes("61.25") == []


def test_output_without_an_end_is_cut_and_ended(shell):
    ended = shell.run("yes")
    assert ended.killed == "output" and ended.cut > 0 and len(ended.stdout) == 64 << 10
    assert shell.run("echo here").stdout == b"here\n"


def test_memory_that_stays_behind_is_ended_between_commands():
    policy = SandboxPolicy(interpreter_bounds())
    with cage(policy, memory=128 << 20).session() as shell:
        hold = (
            "import time; held = bytearray(90 << 20); held[::4096] = held[::4096]; time.sleep(60)"
        )
        line = " ".join([*interpreter(), "-c", f'"{hold}"'])
        shell.run(f"{line} & {line} & :")
        until = time.monotonic() + 10
        while shell.alive and time.monotonic() < until:
            time.sleep(0.05)
        assert not shell.alive
        with pytest.raises(SandboxError, match="is gone: memory"):
            shell.run("echo here")


def test_too_many_names_end_the_session():
    with cage(files=100).session() as shell:
        ended = shell.run("touch $(seq 200)")
        assert ended.killed == "files" and not shell.alive
        with pytest.raises(SandboxError, match="is gone"):
            shell.read("1", 10)


def test_a_command_may_lie_about_itself_and_the_next_session_is_another(shell):
    assert shell.run("kill -9 $PPID; kill -9 $$").killed in ("", "lost")
    with cage().session() as other:
        assert other.run("echo here").stdout == b"here\n"


# Outliving. A command that the shell execs over would be found to end: hence the `:` behind it.
OUTLIVING = {
    "in the background": "sleep {0} & :",
    "as a daemon": "setsid sh -c 'trap \"\" HUP TERM INT; sleep {0}; :' >/dev/null 2>&1 & :",
    "deaf to hang-ups": "nohup sh -c '(sleep {0}; :) & :' >/dev/null 2>&1 & :",
    "forked twice": "( ( sleep {0}; : ) & ) & :",
}


@pytest.mark.parametrize("name", OUTLIVING)
def test_nothing_outlives_a_command_or_a_session(name):
    mark = f"9{list(OUTLIVING).index(name)}7.{os.getpid()}"
    command = OUTLIVING[name].format(mark)
    assert cage().once(["/bin/sh", "-c", command]).exit == 0
    assert processes(mark) == []
    with cage().session() as shell:
        shell.run(command)
        until = time.monotonic() + 5
        while not processes(mark) and time.monotonic() < until:
            time.sleep(0.01)
        assert processes(mark) != []  # so it would have been seen
    assert processes(mark) == []


def test_nothing_outlives_a_harness_that_is_killed(tmp_path):
    mark = f"88.{os.getpid()}"
    child = os.fork()
    if child == 0:
        cage(seconds=60.0).once(["/bin/sh", "-c", f"sleep {mark}; :"])
        os._exit(0)
    until = time.monotonic() + 10
    while not processes(mark) and time.monotonic() < until:
        time.sleep(0.01)
    assert processes(mark) != []
    os.kill(child, 9)
    os.waitpid(child, 0)
    while processes(mark) and time.monotonic() < until:
        time.sleep(0.01)
    assert processes(mark) == []


def test_a_harness_killed_at_its_start_leaves_nothing():
    """bubblewrap binds its life to its parent's only after a while: before, a watcher does."""
    mark = f"66.{os.getpid()}"
    for number in range(count(12, 60)):
        child = os.fork()
        if child == 0:
            cage(seconds=60.0).once(["/bin/sh", "-c", f"sleep {mark}; :"])
            os._exit(0)
        time.sleep(0.003 * number)
        os.kill(child, 9)
        os.waitpid(child, 0)
    until = time.monotonic() + 10
    while processes(mark) and time.monotonic() < until:
        time.sleep(0.05)
    assert processes(mark) == []


# Names, and what is read of what was left.


@pytest.mark.parametrize(
    "name", ["x" * 255, "a\nb", "a\x1b[2J", "\udcff\udcfe", "-rf", "\u202e", "a'b\"c"]
)
def test_a_file_of_any_name_can_be_read(shell, name):
    quoted = "$'" + "".join(f"\\x{byte:02x}" for byte in os.fsencode(name)) + "'"
    assert shell.run(f"echo text > ./{quoted}").exit == 0
    assert shell.read(name, 10) == b"text\n"
    with pytest.raises(SandboxError) as found:
        shell.read(name + "?", 10)
    assert marked(str(found.value)) == str(found.value) and "\n" not in str(found.value)


def test_a_folder_of_three_thousand_levels_is_no_burden():
    deep = "import os\nfor n in range(3000): os.mkdir('d'); os.chdir('d')\nprint(n)"
    with cage(SandboxPolicy(interpreter_bounds())).session() as shell:
        line = " ".join([*interpreter(), "-c", f'"{deep}"'])
        assert shell.run(line).stdout == b"2999\n"
        with pytest.raises(SandboxError):
            shell.read("d/" * 3000 + "f", 10)


LEFT = {
    "a link to gold": ("ln -s {gold} answer", "reached by a link"),
    "a link to a folder": ("ln -s {folder} d; ln -s d/gold answer", "reached by a link"),
    "a folder": ("mkdir answer", "no regular file"),
    "nothing": (":", "No such file"),
    "too much": ("head -c 100 /dev/zero > answer", "longer than 10"),
    "a pipe with a name": ("mkfifo answer", "No such file"),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_left_is_no_way_to_a_file_of_the_host(name, shell, tmp_path):
    gold = tmp_path / "gold"
    gold.write_text("canary")
    command, says = LEFT[name]
    shell.run(command.format(gold=gold, folder=tmp_path))
    with pytest.raises(SandboxError, match=says):
        shell.read("answer", 10)
    if name == "a link to gold":  # without that care it is one
        (first,) = [shell._cage.people.first]
        assert Path(f"/proc/{first}/root/scratch/answer").read_text() == "canary"


@pytest.mark.parametrize("name", ["../gold", "/etc/passwd", "", ".", "..", "a\0b", "\ud800"])
def test_a_name_that_leads_out_is_refused(name, shell):
    with pytest.raises(SandboxError):
        shell.read(name, 10)


# Python's own ways to other code: what lies in the folder, or in a variable.
TRICKS = {
    "a module in the folder": "echo 'print(\"ESCAPED\")' > json.py; {python} -c 'import json'",
    "a customisation": "echo 'print(\"ESCAPED\")' > sitecustomize.py;"
    " export PYTHONPATH=/scratch; {python} -c 1",
    "a start-up file": "echo 'print(\"ESCAPED\")' > s.py; export PYTHONSTARTUP=/scratch/s.py;"
    " {python} -c 1",
}


@pytest.mark.parametrize("name", list(TRICKS)[:2])
def test_python_of_ours_takes_nothing_from_the_folder(name):
    bare = interpreter()[0]
    for words, escapes in ((interpreter(), False), ((bare,), True)):
        with cage(SandboxPolicy(interpreter_bounds())).session() as shell:
            said = shell.run(TRICKS[name].format(python=" ".join(words)))
            assert (b"ESCAPED" in said.stdout) is escapes, said


STEERING = ["\\033]0;owned\\007", "\\033[2J", "\\302\\233", "\\r", "\\342\\200\\256"]


@pytest.mark.parametrize("text", STEERING)
def test_what_steers_a_terminal_is_kept_raw_and_shown_as_marks(shell, text):
    said = shell.run(f"printf 'a{text}b'").stdout
    assert len(said) > 2
    shown = marked(said.decode(errors="replace"))
    assert all(sign.isprintable() or sign in "\t\n" for sign in shown)


# What is bound.


def corpus(tmp_path: Path) -> BoundTree:
    folder = tmp_path / "corpus"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep/a.txt").write_text("text")
    tmp_path.chmod(0o755)
    from llmx.sandbox.bound import manifest_of

    return BoundTree(folder, "/corpus", manifest_of(folder))


def spoil(name: str, folder: Path, gold: Path) -> None:
    path = folder / "deep" / "b.txt"
    {
        "a hard link to gold": lambda: os.link(gold, path),
        "a symbolic link": lambda: path.symlink_to(gold),
        "a linked folder": lambda: path.symlink_to(gold.parent),
        "a pipe": lambda: os.mkfifo(path),
        "a further file": lambda: path.write_text("more"),
        "a changed file": lambda: (folder / "deep/a.txt").write_text("tex7"),
        "a missing file": (folder / "deep/a.txt").unlink,
    }[name]()


SPOILT = ("a hard link to gold", "a symbolic link", "a linked folder", "a pipe", "a further file")


@pytest.mark.parametrize("name", [*SPOILT, "a changed file", "a missing file"])
def test_a_tree_that_is_not_its_manifest_is_not_bound(name, tmp_path):
    tree = corpus(tmp_path)
    gold = tmp_path / "gold"
    gold.write_text("canary")
    assert cage(SandboxPolicy((tree,))).once(["cat", "/corpus/deep/a.txt"]).stdout == b"text"
    spoil(name, tree.source, gold)
    with pytest.raises(SandboxError, match=r"(a|b)\.txt' cannot be bound into a sandbox: it"):
        cage(SandboxPolicy((tree,)))
    if name == "a hard link to gold":  # without a manifest it is followed
        loose = SandboxPolicy((BoundTree(tree.source, "/corpus"),))
        assert cage(loose).once(["cat", "/corpus/deep/b.txt"]).stdout == b"canary"


@pytest.mark.parametrize(
    "at", ["corpus", "/", "/usr/x", "/proc", "/scratch/x", "/a/../b", "/a//b", ""]
)
def test_nothing_is_bound_in_the_place_of_something_else(at, tmp_path):
    with pytest.raises(SandboxError, match="no place in a sandbox"):
        cage(SandboxPolicy((BoundTree(tmp_path, at),)))
    with pytest.raises(SandboxError, match="no place in a sandbox"):
        cage(SandboxPolicy(texts={at: b""}))


@pytest.mark.parametrize("name", ["", "A B", "A=B", "1A", "A\0"])
def test_a_variable_has_a_name(name):
    with pytest.raises(SandboxError, match="no variable"):
        cage(SandboxPolicy(environment={name: "x"}))


# Several at once.


def test_sixteen_sessions_at_once_do_not_meet():
    said: dict[int, list[bytes]] = {}

    def work(number: int) -> None:
        with cage().session() as shell:
            shell.run(f"echo {number} >mine; x={number}")
            commands = ["cat mine; echo $x; ls | wc -l; ps ax | grep -c '[b]ash'"] * 3
            said[number] = [shell.run(command).stdout for command in commands]

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert set(said) == set(range(16))
    for number, lines in said.items():
        assert {tuple(line.split()[:3]) for line in lines} == {
            (str(number).encode(), str(number).encode(), b"1")
        }


@needs_root
def test_a_session_of_a_user_is_the_same():
    def work() -> list[object]:
        with cage().session() as shell:
            shell.run("cd /usr; echo kept >/scratch/f")
            ended = shell.run("sleep 60; :", seconds=0.3)
            return [ended.killed, ended.restarted, shell.read("f", 9), shell.run("pwd").stdout]

    assert as_user(work) == ["seconds", True, b"kept\n", b"/scratch\n"]


@needs_root
def test_a_users_bubblewrap_that_keeps_its_environment_would_tell_it():
    """What an empty environment is for: --clearenv alone leaves it with process 1 inside."""
    import subprocess

    from llmx.sandbox.found import wrapper

    def work() -> bytes:
        words = ["--unshare-user", "--unshare-pid", "--ro-bind", "/", "/", "--proc", "/proc"]
        line = [wrapper().path, *words, "--clearenv", "/bin/cat", "/proc/1/environ"]
        return subprocess.run(line, env={"PLANTED": "canary"}, capture_output=True).stdout

    assert b"PLANTED=canary" in as_user(work)


@thorough
def test_nothing_is_left_after_a_thousand_commands_and_fifty_kills():
    before = set(Path("/tmp").iterdir()), len(list(Path("/proc/self/fd").iterdir()))
    for number in range(count(10, 1000)):
        assert cage().once(["/bin/sh", "-c", f"exit {number % 7}"]).exit == number % 7
    for _ in range(50):
        child = os.fork()
        if child == 0:
            cage().once(["/bin/sh", "-c", "sleep 777.5; :"])
        time.sleep(0.05)
        os.kill(child, 9)
        os.waitpid(child, 0)
    time.sleep(1)
    assert processes("777.5") == []
    assert (set(Path("/tmp").iterdir()), len(list(Path("/proc/self/fd").iterdir()))) == before
