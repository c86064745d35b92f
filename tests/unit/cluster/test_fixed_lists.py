"""Where no lock holds between machines each worker has a list of nodes, and no two lists meet."""

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from counts import count
from fake_slurm import FakeSlurm
from hypothesis import given, settings
from hypothesis import strategies as st
from test_reconcile import situations

from llmx.cluster.cache_locks import FLOCK, JOBS, LISTS, keep_proof, proved
from llmx.cluster.follow import held_by
from llmx.cluster.reconcile import NodeWork, StoredNodes, deal, ready, waves
from llmx.cluster.status import status
from llmx.cluster.submission import Submission
from llmx.cluster.submit import go_on, submit
from llmx.cluster.view import View
from llmx.core.errors import StoreError
from llmx.graph.folder import open_folder
from llmx.store.lock import Lock
from llmx.store.machine import machine


@settings(max_examples=count(150, 500), deadline=None)
@given(situations(), st.randoms(use_true_random=False))
def test_every_missing_node_is_on_one_list_behind_all_that_it_needs(situation, chance) -> None:
    graph, stored, _, most = situation
    free = [work.name for work in graph if work.name not in stored.whole | stored.stopped]
    held = {name: f"{chance.randrange(90)}" for name in free if chance.random() < 0.3}
    inputs = {work.name: work.inputs for work in graph}
    classes = {work.name: work.asks for work in graph}
    behind = {name: {held[name]} for name in held}
    seen: set[str] = set()
    for at, wave in enumerate(deal(graph, stored, held, most, {})):
        arrays = {f"w{at}"}
        for one in wave:
            assert 0 < len(one.lists) <= most and all(one.lists)
            for name in (name for listed in one.lists for name in listed):
                assert name not in seen and name not in held and name not in stored.whole
                assert classes[name] == one.asks
                for other in set(inputs[name]) - stored.whole:
                    assert other in seen or held[other] in one.behind
                behind[name] = arrays | one.behind
        seen |= {name for one in wave for listed in one.lists for name in listed}
    reached = StoredNodes(stored.whole | held.keys() | seen, stored.stopped)
    assert not ready(graph, reached)


@settings(max_examples=count(100, 500), deadline=None)
@given(situations())
def test_with_nothing_held_the_waves_are_those_of_a_chain(situation) -> None:
    graph, stored, _, most = situation
    dealt = deal(graph, stored, {}, most, {})
    assert [{one.asks for one in wave} for wave in dealt] == [
        {one.asks for one in wave} for wave in waves(graph, stored, most)
    ]


@settings(max_examples=count(100, 500), deadline=None)
@given(situations(), st.lists(st.floats(0, 1e4), min_size=12, max_size=12))
def test_no_list_is_longer_than_another_by_more_than_its_last_node(situation, times) -> None:
    graph, stored, _, most = situation
    seconds = {work.name: taken for work, taken in zip(graph, times, strict=False)}
    for one in (one for wave in deal(graph, stored, {}, most, seconds) for one in wave):
        sums = [sum(seconds[name] for name in listed) for listed in one.lists]
        longest = max(one.lists, key=lambda listed: sum(seconds[name] for name in listed))
        assert max(sums) - min(sums) <= max(seconds[name] for name in longest) + 1e-6


def test_the_longest_are_dealt_first() -> None:
    graph = [NodeWork(f"n{at}") for at in range(5)]
    (wave,) = deal(graph, StoredNodes(), {}, 2, {"n0": 1, "n1": 1, "n2": 1, "n3": 1, "n4": 4})
    assert sorted(wave[0].lists) == [("n0", "n1", "n2", "n3"), ("n4",)]


