"""Two processes, and SIGKILL to the one that started them or to one of them: the same bytes."""

import io
import os
import signal
import socket
from dataclasses import replace

import psutil
import pytest
from counts import some
from tiny import DRAWN, FAST

from llmx.core.errors import RunError
from llmx.core.progress import Silent
from llmx.train.course.launch import _error

SFT = {**FAST, "per_device_train_batch_size": 2, "max_steps": 6, "save_steps": 2}
REWARD = {"grpo": {"rewards": ["gsm"]}}  # one that a process of its own knows
GRPO = {**DRAWN, "max_steps": 6, "save_steps": 2, "beta": 0.04}


@pytest.fixture
def two(tmp_path):
    """Return a file for two processes, which find each other at a free port."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port = made.getsockname()[1]
    path = tmp_path / "two.yaml"
    lines = ["compute_environment: LOCAL_MACHINE", "distributed_type: MULTI_GPU"]
    lines += ["num_processes: 2", "num_machines: 1", "machine_rank: 0", "use_cpu: false"]
    path.write_text("\n".join([*lines, f"main_process_port: {port}", 'mixed_precision: "no"', ""]))
    return str(path)


def ranks():
    """Return the processes of the training below this one, by rank."""
    found = {}
    for one in psutil.Process().children(recursive=True):
        if "llmx.train.course.launched" in one.cmdline() and "RANK" in one.environ():
            found[int(one.environ()["RANK"])] = one
    return found


class Kills(Silent):
    """Kills a process of the training after so many steps."""

    def __init__(self, rank, at):
        self.rank, self.left, self.before = rank, at, 0

    def start(self, total, done=0, unit="samples"):
        self.before = done

    def advance(self, amount=1):
        self.left -= amount
        if not self.left:
            os.kill(ranks()[self.rank].pid, signal.SIGKILL)


# Each starts processes three times, which load the libraries anew: 45 s of processor time.
CASES = some([("sft", SFT, None), ("sft", SFT, 0), ("sft", SFT, 1), ("grpo", GRPO, 1)], 0)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "settings", "rank"), CASES)
def test_a_kill_changes_nothing(work, forks, two, kind, settings, rank):
    job = work(kind, settings, options={"accelerate": two, **REWARD.get(kind, {})})
    whole = replace(job, out=job.out.parent / "undisturbed").run()
    if rank is None:
        import json
        from dataclasses import asdict

        forks.kill("killed:main", json.dumps(asdict(job), default=str), "step", 3)
    else:
        with pytest.raises(RunError, match="a process of the training was ended by signal 9"):
            job.run(Kills(rank, 3))
    assert not (job.out / "training.json").exists()
    steps = Kills(0, -1)
    job.run(steps)
    assert steps.before == 2
    names = ["model/model.safetensors", "training.json", "audit.json"]
    names += ["rollouts.jsonl"] if kind == "grpo" else []
    for name in names:
        assert (job.out / name).read_bytes() == (whole / name).read_bytes(), name


GOES_ON = "the same command resumes"
LOST = '{"message": "RuntimeError: Connection reset by peer", "hint": "", "told": false}'
TOLD = '{"message": "the training diverged", "hint": "lower it", "told": true}'
KILLED = "failed (exitcode: -9) local_rank: 1 (pid: 7) of binary: python\n  exitcode  : -9 (pid: 7)"
STOPPED = "Failures:\n  exitcode  : -15 (pid: 8)  (SIGTERM)"


@pytest.mark.parametrize(
    ("lines", "message", "hint"),
    [
        ([LOST, STOPPED, KILLED], "a process of the training was ended by signal 9", GOES_ON),
        ([STOPPED, "exitcode : -11 (pid: 9)"], "a process of the training was ended by", GOES_ON),
        ([LOST, TOLD, STOPPED, KILLED], "the training diverged", "lower it"),
        (["7", "[]", '{"message": "x"}', LOST, STOPPED], "RuntimeError: Connection reset", ""),
        (["Traceback", "ImportError: x", " "], "accelerate launch failed: ImportError: x", GOES_ON),
        ([], "accelerate launch failed: exit code 3", GOES_ON),
    ],
)
def test_what_went_wrong_first_is_told(lines, message, hint):
    error = _error(io.StringIO("\n".join(lines)), 3)
    assert error.message.startswith(message) and "\n" not in error.message
    assert error.hint == hint
