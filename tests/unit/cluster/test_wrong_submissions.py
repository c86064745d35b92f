"""Wrong commands of jobs: one line each, exit code 2, and nothing is queued.

Slurm's programs are scripts that say what a small cluster says, and note what is queued.
"""

import os
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

SINFO = """cpu*|10:00:00|64000|8|(null)|(null)|up|3
gpu|2:00:00|256000|16|gpu:a100:4|a100|up|2
old|infinite|16000|4|(null)|(null)|down|1"""
RECIPE = """name: naps
description: d
stages:
  nap: {kind: nap, over: arm}
  tally: {kind: tally, over: recipe, needs: [nap]}
arms:
  one: [stages.nap.word=w, engine.device=cpu]
"""
OF_A_GPU = RECIPE.replace("device=cpu", "device=cuda")


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/usr/bin/bash\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with recipes, and a cluster of scripts."""
    programs = tmp_path / "programs"
    programs.mkdir()
    program(programs, "sinfo", f"cat <<'END'\n{SINFO}\nEND")
    program(programs, "squeue", "exit 0")
    program(programs, "scontrol", "echo 'ClusterName = here'")
    program(programs, "sbatch", f"touch {tmp_path}/queued; echo 7")
    program(programs, "scancel", "exit 0")
    (tmp_path / "my").mkdir()
    (tmp_path / "my" / "naps.yaml").write_text(RECIPE)
    (tmp_path / "my" / "gpus.yaml").write_text(OF_A_GPU.replace("naps", "gpus"))
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("LLMX_RUNS", "runs")
    monkeypatch.setenv("LLMX_RECIPES", str(tmp_path / "my"))
    monkeypatch.setattr("llmx.cluster.submit._OF_ONE_MACHINE", ("/dev/shm",))
    monkeypatch.chdir(tmp_path)
    return tmp_path


SUBMIT = ["submit", "recipe=naps", "launch=slurm"]
GPUS = ["submit", "recipe=gpus", "launch=slurm", "launch.gpu_partition=gpu"]
RAY = ["run", "recipe=naps", "launch=ray"]
WRONG = {
    "an unknown choice": (["submit", "recipe=naps", "launch=slrm"], "did you mean slurm"),
    "no launch": (["submit", "recipe=naps"], "launch=slurm"),
    "launch=local": (["submit", "recipe=naps", "launch=local"], "launch=slurm"),
    "run with jobs": (["run", "recipe=naps", "launch=slurm"], "llmx submit recipe=naps"),
    "no recipe": (["submit", "launch=slurm"], "no recipe is named"),
    "an unknown recipe": (["submit", "recipe=nips", "launch=slurm"], "no recipe 'nips'"),
    "an unknown key": ([*SUBMIT, "launch.tim=60"], "unknown key 'launch.tim'"),
    "a time of letters": ([*SUBMIT, "launch.time=1h"], "must be a valid integer"),
    "no time": ([*SUBMIT, "launch.time=0"], "launch.time=0"),
    "no workers": ([*SUBMIT, "launch.workers=0"], "launch.workers=0"),
    "a sweep": ([*SUBMIT, "launch.time=60,120"], "nothing sweeps over launch"),
    "two words of a name": ([*SUBMIT, "launch.partition='a b'"], "must match"),
    "a quote in a name": ([*SUBMIT, "launch.account='a;b'"], "must match"),
    "an option without signs": ([*SUBMIT, "launch.extra=[nice]"], "must match"),
    "setup that is no list": ([*SUBMIT, "launch.setup=x"], "launch.setup"),
    "memory of letters": ([*SUBMIT, "launch.memory=4G"], "launch.memory"),
    "an unknown partition": ([*SUBMIT, "launch.partition=cpus"], "did you mean cpu"),
    "an unknown one for GPUs": ([*SUBMIT, "launch.gpu_partition=gpus"], "no partition 'gpus'"),
    "a partition that is down": ([*SUBMIT, "launch.partition=old"], "partition old is down"),
    "GPUs in one without": (
        ["submit", "recipe=gpus", "launch=slurm", "launch.partition=cpu"],
        "nodes of partition cpu have none",
    ),
    "more GPUs than a node has": (
        [*GPUS, "launch.gpus_per_worker=8"],
        "asks for 8 GPUs",
    ),
    "longer than its limit": (
        [*GPUS, "stages.nap.seconds=1e5"],
        "launch.time=240, and partition gpu allows 120",
    ),
    "more memory than any node": ([*SUBMIT, "stages.nap.gib=900"], "no node of partition cpu"),
    "less memory than it needs": (
        [*SUBMIT, "stages.nap.gib=9", "launch.memory=4"],
        "needs 9.0 GiB",
    ),
    "more cores than a node has": ([*SUBMIT, "launch.cpus=9"], "nodes of partition cpu have 8"),
    "a relative environment": ([*SUBMIT, "launch.environment=venv"], "is another folder on every"),
    "an environment that is not": ([*SUBMIT, "launch.environment=/no/venv"], "is not there"),
    "a folder of one machine": ([*SUBMIT, "--runs", "/dev/shm/llmx-runs"], "on this machine alone"),
    "a folder with a quote": ([*SUBMIT, "--runs", 'a"b'], "Slurm cannot write into"),
    "an unknown run": (["submit", "naps-00000000"], "no run 'naps-00000000'"),
    "a dry run of a run": (["submit", "naps-00000000", "--dry-run"], "no run 'naps-00000000'"),
    "status of nothing": (["status"], "was submitted"),
    "logs of nothing": (["logs", "x", "nap/one"], "no run 'x'"),
    "cancel of nothing": (["cancel", "x"], "no run 'x'"),
    "fetch of nothing": (["fetch"], "no recipe is named"),
    "no shared folder": (["doctor", "--shared", "nowhere"], "nowhere is no folder"),
    "Ray makes no jobs": (
        ["submit", "recipe=naps", "launch=ray"],
        "launch=ray waits for its tasks",
    ),
    "a partition of Ray": ([*RAY, "launch.partition=cpu"], "launch=ray has no launch.partition"),
    "a time of Ray": ([*RAY, "launch.time=60"], "launch=ray has no launch.time"),
    "setup of Ray": ([*RAY, "launch.setup=[ls]"], "launch=ray has no launch.setup"),
    "an address of Slurm": ([*SUBMIT, "launch.address=h:1"], "launch=slurm has no launch.address"),
    "an address of two words": ([*RAY, "launch.address='a b'"], "must match"),
    "no Ray": (RAY, "launch=ray needs the package ray"),
    "a stage that is none": ([*SUBMIT, "stages.nip.rows=2"], "stages.nip"),
}


def refused(words: list[str], says: str, here: Path) -> None:
    from llmx.cli.app import app

    done = CliRunner().invoke(app, words, prog_name="llmx")
    assert done.exit_code == 2, done.output
    lines = done.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("error: "), done.stderr
    assert says in lines[0], lines[0]
    assert not (here / "queued").exists()
    assert not list(here.glob("runs/*/cluster"))


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_command_is_one_line_and_queues_nothing(
    name: str, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)  # whether it is installed or not
    refused(*WRONG[name], here)


def test_there_are_thirty_of_them() -> None:
    assert len(WRONG) >= 30


@pytest.mark.parametrize("missing", ["sinfo", "scontrol"])
def test_without_a_program_of_slurm(missing: str, here: Path, monkeypatch) -> None:
    (here / "programs" / missing).unlink()
    for name in ("bash", "cat"):
        (here / "programs" / name).symlink_to(f"/usr/bin/{name}")
    monkeypatch.setenv("PATH", str(here / "programs"))
    refused(SUBMIT, f"there is no `{missing}`", here)


def test_a_cluster_that_does_not_answer_says_so_itself(here: Path) -> None:
    program(here / "programs", "sinfo", "echo 'sinfo: error: no controller' >&2; exit 1")
    refused(SUBMIT, "sinfo: no controller", here)


def test_two_clusters_on_one_cache(here: Path) -> None:
    (here / "runs" / "cache").mkdir(parents=True)
    (here / "runs" / "cache" / "cluster.json").write_text('{"cluster": "there", "locks": "jobs"}')
    refused(SUBMIT, "jobs of cluster 'there' work in", here)


def test_a_settings_file_of_the_machine_is_the_users_own_word(here: Path) -> None:
    from llmx.config.launch_words import launch_of

    (here / "config").mkdir()
    path = here / "config" / "launch.yaml"
    path.write_text("slurm: {account: nlp, setup: [module load cuda], time: 30}\n")
    found = launch_of({"time": 10, "workers": 3}, ["launch=slurm", "launch.qos=long"])
    assert (found.account, found.setup) == ("nlp", ("module load cuda",))
    assert (found.time, found.workers, found.qos) == (30, 3, "long")
    assert launch_of({"time": 10}, ["launch=slurm", "launch.time=45"]).time == 45
    path.write_text("big: {kind: slurm, partition: fat}\n")
    assert launch_of({}, ["launch=big"]).partition == "fat"
    for text, says in (
        ("slurm: [1]\n", "must be `key: value` lines"),
        ("big: {partition: fat}\n", "has no kind"),
        ("slurm: {tim: 3}\n", "unknown key 'launch.tim'"),
    ):
        path.write_text(text)
        choice = "big" if "big" in text else "slurm"
        refused(["submit", "recipe=naps", f"launch={choice}"], says, here)


def test_what_is_right_is_queued(here: Path) -> None:
    """Or the others would be refused for another reason."""
    from llmx.cli.app import app

    done = CliRunner().invoke(app, [*SUBMIT, "--dry-run"], prog_name="llmx")
    assert done.exit_code == 0 and "nothing was queued" in done.output, done.output
    assert not (here / "queued").exists()
    done = CliRunner().invoke(app, SUBMIT, prog_name="llmx")
    assert done.exit_code == 0 and "submitted 7: 1 job of cpu-2g-15m" in done.output, done.output
    assert (here / "queued").exists()


def test_a_specification_is_not_the_users_own_word() -> None:
    """A run folder may be a stranger's, and `llmx submit` reads what it says of jobs."""
    from llmx.config.launch_words import launch_of

    held = {"time": 5, "setup": ["x"], "account": "y", "environment": "/z", "extra": ["--wrap=x"]}
    found = launch_of(held, ["launch=slurm"])
    assert (found.time, found.setup, found.account) == (5, (), None)
    assert (found.environment, found.extra) == (None, ())
    found = launch_of({**held, "address": "theirs:6379", "workers": 3}, ["launch=ray"])
    assert (found.address, found.workers, found.time) == (None, 3, 240)