@pytest.mark.parametrize(
    ("found", "locks"),
    [
        ({"flock": True, "exclusive": True}, FLOCK),
        ({"flock": True, "exclusive": False}, FLOCK),
        ({"flock": False, "exclusive": True}, JOBS),
        ({"flock": False, "exclusive": False}, LISTS),
        ({}, JOBS),
    ],
)
def test_lists_are_for_where_nothing_else_excludes(found, locks, tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    assert proved(tmp_path / "cache") == JOBS
    keep_proof(tmp_path / "cache", found)
    assert proved(tmp_path / "cache") == locks


@pytest.fixture
def lockless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of which two machines found that nothing excludes, and where asking is an error."""

    def fails(lock: Lock, shared: bool = False) -> bool:
        raise StoreError(f"there are no locks in {lock.path.parent}")

    cache = tmp_path / "runs" / "cache"
    cache.mkdir(parents=True)
    keep_proof(cache, {"flock": False, "exclusive": False})
    monkeypatch.setattr(Lock, "try_acquire", fails)
    return cache


def lists(slurm: FakeSlurm, submission: Submission) -> list[str]:
    """Return every node on the list of a job that waits or runs."""
    return [
        node
        for job in slurm.jobs()
        if job.run == submission.run.name
        for _, node in submission.lists(job.listed)[int(job.task)]
    ]


def test_a_run_goes_to_its_end_without_a_lock(
    lockless: Path, planned: Callable, launch: Callable, slurm: FakeSlurm, made: Callable
) -> None:
    found = submit(planned(7, gpu=3), launch(workers=2), slurm)
    submission = Submission(found.run)
    assert submission.listed and len(slurm.held) == 5  # two of each class, and one that counts
    held = lists(slurm, submission)
    assert len(held) == len(set(held)) == 8
    assert "--list" in next(iter(slurm.scripts.values()))
    titles = {node.fingerprint: node.title for node in View.of(submission).graph}
    mine = {
        number: {titles[node] for _, node in submission.lists(job.listed)[int(job.task)]}
        for number, job in slurm.held.items()
    }
    (last,) = [number for number, listed in mine.items() if listed == {"tally"}]
    assert set(slurm.after[last]) == slurm.arrays() - {slurm.held[last].array}
    slurm.to_the_end()
    assert found.run.finished and set(slurm.codes) == {0}
    rows = [line.rsplit(" ", 1)[0] for line in made()]
    assert len(rows) == len(set(rows)) == 21
    for number, listed in mine.items():
        done = {f"nap {line.split()[0]}" for line in made() if line.split()[2] == f"{number}.0"}
        assert done == listed - {"tally"}


@pytest.mark.parametrize("seed", range(count(4, 40)))
def test_whatever_dies_and_is_submitted_again_no_two_jobs_have_one_node(
    seed: int, lockless: Path, planned: Callable, launch: Callable, slurm: FakeSlurm, made: Callable
) -> None:
    chance = random.Random(seed)
    found = submit(planned(6, gpu=2), launch(workers=3), slurm)
    submission = Submission(found.run)
    for _ in range(12):
        free = [number for number in slurm.held if slurm.free(number)]
        if free and chance.random() < 0.5:
            slurm.run(chance.choice(free))
        elif free:
            del slurm.held[chance.choice(list(slurm.held))]
        go_on(submission, slurm)
        held = lists(slurm, submission)
        assert len(held) == len(set(held))
        assert set(held_by(submission, slurm.jobs())) == set(held)
    for _ in range(3):  # who waited behind a job that died found nothing to do
        slurm.to_the_end()
        go_on(submission, slurm)
    assert found.run.finished and len(made()) == len(set(made())) == 18


def test_two_runs_in_one_cache_share_no_node(
    lockless: Path, planned: Callable, launch: Callable, slurm: FakeSlurm, made: Callable
) -> None:
    first = Submission(submit(planned(3), launch(workers=3), slurm).run)
    second = Submission(submit(planned(5), launch(workers=3), slurm).run)
    assert not set(lists(slurm, first)) & set(lists(slurm, second))
    (count_of_second,) = [job for job in slurm.jobs() if job.run == second.run.name][-1:]
    assert {"1"} <= set(slurm.after[count_of_second.number]), "it needs what the first run makes"
    slurm.to_the_end()
    assert first.run.finished and second.run.finished and len(made()) == 15


def test_measurements_of_two_runs_come_one_behind_the_other(
    lockless: Path, planned: Callable, launch: Callable, slurm: FakeSlurm, made: Callable
) -> None:
    """Until it is decided which machine they are of, equal measurements have other names."""
    first = submit(planned(2, kind="timed_nap"), launch(), slurm).run
    open_folder(first, first.spec(), View.of(Submission(first)).graph)
    Submission(first).decide_machine(machine(), "fast")
    slurm.held.clear()
    go_on(Submission(first), slurm)
    second = submit(planned(3, kind="timed_nap"), launch(), slurm).run
    alone = {job.run: job for job in slurm.jobs() if job.key.endswith("-alone")}
    assert slurm.after[alone[second.name].number] == (alone[first.name].array,)
    assert slurm.after[alone[first.name].number] == ()
    slurm.to_the_end()
    assert first.finished and second.finished and len(made()) == 9


def test_what_does_not_fit_comes_back_by_itself(
    lockless: Path,
    planned: Callable,
    launch: Callable,
    slurm: FakeSlurm,
    made: Callable,
    monkeypatch,
) -> None:
    """Nobody else may do what is on its list."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    found = submit(planned(3, rows=2, seconds=440.0), launch(workers=1, time=15), slurm)
    slurm.run("1")
    assert {line.split()[0] for line in made()} == {"a0"} and slurm.held["1"].restarts == 1
    slurm.to_the_end()
    assert found.run.finished and len(made()) == 6


def test_status_tells_whose_list_has_lost_its_job(
    lockless: Path, planned: Callable, launch: Callable, slurm: FakeSlurm
) -> None:
    submission = Submission(submit(planned(2), launch(workers=2), slurm).run)
    del slurm.held["1"]
    shown = {one.title: one.what for one in status(submission, slurm.jobs()).nodes}
    assert shown["nap a0"] == "and no job has it on its list"
    assert shown["nap a1"].startswith("for a job of cpu")


def test_a_list_that_cannot_be_read_is_one_line(
    lockless: Path, planned: Callable, launch: Callable, slurm: FakeSlurm, capsys
) -> None:
    found = submit(planned(1), launch(), slurm)
    for path in (found.run.path / "cluster" / "lists").iterdir():
        path.unlink()
    assert slurm.run("1") == 2 and len(capsys.readouterr().out.splitlines()) == 2


def test_the_marks_of_jobs_keep_local_work_out(
    lockless: Path, planned: Callable, launch: Callable, slurm: FakeSlurm, tmp_path: Path
) -> None:
    from llmx.cluster.cache_locks import refuse_beside_jobs

    submit(planned(1), launch(), slurm)
    assert json.loads((lockless / "cluster.json").read_text())["locks"] == LISTS
    with pytest.raises(StoreError, match="jobs work in"):
        refuse_beside_jobs(tmp_path / "runs", slurm)
