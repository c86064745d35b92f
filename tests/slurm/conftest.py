"""A real Slurm of one node; tests are skipped where none can be started."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from slurm_site import ROOT, Site

SCRIPT = ROOT / "scripts" / "slurm_here.sh"
PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch")
REQUIRED = os.environ.get("LLMX_REQUIRE_SLURM", "0") not in ("", "0")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip with a reason what cannot run here; where Slurm is required that is a failure."""
    why = missing()
    for item in items:
        if Path(str(item.fspath)).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.slurm)
            if why and not REQUIRED:
                item.add_marker(pytest.mark.skip(reason=why))


def missing() -> str:
    """Return why no Slurm can be started; nothing where it can."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin"
    there_is_no = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if there_is_no:
        return f"there is no {there_is_no[0]}: apt-get install -y slurm-wlm munge"
    return "slurm_here.sh needs root" if os.geteuid() != 0 else ""


def two_free_ports() -> int:
    """Return a free port behind which another is free: somebody else may test here as well."""
    while True:
        with ExitStack() as held:
            first = held.enter_context(socket.socket())
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                held.enter_context(socket.socket()).bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Start it; return the environment of commands that use it."""
    assert not missing(), missing()
    folder = tmp_path_factory.mktemp("slurm")
    words = [str(SCRIPT), "start", str(folder)]
    port = {"SLURM_HERE_PORT": str(two_free_ports())}
    done = subprocess.run(
        words, capture_output=True, text=True, timeout=120, env={**os.environ, **port}
    )
    if done.returncode and not REQUIRED:
        pytest.skip(f"Slurm does not start here: {done.stderr}")
    assert done.returncode == 0, done.stdout + done.stderr
    yield {**os.environ, "SLURM_CONF": str(folder / "slurm.conf"), "PYTHONPATH": str(ROOT)}
    subprocess.run([str(SCRIPT), "stop", str(folder)], timeout=120, check=True)


@pytest.fixture
def site(tmp_path: Path, cluster: dict[str, str]) -> Iterator[Site]:
    """A fresh folder; whatever is queued at the end is taken out."""
    found = Site(tmp_path, cluster)
    yield found
    found.slurm("scancel", "--me")
    found.wait(lambda: not found.slurm("squeue", "-h"), 60)
