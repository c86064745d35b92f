"""Two processes of accelerate's train as one with the same batch, and their errors come through."""

import re
import subprocess
import sys

import pytest
from counts import thorough
from tiny import FAST, ROWS, save_data

from llmx.core.errors import ConfigError, RunError
from llmx.store.files import read_json, read_lines

# Without GPUs the processes that accelerate starts for MULTI_GPU find each other through gloo;
# for MULTI_CPU it would start one alone, unless MPI is there.
TWO = """compute_environment: LOCAL_MACHINE
distributed_type: MULTI_GPU
num_processes: 2
num_machines: 1
machine_rank: 0
main_process_port: 29731
use_cpu: false
mixed_precision: "no"
"""


@pytest.fixture
def two(tmp_path):
    path = tmp_path / "two.yaml"
    path.write_text(TWO)
    return str(path)


@pytest.mark.slow
def test_two_processes_train_as_one(work, two, tmp_path):
    alone = work("sft", {**FAST, "max_steps": 4})
    alone.out = tmp_path / "alone"
    settings = {**FAST, "max_steps": 4, "per_device_train_batch_size": 2}
    shared = work("sft", settings, options={"accelerate": two})
    losses = [
        [point["loss"] for point in read_json(job.run() / "training.json")["curve"]]
        for job in (alone, shared)
    ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-4) and len(losses[0]) == 4
    assert not (shared.out / "launched.lock").exists()


DRAWN = {**FAST, "per_device_train_batch_size": 4, "num_generations": 4,
         "max_completion_length": 4, "max_steps": 2}  # fmt: skip


@pytest.mark.slow
def test_two_processes_write_one_book(work, two):
    out = work("grpo", DRAWN, options={"accelerate": two, "rewards": ["gsm"]}).run()
    rows = read_lines(out / "rollouts.jsonl")
    assert [row["step"] for row in rows] == [0] * 8 + [1] * 8
    for place, row in enumerate(rows):
        number = int(re.search(r"row (\d+)", row["row"]).group(1))
        assert ROWS[number]["question"] in row["prompt"]
        assert row["row"] == rows[place // 4 * 4]["row"]  # groups stay together
    assert len({row["row"] for row in rows}) == 4


@pytest.mark.slow
@thorough
def test_an_error_of_one_process_is_one_line(work, two, tmp_path):
    (tmp_path / "odd").mkdir()
    job = work("grpo", DRAWN, options={"accelerate": two, "rewards": ["gsm"]})
    job.data = save_data(tmp_path / "odd", [{**row, "answer": "none"} for row in ROWS])
    with pytest.raises(RunError, match=r"reward 'gsm' raised ValueError on row \d+"):
        job.run()


def test_a_configuration_that_is_not_there(work):
    with pytest.raises(ConfigError, match=r"nowhere\.yaml is no file"):
        work("sft", FAST, options={"accelerate": "nowhere.yaml"}).run()


def test_a_launched_process_ends_with_the_one_that_started_it():
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    code = (
        "import sys, time; from llmx.train.course.launched import _end_with\n"
        "_end_with(int(sys.argv[1])); time.sleep(120)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(gone.pid)], timeout=100)
    assert done.returncode == 1
