"""Two real processes gather the batches of the plan, and end at the weights of one."""

import json
import os
import socket
import subprocess
import sys
from itertools import chain
from pathlib import Path

import pytest
import ranks
from contrasted import FAST
from counts import some, thorough

from llmx.store.files import read_lines

HERE = Path(__file__).parent
SETTINGS = {**FAST, "num_train_epochs": 2, "save_steps": 1000}


def trained(job, folder, processes):
    """Train in so many processes that find each other by gloo; return what each wrote down."""
    from safetensors.numpy import load_file

    folder.mkdir()
    if processes == 1:
        ranks.main(job.told(), str(folder))
    else:
        launched(job, folder, processes)
    told = [json.loads((folder / f"{rank}.json").read_text()) for rank in range(processes)]
    return told, [load_file(folder / f"{rank}.safetensors") for rank in range(processes)]


def launched(job, folder, processes):
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port = made.getsockname()[1]
    launch = ["-m", "torch.distributed.run", "--nproc_per_node", str(processes)]
    words = [*launch, "--master_port", str(port), str(HERE / "ranks.py")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, sys.path)])}
    done = subprocess.run(
        [sys.executable, *words, job.told(), str(folder)], env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.slow
def test_every_epoch_has_its_own_batches(contrast, tmp_path):
    job = contrast(options={"evaluations": 0}, settings=SETTINGS)
    told, _ = trained(job, tmp_path / "one", 1)
    first, second = (job.plan().epoch(number).batches.tolist() for number in (0, 1))
    assert told[0]["seen"] == [*first, *second] and first != second


@pytest.mark.slow
@pytest.mark.parametrize("sparse", some([True, False], 1))
def test_two_processes_gather_the_planned_batch_and_train_as_one(contrast, tmp_path, sparse):
    job = contrast(
        options={"sparse": sparse, "evaluations": 0, "mask": ["equal_target"]}, settings=SETTINGS
    )
    job.save_plan()
    alone, (one,) = trained(job, tmp_path / "one", 1)
    told, (first, second) = trained(job, tmp_path / "two", 2)
    epochs = (job.plan().epoch(number).batches.tolist() for number in (0, 1))
    planned = list(chain.from_iterable(epochs))
    assert [one["processes"] for one in told] == [2, 2]
    assert told[0]["seen"] == told[1]["seen"] == alone[0]["seen"] == planned
    for name, weight in one.items():
        assert (first[name] == second[name]).all()
        assert abs(first[name] - weight).max() < 2e-4


@pytest.mark.slow
@thorough
def test_processes_that_accelerate_starts_end_at_the_weights_of_one(contrast, tmp_path):
    """And what they evaluate is what one process does."""
    from safetensors.numpy import load_file

    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port = made.getsockname()[1]
    lines = ["compute_environment: LOCAL_MACHINE", "distributed_type: MULTI_GPU"]
    lines += ["num_processes: 2", "num_machines: 1", "machine_rank: 0", "use_cpu: false"]
    lines += [f"main_process_port: {port}", 'mixed_precision: "no"', ""]
    (tmp_path / "two.yaml").write_text("\n".join(lines))
    alone = contrast("alone", settings=SETTINGS).run()
    told = {"accelerate": str(tmp_path / "two.yaml")}
    shared = contrast("shared", settings=SETTINGS, options=told).run()
    one, two = (load_file(out / "model" / "model.safetensors") for out in (alone, shared))
    assert abs(one["embedding.weight"] - two["embedding.weight"]).max() < 2e-4
    points = [
        [(row["step"], row["values"]) for row in read_lines(out / "evaluations.jsonl")]
        for out in (alone, shared)
    ]
    assert [step for step, _ in points[0]] == [step for step, _ in points[1]]
    for (_, some_values), (_, others) in zip(*points, strict=True):
        assert some_values == pytest.approx(others, abs=1e-3)
    curves = [read_lines(out / "curve.jsonl") for out in (alone, shared)]
    accuracies = [[row["in_batch_accuracy"] for row in curve] for curve in curves]
    assert accuracies[0] == pytest.approx(accuracies[1], abs=0.07)  # ties may part
