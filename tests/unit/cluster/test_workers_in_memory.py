"""Workers on a Slurm in memory: what they do, what they leave, and what comes next."""

import json
import signal
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from llmx.cluster import worker as module
from llmx.cluster.follow import working
from llmx.cluster.status import log_of, status
from llmx.cluster.submission import Submission
from llmx.cluster.submit import go_on, intended, submit
from llmx.core.errors import ConfigError, LlmxError, StoreError
from llmx.graph.folder import RunFolder
from llmx.runs.run import run


def outputs(runs: Path) -> dict[str, bytes]:
    """Return what stages wrote, by kind, fingerprint and name."""
    found = sorted((runs / "cache").glob("*/*/*.json*"))
    return {
        str(path.relative_to(runs)): path.read_bytes()
        for path in found
        if path.name in ("records.jsonl", "tally.json") and "." not in path.parent.name
    }


@pytest.fixture
def undisturbed(tmp_path, planned, monkeypatch):
    """Return what a local run of the same writes."""

    def make(*args, **options):
        monkeypatch.setenv("NAPS_MADE", "")
        run(planned(*args, **options).spec, runs=tmp_path / "local", workers=1)
        return outputs(tmp_path / "local")

    return make


def words(submission, jobs=()):
    found = status(submission, jobs)
    return {one.title: one.word for one in found.nodes}


def test_a_run_goes_to_its_end_by_itself(tmp_path, planned, launch, slurm, made, undisturbed):
    found = submit(planned(5, gpu=2), launch(), slurm)
    keys = Counter(job.key for job in slurm.jobs())
    assert keys == {"gpu-1gpu-2g-15m": 2, "cpu-2g-15m": 3}
    assert (found.done, found.total) == (0, 6)
    slurm.to_the_end()
    assert found.run.finished and set(slurm.codes) == {0}
    assert json.loads((found.run.path / "tally" / "tally.json").read_text()) == {
        f"nap/a{at}": 3 for at in range(5)
    }
    lines = [line.rsplit(" ", 1)[0] for line in made()]
    assert len(lines) == len(set(lines)) == 15
    assert outputs(tmp_path / "runs") == undisturbed(5, gpu=2)
    assert found.run.manifest()["stages"]


def test_to_submit_twice_queues_nothing_twice(planned, launch, slurm):
    first = submit(planned(4), launch(workers=3), slurm)
    assert len(slurm.held) == 3
    assert submit(planned(4), launch(workers=3), slurm).arrays == ()
    assert go_on(Submission(first.run), slurm).arrays == ()
    slurm.run("1")
    again = go_on(Submission(first.run), slurm)
    assert len(slurm.held) <= 3 and again.done >= 4
    slurm.to_the_end()
    assert first.run.finished
    assert go_on(Submission(first.run), slurm).done == 5


def test_what_was_cancelled_goes_on(planned, launch, slurm, made):
    found = submit(planned(4), launch(workers=2), slurm)
    slurm.cancel([job.shown for job in slurm.jobs()])
    assert words(Submission(found.run))["nap a0"] == "waits"
    shown = status(Submission(found.run), [])
    assert shown.over and shown.hint == f"llmx submit {found.run.name}"
    assert "no job" in shown.nodes[0].what
    go_on(Submission(found.run), slurm)
    slurm.to_the_end()
    assert found.run.finished and len(made()) == 12


def test_the_last_worker_of_a_wave_submits_the_next(planned, launch, slurm):
    submit(planned(2, gpu=2), launch(), slurm)
    slurm.run("1")  # does both, as nobody else has begun
    assert [job.key for job in slurm.jobs() if job.number not in ("1", "2")] == ["cpu-2g-15m"]
    assert slurm.run("2") == 0
    assert slurm.to_the_end() == 1


def test_a_worker_that_ends_is_no_worker_to_one_that_counts(planned, launch, slurm):
    """Two end at once: each thinks that the other goes on, and nobody would be left."""
    submission = Submission(submit(planned(2), launch(workers=2), slurm).run)
    asks = submission.rows[0].asks
    assert working(submission, slurm.jobs()) == {asks: 2}
    submission.ending("1_1.0")
    assert working(submission, slurm.jobs()) == {asks: 1}
    slurm.requeue("1_1")  # begun again it is one
    assert working(submission, slurm.jobs()) == {asks: 2}
    slurm.held["1"] = replace(slurm.held["1"], state="COMPLETING")
    assert working(submission, slurm.jobs()) == {asks: 1}
    slurm.held["1"] = replace(slurm.held["1"], run="another")
    assert working(submission, slurm.jobs()) == {asks: 1}


