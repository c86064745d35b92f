"""The text of job scripts for six shapes of site, and what bash and sbatch make of it."""

import os
import shlex
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from llmx.cluster.batch import Batch, script
from llmx.cluster.reconcile import Array
from llmx.cluster.resources import Resources, read_key
from llmx.core.errors import ConfigError
from llmx.core.launch import LaunchSpec

GOLDEN = Path(__file__).parents[2] / "golden" / "sbatch"
BASE = Batch(
    "fsd_curve-1a2b3c4d",
    Array(Resources(), 4),
    LaunchSpec(kind="slurm"),
    Path("/shared/runs/fsd_curve-1a2b3c4d/cluster"),
    "/home/me/.venv/bin/python",
)


def of(**settings: object) -> LaunchSpec:
    return LaunchSpec(kind="slurm", **settings)


SHAPES = {
    "one_partition": BASE,
    "gpu_partition": replace(
        BASE,
        array=Array(Resources(gpus=1, memory=16, minutes=960), 8),
        launch=of(partition="cpu", gpu_partition="a100", qos="long", account="nlp", cpus=8),
    ),
    "tensor_parallel": replace(
        BASE,
        array=Array(Resources(gpus=8, memory=256, minutes=1440), 2),
        launch=of(partition="gpu", extra=("--nice=100", "--mail-type=FAIL")),
    ),
    "measurement": replace(
        BASE,
        array=Array(Resources(gpus=1, memory=16, minutes=60, alone=True), 3),
        launch=of(gpu_partition="gpu"),
        constraint="h100&ib",
    ),
    "container": replace(
        BASE,
        array=Array(Resources(gpus=1, memory=16), 1),
        launch=of(setup=("module purge", "module load apptainer"), environment="/img/llmx.sif"),
        folder=Path("/shared/my runs/x/cluster"),
    ),
    "no_requeue": replace(
        BASE, launch=of(requeue=False, environment="/venvs/llmx", partition="cpu,old")
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_of_site_has_this_script(shape: str) -> None:
    text, path = script(SHAPES[shape]), GOLDEN / f"{shape}.sh"
    if os.environ.get("LLMX_UPDATE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()
    assert subprocess.run(["bash", "-n"], input=text, text=True).returncode == 0


def run_by(tmp_path: Path, batch: Batch) -> list[str]:
    """Run a script with an srun that says what it got."""
    fake = tmp_path / "srun"
    fake.write_text('#!/bin/bash\nprintf "%s\\n" "$@"\n')
    fake.chmod(0o755)
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash"], input=script(batch), text=True, capture_output=True, env={**os.environ, **path}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("folder", ["/runs/x", "/my runs/x", "/run$HOME;touch x/y", "/a'b/c"])
def test_a_folder_is_one_word_whatever_is_in_it(folder: str, tmp_path: Path) -> None:
    words = run_by(tmp_path, replace(BASE, folder=Path(folder)))
    assert words[:5] == ["--ntasks=1", "bash", "-c", 'trap "" USR1; exec "$@"', "worker"]
    assert words[5:9] == [BASE.python, "-P", "-m", "llmx.cluster.worker"]
    assert words[9:12] == [folder, "--class", "cpu-2g-240m"] and words[12] == "--until"
    assert words[13].isdigit()


def test_a_signal_before_python_can_hear_it_ends_nothing(tmp_path: Path) -> None:
    fake = tmp_path / "python"
    fake.write_text("#!/bin/bash\nkill -USR1 $$\necho still here\n")
    fake.chmod(0o755)
    srun = tmp_path / "srun"
    srun.write_text('#!/bin/bash\nshift\nexec "$@"\n')
    srun.chmod(0o755)
    path = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    text = script(replace(BASE, python=str(fake)))
    done = subprocess.run(["bash"], input=text, text=True, capture_output=True, env=path)
    assert (done.returncode, done.stdout) == (0, "still here\n")


def test_the_deadline_is_the_limit_of_the_job(tmp_path: Path) -> None:
    import time

    now = time.time()
    until = int(run_by(tmp_path, BASE)[-1])
    assert now + 240 * 60 - 2 <= until <= time.time() + 240 * 60


@pytest.mark.parametrize("gpus", [0, 1, 4])
@pytest.mark.parametrize("alone", [False, True])
def test_a_class_is_read_as_it_is_written(gpus: int, alone: bool) -> None:
    one = Resources(gpus, 16, 60, alone)
    assert read_key(one.key) == one


@pytest.mark.parametrize("word", ["", "gpu", "gpu-2g-60m", "cpu-1gpu-2g-60m", "cpu-2g", "cpu-2g-6"])
def test_another_word_is_no_class(word: str) -> None:
    with pytest.raises(ConfigError):
        read_key(word)


@pytest.mark.parametrize("key", ["partition", "gpu_partition", "qos", "account"])
@pytest.mark.parametrize("value", ["a b", "a\n#SBATCH --wrap=x", "-x", "", 'a"', "$(id)", "a;b"])
def test_a_name_cannot_be_more_than_a_name(key: str, value: str) -> None:
    with pytest.raises(ValidationError):
        of(**{key: value})


@pytest.mark.parametrize("lines", [{"extra": ("nice=1",)}, {"setup": ("a\nb",)}])
def test_a_line_is_one_line(lines: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(ValidationError):
        of(**lines)


def test_every_option_stands_before_the_first_command() -> None:
    """Slurm reads no #SBATCH line behind one."""
    for batch in SHAPES.values():
        lines = script(batch).splitlines()
        options = [at for at, line in enumerate(lines) if line.startswith("#SBATCH ")]
        assert options == list(range(1, len(options) + 1))
        assert shlex.split(lines[-1])[:2] == ["exec", "srun"]
