"""Where a cage cannot be had, one line says why and nothing runs; the filter is what makes it."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from cages import ROOT, as_user, needs_root, needs_sandbox

from llmx.core.errors import SandboxError
from llmx.core.sandbox import SandboxPolicy, SandboxSpec, parsed_size
from llmx.sandbox import found, launch
from llmx.sandbox.arguments import arguments
from llmx.sandbox.bubblewrap import Bubblewrap, _layers
from llmx.sandbox.refuse import Refuse

SCRIPTS = Path(__file__).parents[2] / "scripts"


@pytest.fixture(autouse=True)
def nothing_remembered():
    _layers.cache_clear()
    found._version.cache_clear()
    yield
    _layers.cache_clear()
    found._version.cache_clear()


def refused(cage: Bubblewrap | Refuse, folder: Path) -> str:
    """The one line of a cage that cannot be had; what it should run would leave a file."""
    told = f"echo ran > {folder / 'ran'}"
    with pytest.raises(SandboxError) as error:
        cage.once(["/bin/sh", "-c", told])
    with pytest.raises(SandboxError):
        cage.session()
    with pytest.raises(SandboxError):
        cage.layers()
    assert not (folder / "ran").exists()
    assert "\n" not in str(error.value) and error.value.exit_code == 2
    return str(error.value)


def program(folder: Path, text: str) -> Path:
    path = folder / "bwrap"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """Nothing but a folder on the path, and no wheel."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(found, "_bundled", lambda: [])
    return tmp_path


def test_bubblewrap_is_missing(alone):
    said = refused(Bubblewrap(), alone)
    assert "bubblewrap is missing" in said and "apt-get install bubblewrap" in said
    assert "[sandbox]" in said


def test_bubblewrap_is_too_old(alone):
    program(alone, "echo bubblewrap 0.4.1")
    said = refused(Bubblewrap(), alone)
    assert "bubblewrap 0.4.1, and 0.8.0 is needed" in said and "[sandbox]" in said


@pytest.mark.parametrize("text", ["exit 1", "echo what", "exec /no/such/file"])
def test_a_program_that_is_no_bubblewrap_is_none(alone, text):
    program(alone, text)
    assert "bubblewrap is missing" in refused(Bubblewrap(), alone)


FAULTS = {
    "No permissions to create new namespace": "lets nobody make the namespaces",
    "Creating new namespace failed: No space left on device": "makes no more namespaces",
    "setting up uid map: Permission denied": "lets nobody map users",
    "Unable to set up system call filtering as requested: EINVAL": "refuses its system-call filter",
    "Can't mkdir: No space left on device": "is full",
    "Something else": "bubblewrap did not start",
}


@pytest.mark.parametrize(("said", "means"), FAULTS.items())
def test_what_bubblewrap_says_is_said_in_one_line(alone, said, means):
    told = (
        f'[ "$1" = --version ] && echo bubblewrap 0.9.0 && exit\necho "bwrap: {said}" >&2\nexit 1'
    )
    program(alone, told)
    found_ = refused(Bubblewrap(), alone)
    assert means in found_ and said[:20] in found_


@needs_sandbox
def test_a_filter_that_the_kernel_refuses(tmp_path, monkeypatch):
    monkeypatch.setattr(launch, "seccomp_filter", lambda: b"\xff" * 16)
    assert "system-call filter" in refused(Bubblewrap(), tmp_path)


def test_another_machine_has_no_filter(tmp_path, monkeypatch):
    monkeypatch.setattr(found.platform, "machine", lambda: "riscv64")
    with pytest.raises(SandboxError, match="no system-call filter ships for 'riscv64'"):
        found.seccomp_filter()


@needs_sandbox
@needs_root
def test_namespaces_are_forbidden(tmp_path):
    """By the kernel's own limit, inside a namespace of users that a helper makes."""
    work = (
        f"import sys; sys.path[:0] = [{str(Path(__file__).parents[2])!r}]\n"
        "from llmx.sandbox.bubblewrap import Bubblewrap\n"
        "from llmx.core.errors import SandboxError\n"
        "try: print(Bubblewrap().once(['/bin/echo', 'ran']).stdout)\n"
        "except SandboxError as error: print(error)\n"
    )
    forbid = "echo 0 > /proc/sys/user/max_mnt_namespaces && exec setpriv --bounding-set=-all"
    line = f'{forbid} --inh-caps=-all -- "{sys.executable}" -c "$0"'
    done = subprocess.run(
        ["unshare", "--user", "--map-root-user", "/bin/sh", "-c", line, work],
        capture_output=True,
        text=True,
    )
    said = done.stdout.strip()
    assert said.startswith("there is no sandbox here:") and "\n" not in said, done


