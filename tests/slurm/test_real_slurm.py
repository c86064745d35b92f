"""Runs on a real Slurm of one node: whatever happens to jobs, records are those of a local run.

The node has four cores and two GPUs that are names alone. Every case ends with outputs byte-equal
to those of an undisturbed local run, and no record made twice.
"""

import os
import re
import signal
from contextlib import suppress
from pathlib import Path

import pytest
from slurm_site import Site


def test_an_array_of_three_workers_on_forty_small_stages(site: Site) -> None:
    site.recipe("many", 40, rows=2, seconds=0.02)
    run = site.submit("many", "launch.workers=3")
    assert len(site.jobs(run)) == 3
    site.end(run)
    jobs = {line.rsplit(" ", 1)[1] for line in site.made()}
    assert 2 <= len(jobs) <= 4
    assert "41 of 41 stages done" in site.llmx("status", run)
    assert len((site.runs / run / "cluster" / "jobs.jsonl").read_text().splitlines()) <= 2
    site.same_as_local("many")


def test_a_wave_on_the_processor_behind_one_on_gpus(site: Site) -> None:
    site.recipe("waves", 3, gpu=3, rows=2, seconds=0.1)
    run = site.submit("waves", "launch.gpu_partition=gpu", "launch.partition=cpu")
    keys = [
        job for job in site.slurm("squeue", "-h", "-r", "-o", "%j %P").splitlines() if run in job
    ]
    assert keys and all("gpu-1gpu" in one and one.endswith(" gpu") for one in keys)
    site.end(run)
    rows = (site.runs / run / "cluster" / "jobs.jsonl").read_text()
    assert re.findall(r'"class": "(\w+)-', rows)[:2] == ["gpu", "cpu"]
    site.same_as_local("waves")


def test_a_worker_that_is_cancelled_and_one_that_is_killed(site: Site) -> None:
    site.recipe("hurt", 3, rows=6, seconds=0.05)
    site.hold()
    run = site.submit("hurt", "launch.workers=3")
    site.wait(lambda: len({line.split()[0] for line in site.made()}) == 3)
    first, second, *_ = [one.split()[0] for one in site.jobs(run)]
    site.slurm("scancel", first)
    for pid in pids_of(*second.split("_")):
        with suppress(ProcessLookupError):  # it went with the one before
            os.kill(pid, signal.SIGKILL)
    site.wait(lambda: len(site.jobs(run)) <= 1)
    said = site.llmx("status", run)
    assert "0 of 4 stages done, 1 runs, 3 waits" in said and "1 of 6 samples" in said
    assert "submitted" in site.llmx("submit", run)
    assert len(site.jobs(run)) == 3
    assert "every stage that is ready" in site.llmx("submit", run)
    site.let_go()
    site.end(run)
    assert "4 of 4 stages done" in site.llmx("status", run)
    site.llmx("status", run, "--html")
    page = (site.runs / run / "cluster" / "timeline.html").read_text()
    assert page.count(": lost after") == page.count(": stopped after") == 2  # both pictures
    assert page.count(": done after") == 2 * 4
    site.same_as_local("hurt")


def pids_of(array: str, task: str) -> list[int]:
    """Return the processes of a job: those that have its names in their environment."""
    mine = {f"SLURM_ARRAY_JOB_ID={array}".encode(), f"SLURM_ARRAY_TASK_ID={task}".encode()}
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            held = (place / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if mine <= set(held):
            found.append(int(place.name))
    return found


def test_a_preempted_worker_comes_back(site: Site) -> None:
    site.recipe("low", 1, rows=6, seconds=0.05)
    site.hold()
    run = site.submit("low", "launch.partition=low", "launch.cpus=4")
    site.wait(lambda: len(site.made()) == 1)
    (number,) = [one.split()[0] for one in site.jobs(run)]
    script = site.folder / "urgent.sh"
    script.write_text("#!/bin/bash\nsleep 1\n")
    site.slurm(
        "sbatch", "-p", "cpu", "-c", "4", "-t", "1", "-o", str(site.folder / "urgent"), str(script)
    )
    site.wait(lambda: f"{number} PENDING" in site.jobs(run))
    assert "0 of 2 stages done, 2 waits" in site.llmx("status", run)
    site.let_go()
    site.begin_now(run)
    site.end(run)
    assert [line.rsplit(".", 1)[1] for line in site.made()] == ["0", *["1"] * 5]
    site.same_as_local("low")


def test_submitted_while_it_runs_cancelled_and_taken_up_again(site: Site) -> None:
    site.recipe("twice", 2, rows=6, seconds=0.05)
    site.hold()
    run = site.submit("twice", "launch.workers=2")
    site.wait(lambda: len(site.made()) == 2)
    assert site.submit("twice", "launch.workers=2") == run
    assert len(site.jobs(run)) == 2
    assert "jobs work in" in site.llmx("run", "recipe=twice", code=2)
    site.llmx("cancel", run)
    site.wait(lambda: not site.jobs(run))
    shown = site.llmx("status", run)
    assert "0 of 3 stages done" in shown and f"llmx submit {run}" in shown
    site.let_go()
    site.llmx("submit", run)
    site.end(run)
    assert "begins nap" in site.llmx("logs", run, "nap/a00")
    site.same_as_local("twice")


def test_at_the_time_limit_a_worker_comes_back_by_itself(site: Site) -> None:
    """One minute, of which Slurm gives notice at once, as it is within 90 seconds of the end."""
    site.recipe("limit", 1, rows=6, seconds=0.05)
    site.hold()
    run = site.submit("limit", "launch.time=1", "launch.max_restarts=3")
    site.wait(lambda: len(site.made()) == 1)
    (number,) = [one.split()[0] for one in site.jobs(run)]
    site.wait(lambda: f"{number} PENDING" in site.jobs(run) or not site.jobs(run))
    assert site.jobs(run), "it was not queued again"
    assert "0 of 2 stages done, 2 waits" in site.llmx("status", run)
    site.let_go()
    site.wait(lambda: not site.begin_now(run) and site.finished(run))
    site.end(run)
    made = [line.rsplit(".", 1)[1] for line in site.made()]
    assert made[0] == "0" and set(made[1:]) <= {"1", "2", "3"}
    site.same_as_local("limit")


def test_parts_of_one_arm_on_several_workers(site: Site) -> None:
    site.recipe("parts", 1, rows=12, parts=4, seconds=0.2)
    run = site.submit("parts", "launch.workers=4")
    # A worker that found all held by the others queues itself for later.
    site.wait(lambda: not site.begin_now(run) and site.finished(run))
    site.end(run)
    assert len({line.rsplit(" ", 1)[1] for line in site.made()}) > 1
    site.same_as_local("parts")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["launch.partition=nope"], "no partition 'nope'"),
        (["launch.partition=cpu", "launch.time=6000", "stages.nap.seconds=1e6"], "allows 600"),
        (["launch.cpus=64"], "nodes of partition cpu have 4"),
        (["stages.nap.gib=4000"], "no node of partition cpu has more"),
    ],
)
def test_what_the_cluster_cannot_do_is_refused_before_anything_is_queued(
    site: Site, words: list[str], says: str
) -> None:
    site.recipe("wrong", 1)
    said = site.llmx("submit", "recipe=wrong", "launch=slurm", *words, code=2)
    assert says in said and len(said.splitlines()) == 1
    assert site.slurm("squeue", "-h") == "" and not site.runs.exists()
