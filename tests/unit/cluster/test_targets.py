"""What a sweep on a cluster may cost: counts, and processor time, which others cannot take."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable

import pytest
from fake_slurm import FakeSlurm

from llmx.cluster import worker as module
from llmx.cluster.submission import Submission
from llmx.cluster.submit import submit
from llmx.graph.graph import build_graph
from llmx.graph.plan import Plan
from llmx.store.cache import Entry


def test_a_thousand_arms_are_submitted_in_two_seconds_as_ten_jobs_at_most(
    planned: Callable[..., Plan], launch: Callable, slurm: FakeSlurm
) -> None:
    plan = planned(1000, gpu=500)
    began = time.process_time()
    found = submit(plan, launch(workers=5), slurm)
    taken = time.process_time() - began
    assert len(slurm.held) <= 10 and found.total == 1001
    print(f"submitted in {taken:.2f} s of processor time")
    assert taken <= 2.0


def test_eight_points_with_a_shared_baseline_are_nine_units_of_generation() -> None:
    """As a composition tells."""
    from llmx.config.compose import compose

    words = ["scale=smoke", "arms=[target,sd]", "sampler.gamma=1,2,3,4,5,6,7,8"]
    spec = compose("fsd_gsm8k", words)
    kinds = Counter(node.stage.kind for node in build_graph(spec))
    assert kinds["decode"] == 9


@pytest.mark.parametrize("workers", [1, 3, 8])
def test_each_unit_is_generated_once_by_any_number_of_workers(
    workers: int, launch: Callable, slurm: FakeSlurm, planned: Callable[..., Plan], made: Callable
) -> None:
    plan = planned(9)
    spec = plan.spec
    shared = {f"b{at}": spec.arms["a0"] for at in range(7)}
    from llmx.graph.plan import plan as again

    spec = spec.model_copy(update={"arms": {**spec.arms, **shared}})
    submit(again(spec, runs=plan.folder.parent), launch(workers=workers), slurm)
    slurm.to_the_end()
    assert len(made()) == len(set(made())) == 9 * 3


def asked(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count what is asked of the file system."""
    found = Counter[str]()
    for name in ("stat", "scandir", "listdir", "open", "lstat"):
        real = getattr(os, name)

        def counted(*args: object, _real=real, _name=name, **more: object) -> object:
            found[_name] += 1
            return _real(*args, **more)

        monkeypatch.setattr(os, name, counted)
    return found


def test_a_worker_that_has_nothing_to_do_asks_once_and_ends(
    planned: Callable[..., Plan], launch: Callable, slurm: FakeSlurm, monkeypatch
) -> None:
    """It holds no machine, and asks no file system again and again: of 1,000 nodes others have."""
    submit(planned(1000), launch(workers=2), slurm)
    slept: list[float] = []
    with monkeypatch.context() as patched:
        patched.setattr("time.sleep", slept.append)
        patched.setattr(Entry, "lock", property(lambda entry: Held()))
        looked = asked(patched)
        assert slurm.run("1") == 0
    # The next one looks later: what another run has in hand would be a chain of empty jobs.
    assert [slurm.waits[one] for one in slurm.held] == [0, 300]
    assert slept == []
    print(f"asked the file system {sum(looked.values())} times")
    assert sum(looked.values()) <= 20 * 1000


class Held:
    """A lock that somebody else has."""

    def try_acquire(self, shared: bool = False) -> bool:
        return False


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGTERM])
@pytest.mark.parametrize("after", range(5))
def test_a_requeue_makes_no_record_again(
    number: int,
    after: int,
    planned: Callable[..., Plan],
    launch: Callable,
    slurm: FakeSlurm,
    made: Callable[[], list[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = submit(planned(1, rows=6), launch(workers=1), slurm)
    count = iter(range(after))
    real = module.Stop.now

    def now(stop: module.Stop) -> None:
        if next(count, None) is None:
            stop.asked = number
        real(stop)

    with monkeypatch.context() as patched:
        patched.setattr("llmx.cluster.here.Stoppable.advance", lambda self, n=1: now(self.stop))
        assert slurm.run("1") == 128 + number
    assert [one.outcome for one in Submission(found.run).events()][-2:] == ["stopped", "left"]
    slurm.to_the_end()
    ids = [line.split()[1] for line in made()]
    assert ids == [str(at) for at in range(6)] and found.run.finished


def test_a_kill_costs_the_record_that_was_being_made(
    planned: Callable[..., Plan], launch: Callable, slurm: FakeSlurm, made: Callable, monkeypatch
) -> None:
    found = submit(planned(1, rows=6), launch(workers=1), slurm)
    naps: list[float] = []

    class Killed(BaseException):
        pass

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 4:
            raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("naps.stage.time.sleep", sleep)
        with pytest.raises(Killed):
            slurm.run("1")
    slurm.requeue("1_0")
    slurm.to_the_end()
    assert found.run.finished and len(naps) == 4 and len(made()) == 6