@needs_sandbox
@needs_root
def test_a_full_dev_shm_is_no_hindrance():
    work = (
        f"import sys; sys.path[:0] = [{str(Path(__file__).parents[2])!r}]\n"
        "from llmx.sandbox.bubblewrap import Bubblewrap\n"
        "print(Bubblewrap().once(['/bin/echo', 'ran']).stdout)\n"
    )
    fill = "mount -t tmpfs -o size=64k none /dev/shm && head -c 1M /dev/zero >/dev/shm/x"
    line = f'{fill} 2>/dev/null; exec "{sys.executable}" -c "$0"'
    done = subprocess.run(
        ["unshare", "-m", "--propagation", "private", "/bin/sh", "-c", line, work],
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "b'ran\\n'", done


@needs_sandbox
def test_a_first_cage_is_as_it_should_be():
    layers = Bubblewrap().layers()
    assert {"namespaces", "no capabilities", "seccomp", "limits"} <= set(layers)
    assert Bubblewrap().once(["true"]).layers == layers


@needs_sandbox
@pytest.mark.parametrize("gone", ["--seccomp", "--cap-drop", "--unshare-net"])
def test_a_cage_without_a_layer_is_seen_by_the_probe(gone, monkeypatch):
    """The probe starts what is really started, and looks around inside."""

    def told(*given):
        words = arguments(*given)
        at = words.index(gone)
        values = {"--seccomp": 2, "--cap-drop": 2, "--unshare-net": 1}[gone]
        return words[:at] + words[at + values :]

    real = launch.Cage

    def weaker(*given, **named):
        return real(*given, **{**named, "told": told})

    monkeypatch.setattr("llmx.sandbox.bubblewrap.Cage", weaker)
    if gone == "--cap-drop" and ROOT:
        assert Bubblewrap().layers()  # setpriv drops them as well
        return
    with pytest.raises(SandboxError, match="there is no sandbox here"):
        Bubblewrap().layers()


def test_the_kind_that_refuses_runs_nothing(tmp_path):
    assert "sandbox.kind=refuse" in refused(Refuse(SandboxSpec(kind="refuse")), tmp_path)


TOO_MUCH = {"memory": "1024GiB", "scratch": "64GiB", "cores": 1024}


@needs_sandbox
@pytest.mark.parametrize(("name", "value"), TOO_MUCH.items())
def test_a_limit_that_the_machine_does_not_have_is_refused(name, value):
    with pytest.raises(SandboxError, match=rf"sandbox\.{name}=.* more than this machine has"):
        Bubblewrap(SandboxSpec(**{name: value})).layers()


BAD = {
    "memory": ["1MiB", "x", -1, "2 TiB"],
    "processes": [0, 4, 10**6],
    "seconds": [0, -1, float("inf")],
    "scratch": ["1KiB", 0],
    "files": [0, 1],
    "output": [0, "1GiB"],
    "cores": [0, -1],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in BAD.items() for v in values])
def test_a_limit_that_cannot_be_is_refused(name, value):
    with pytest.raises(ValueError, match=name):
        SandboxSpec(**{name: value})


SIZES = {"1GiB": 1 << 30, "64 MiB": 64 << 20, "64kib": 64 << 10, "12": 12, "7B": 7, 5: 5}


@pytest.mark.parametrize(("text", "size"), SIZES.items())
def test_a_size_is_read(text, size):
    assert parsed_size(text) == size


@needs_sandbox
def test_a_missing_program_is_the_commands_own_failure():
    done = Bubblewrap().once(["/no/such/program"])
    assert done.exit == 127 and done.killed == "" and b"no/such" in done.stderr


@needs_sandbox
def test_what_is_bound_has_to_be_there(tmp_path):
    from llmx.core.sandbox import BoundTree

    with pytest.raises(SandboxError, match="cannot be bound into a sandbox: it is not there"):
        Bubblewrap(policy=SandboxPolicy((BoundTree(tmp_path / "none", "/x"),)))


@needs_sandbox
@needs_root
def test_a_user_and_root_each_have_their_form():
    layers = Bubblewrap().layers()
    assert "own user" in layers and "user namespace" not in layers
    mine = as_user(lambda: Bubblewrap().layers())
    assert "user namespace" in mine and "own user" not in mine


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_filter_is_what_its_script_makes(machine, monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS)
    script = importlib.import_module("make_seccomp")
    try:
        binding = script.binding()
    except (ImportError, RuntimeError):
        pytest.skip("libseccomp has no binding here: pip install pyseccomp")
    made = script.program(binding, machine)
    assert made == (script.FOLDER / f"{machine}.bpf").read_bytes()
    assert len(made) % 8 == 0 and len(made) < 2048