def test_a_stage_that_fails_is_marked_and_the_others_go_on(planned, launch, slurm, made):
    plan = planned(3)
    broken = plan.spec.arms["a1"].model_copy(
        update={"stages": {"nap": {"word": "w1", "error": "no /such thing"}}}
    )
    from llmx.graph.plan import plan as again

    spec = plan.spec.model_copy(update={"arms": {**plan.spec.arms, "a1": broken}})
    found = submit(again(spec, runs=plan.folder.parent), launch(workers=1), slurm)
    slurm.to_the_end()
    assert slurm.codes == [1, 1, 1]  # three failures stop the node, and the run with it
    submission = Submission(found.run)
    shown = {one.title: one for one in status(submission, []).nodes}
    assert shown["nap a1"].word == "failed" and "no /such thing" in shown["nap a1"].what
    assert "3 times" in shown["nap a1"].what
    assert shown["nap a0"].word == shown["nap a2"].word == "done"
    assert shown["tally"].what == "for nap a1, which failed"
    assert len(made()) == 6
    assert go_on(submission, slurm).arrays and status(submission, slurm.jobs()).count("failed") == 0


def test_fail_fast_ends_all_jobs(planned, launch, slurm):
    found = submit(planned(4, error="broken"), launch(workers=3), slurm, fail_fast=True)
    assert slurm.run("1") == 128 + signal.SIGINT
    assert slurm.jobs() == [] and len(Submission(found.run).failures()) == 1


def asked_after(monkeypatch, records: int, number: int) -> None:
    """Ask every worker for its end once it has written so many records."""
    count = iter(range(records))
    stoppable = module.Stop.now

    def now(stop):
        if next(count, None) is None:
            stop.asked = number
        stoppable(stop)

    monkeypatch.setattr(
        "llmx.cluster.here.Stoppable.advance", lambda self, amount=1: now(self.stop)
    )


def test_at_its_time_limit_a_worker_ends_behind_a_record_and_is_queued_again(
    tmp_path, planned, launch, slurm, made, monkeypatch, undisturbed
):
    found = submit(planned(1, rows=7), launch(workers=1), slurm)
    with monkeypatch.context() as patched:
        asked_after(patched, 2, signal.SIGUSR1)
        assert slurm.run("1") == 128 + signal.SIGUSR1
    assert slurm.held["1"].restarts == 1 and len(made()) == 3
    assert words(Submission(found.run), slurm.jobs())["nap a0"] == "waits"
    slurm.to_the_end()
    assert [line.split()[1:] for line in made()] == [
        *([str(at), "1.0"] for at in range(3)),
        *([str(at), "1.1"] for at in range(3, 7)),
    ]
    assert outputs(tmp_path / "runs") == undisturbed(1, rows=7)


@pytest.mark.parametrize(("more", "restarts"), [({"requeue": False}, 0), ({"max_restarts": 0}, 0)])
def test_not_more_often_than_the_user_says(planned, launch, slurm, monkeypatch, more, restarts):
    submit(planned(1), launch(workers=1, **more), slurm)
    asked_after(monkeypatch, 0, signal.SIGUSR1)
    slurm.run("1")
    assert slurm.held == {}


@pytest.mark.parametrize(
    ("state", "more", "back"),
    [
        ("RUNNING", {}, True),  # preempted, in its time of grace
        ("COMPLETING", {}, False),  # cancelled
        ("RUNNING", {"requeue": False}, False),
    ],
)
def test_a_job_that_is_ended_comes_back_if_nobody_cancelled_it(
    planned, launch, slurm, monkeypatch, state, more, back
):
    submit(planned(3), launch(workers=1, **more), slurm)
    asked_after(monkeypatch, 1, signal.SIGTERM)
    monkeypatch.setattr(slurm, "job", lambda number: replace(slurm.held[number], state=state))
    assert slurm.run("1") == 128 + signal.SIGTERM
    assert [job.restarts for job in slurm.jobs()] == ([1] if back else [])


def test_without_notice_a_worker_ends_before_its_limit_all_the_same(
    planned, launch, slurm, made, monkeypatch
):
    import time

    submit(planned(1, rows=5), launch(workers=1), slurm)
    real, began = time.time, time.time()
    # Each record takes five minutes of the fifteen.
    monkeypatch.setattr("time.time", lambda: real() + 300 * len(made()))
    assert slurm.run("1") == 128 + signal.SIGUSR1
    assert len(made()) == 3 and slurm.held["1"].restarts == 1 and real() - began < 60


def test_nothing_is_begun_that_does_not_fit(planned, launch, slurm, made, monkeypatch):
    """But for the first, or a stage that is longer than every job would never be done."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    found = submit(planned(3, rows=2, seconds=440.0), launch(workers=1, time=15), slurm)
    slurm.run("1")
    assert {line.split()[0] for line in made()} == {"a0"}
    slurm.to_the_end()
    assert found.run.finished and len(made()) == 6


def test_parts_of_one_arm_are_spread_over_workers(
    tmp_path, planned, launch, slurm, made, undisturbed
):
    found = submit(planned(1, rows=12, parts=4), launch(), slurm)
    assert len(slurm.held) == 4
    slurm.to_the_end()
    assert found.run.finished and len(made()) == 12
    assert outputs(tmp_path / "runs") == undisturbed(1, rows=12)


def test_waves_are_chained_where_nodes_cannot_submit(planned, launch, slurm, made):
    found = submit(planned(3, gpu=3), launch(chain=True), slurm)
    first, second = (number for number, _ in found.arrays)
    assert {slurm.after[one] for one, job in slurm.held.items() if job.array == second} == {
        (first,)
    }
    before = dict(slurm.held)
    assert go_on(Submission(found.run), slurm).arrays == () and slurm.held == before
    assert slurm.to_the_end() == 4  # three, and one that counts
    assert found.run.finished and len(made()) == 9


def test_another_commit_or_package_is_refused_in_one_line(planned, launch, slurm, capsys):
    found = submit(planned(1), launch(), slurm)
    path = found.run.path / "cluster" / "launch.json"
    held = json.loads(path.read_text())
    for change in (
        {"commit": "0" * 40},
        {"python": "2.7"},
        {"packages": "x", "versions": {**held["surroundings"]["versions"], "torch": "0.1"}},
    ):
        path.write_text(json.dumps({**held, "surroundings": {**held["surroundings"], **change}}))
        capsys.readouterr()
        assert slurm.run(next(iter(slurm.held))) == 2
        (said,) = capsys.readouterr().out.splitlines()
        assert ("torch" if "versions" in change else next(iter(change.values()))[:7]) in said
        go_on(Submission(found.run), slurm)


def test_measurements_are_of_the_machine_that_was_first(planned, launch, slurm, monkeypatch):
    monkeypatch.setattr(module, "features_of", lambda host: "here&fast")
    found = submit(planned(3, kind="timed_nap"), launch(), slurm)
    assert [job.key for job in slurm.jobs()] == ["cpu-2g-15m-alone"]  # until one has decided
    submission = Submission(found.run)
    assert submission.measured_on() is None
    slurm.to_the_end()
    assert found.run.finished and submission.measured_on()["constraint"] == "here&fast"
    with_constraint = (found.run.path / "cluster" / "cpu-2g-15m-alone.sh").read_text()
    assert "--exclusive" in with_constraint
    from llmx.store.machine import machine

    names = {row["kind"]: row for row in found.run.manifest()["stages"]}
    assert set(names) == {"timed_nap", "tally"}
    other = {**machine(), "processor": "another"}
    monkeypatch.setattr(module, "machine", lambda: other)
    submit(planned(4, kind="timed_nap"), launch(), slurm)
    assert slurm.run(next(iter(slurm.held))) in (0, 2)


def test_a_second_kind_of_machine_measures_nothing(planned, launch, slurm, monkeypatch, made):
    monkeypatch.setattr(module, "features_of", lambda host: "fast")
    found = submit(planned(1, kind="timed_nap"), launch(), slurm)
    Submission(found.run).decide_machine({"processor": "another"}, "slow")
    assert slurm.run("1") == 2 and made() == []
    from llmx.cluster.follow import batch_of
    from llmx.cluster.reconcile import Array
    from llmx.cluster.resources import Resources

    asked = batch_of(Submission(found.run), Array(Resources(alone=True), 1))
    assert asked.constraint == "slow"


def test_what_would_be_queued_is_said_and_nothing_is(planned, launch, slurm, tmp_path):
    would = intended(planned(4, gpu=2, seconds=1800.0), launch(), slurm.partitions())
    assert {(one.asks.gpus, one.workers) for one in would.now} == {(1, 2), (0, 2)}
    assert would.hours == {"gpu, GPU hours": 3.0, "cpu, hours": 3.0}
    assert would.later and not slurm.held and not (tmp_path / "runs").exists()


def test_a_log_is_found_by_stage_and_arm(planned, launch, slurm, capsys):
    found = submit(planned(2), launch(workers=1), slurm)
    submission = Submission(found.run)
    with pytest.raises(StoreError, match="no job has begun"):
        log_of(submission, "nap/a1")
    slurm.run("1")
    path = submission.folder / "logs" / "1_0.log"
    path.write_text(capsys.readouterr().out)
    assert log_of(submission, "nap/a1") == path
    with pytest.raises(StoreError, match="has no 'nap/a7'"):
        log_of(submission, "nap/a7")


def test_without_slurm_the_store_still_tells(planned, launch, slurm):
    found = submit(planned(2), launch(workers=1), slurm)
    slurm.run("1")
    shown = status(Submission(found.run), None)
    assert shown.count("done") == 3 and shown.jobs is None


def test_two_clusters_on_one_cache_are_refused(planned, launch, slurm):
    submit(planned(1), launch(), slurm)
    slurm.name = "there"
    with pytest.raises(ConfigError, match="'here' work in"):
        submit(planned(2), launch(), slurm)


def test_local_work_and_jobs_keep_out_of_each_others_way(planned, launch, slurm, tmp_path):
    from llmx.cluster.cache_locks import refuse_beside_jobs
    from llmx.graph.folder import going_on

    with going_on(RunFolder(tmp_path / "runs" / "x").path), pytest.raises(StoreError, match="x is"):
        submit(planned(1), launch(), slurm)
    assert slurm.held == {}
    submit(planned(1), launch(), slurm)
    with pytest.raises(StoreError, match="jobs work in"):
        refuse_beside_jobs(tmp_path / "runs", slurm)
    slurm.to_the_end()
    refuse_beside_jobs(tmp_path / "runs", slurm)


def test_an_answer_that_is_missing_frees_no_lock(planned, launch, slurm):
    from llmx.cluster.cache_locks import Liveness
    from llmx.store.job_lock import Owner

    submit(planned(1), launch(), slurm)
    asked = Liveness(slurm)
    slurm.silent = True
    assert asked.runs(Owner("1", 0, "n1")) and asked.runs(Owner("99", 0, "n1"))
    slurm.silent = False
    assert not asked.runs(Owner("1", 0, "n1")), "it waits in the queue"
    assert not asked.runs(Owner("99", 0, "n1"))


def test_the_class_of_a_stage_follows_from_what_it_costs(planned, launch):
    from llmx.cluster.submit import rows_of

    def key(**more):
        settings = {name: more.pop(name) for name in ("time", "memory") if name in more}
        return rows_of(planned(1, **more), launch(**settings))[0].asks.key

    assert key() == "cpu-2g-15m"
    assert key(gpu=1) == "gpu-1gpu-2g-15m"
    assert key(gib=3) == "cpu-8g-15m"
    assert key(gib=6) == "cpu-8g-15m"
    assert key(gib=7) == "cpu-16g-15m"
    assert key(rows=1, seconds=451.0) == "cpu-2g-60m"
    assert key(rows=1, seconds=1e6) == "cpu-2g-240m"
    assert key(rows=1, seconds=1e6, time=100) == "cpu-2g-100m"
    assert key(memory=5) == "cpu-5g-15m"
    with pytest.raises(LlmxError, match=r"launch\.memory=2"):
        key(gib=3, memory=2)


def test_a_job_that_was_begun_again_frees_the_locks_of_its_first_life(planned, launch, slurm):
    from llmx.cluster.cache_locks import Liveness
    from llmx.store.job_lock import Owner

    submit(planned(1), launch(), slurm)
    slurm.held["1"] = replace(slurm.held["1"], state="RUNNING", restarts=1)
    asked = Liveness(slurm)
    assert asked.runs(Owner("1", 1, "n1")) and not asked.runs(Owner("1", 0, "n1"))


def test_flock_that_was_proved_on_two_machines_is_used_and_on_one_is_not(tmp_path):
    from concurrent.futures import ThreadPoolExecutor

    from llmx.cluster.cache_locks import proved
    from llmx.cluster.shared import look

    for names, locks in ((("n1.1", "n2.1"), "flock"), (("n1.1", "n1.2"), "jobs")):
        folder = tmp_path / names[1]
        (folder / "cache").mkdir(parents=True)
        with ThreadPoolExecutor(2) as both:
            found = list(both.map(look, [folder, folder], [30, 30], names))
        assert len(found) == 2 and found[0] == found[1]
        assert found[0].flock and found[0].exclusive and abs(found[0].clocks) < 5
        assert proved(folder / "cache") == locks
        assert not list((folder / ".llmx-shared").iterdir())


def test_nobody_comes_to_the_second_machine(tmp_path):
    from llmx.cluster.shared import look

    with pytest.raises(StoreError, match="no other machine"):
        look(tmp_path, 0.1)
