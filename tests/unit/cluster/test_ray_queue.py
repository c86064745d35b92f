"""What is sent to Ray and when, without Ray: a node behind its inputs, parts before their join."""

import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from counts import count

from llmx.cluster import ray_task
from llmx.cluster.here import surroundings
from llmx.cluster.ray_driver import SentTask, TaskQueue, check_nodes, classes_of
from llmx.cluster.ray_task import TaskRun, do
from llmx.cluster.resources import Resources
from llmx.cluster.submission import Submission
from llmx.core import plugins
from llmx.core.errors import ConfigError
from llmx.core.launch import LaunchSpec
from llmx.graph.folder import RunFolder
from llmx.graph.graph import entry_of
from llmx.graph.plan import Plan
from llmx.store.cache import Entry

RAY = LaunchSpec(kind="ray", workers=2, gpus_per_worker=1)
GIB = 2**30


class Sends:
    """A queue over a plan, and what happens to its tasks."""

    def __init__(self, planned: Plan, cache: Path, most: int) -> None:
        self.graph = planned.graph
        self.entries = {node.fingerprint: entry_of(cache, node) for node in planned.graph}
        classes = classes_of(planned, RAY)
        self.queue = TaskQueue(list(planned.graph), self.entries, classes, most)
        self.flying: list[SentTask] = []

    def fill(self) -> list[SentTask]:
        """Send what may be sent."""
        now = list(self.queue.take())
        self.flying += now
        return now

    def end(self, sent: SentTask, whole: bool = True) -> None:
        """Let a task end, having done its work or not."""
        self.flying.remove(sent)
        entry: Entry = self.entries[sent.node.fingerprint]
        if whole:
            target = entry if sent.part is None else entry.part(sent.part)
            target.begin()
            target.complete({})
        self.queue.ended(sent)


@pytest.mark.parametrize("seed", range(count(15, 200)))
def test_everything_is_sent_once_behind_what_it_needs(
    seed: int, planned: Callable[..., Plan], tmp_path: Path
) -> None:
    chance = random.Random(seed)
    arms, parts, most = chance.randint(1, 5), chance.choice([0, 1, 3]), chance.randint(1, 4)
    sends = Sends(planned(arms, gpu=chance.randint(0, arms), parts=parts), tmp_path / "c", most)
    sent, failed = Counter[tuple[str, str | None]](), Counter[tuple[str, str | None]]()
    while sends.queue.left:
        for one in sends.fill():
            sent[one.node.fingerprint, one.part] += 1
            assert all(sends.entries[name].whole for name in one.node.inputs.values())
            if one.part is None and parts > 1 and one.node.stage.kind == "nap":
                entry = sends.entries[one.node.fingerprint]
                assert all(entry.part(f"p{at}").whole for at in range(parts))
        flying = Counter(sends.queue.classes[one.node.fingerprint] for one in sends.flying)
        assert flying and max(flying.values()) <= most
        one = chance.choice(sends.flying)
        whole = one.part is not None or chance.random() < 0.8
        failed[one.node.fingerprint, one.part] += not whole
        sends.end(one, whole)
    assert not sends.flying and all(entry.whole for entry in sends.entries.values())
    assert all(number == 1 + failed[name] for name, number in sent.items())
    shares = parts + 1 if parts > 1 else 1
    assert len(sent) == shares * arms + 1


ONE = {"Alive": True, "Resources": {"CPU": 4.0, "memory": 8.0 * GIB}}
GPUS = {"Alive": True, "Resources": {"CPU": 2.0, "memory": 4.0 * GIB, "GPU": 2.0}}


@pytest.mark.parametrize(
    ("asks", "cpus", "nodes", "fits"),
    [
        (Resources(memory=8), 4, [ONE], True),
        (Resources(memory=9), 1, [ONE], False),
        (Resources(memory=2), 5, [ONE], False),
        (Resources(gpus=1, memory=4), 2, [ONE, GPUS], True),
        (Resources(gpus=1, memory=8), 2, [ONE, GPUS], False),  # no machine has both
        (Resources(gpus=3, memory=2), 1, [ONE, GPUS], False),
        (Resources(memory=2), 1, [{**ONE, "Alive": False}], False),
        (Resources(memory=2), 1, [], False),
    ],
)
def test_what_no_machine_can_take_is_refused(asks, cpus, nodes, fits) -> None:
    if fits:
        check_nodes({"nap a": asks}, cpus, nodes)
        return
    with pytest.raises(ConfigError, match=r"'nap a' asks for .* and no machine of Ray") as found:
        check_nodes({"nap a": asks}, cpus, nodes)
    assert found.value.hint


@pytest.fixture
def task(planned: Callable[..., Plan], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A run, and a function that does a node of it as a task would, in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ray_task, "_HELD", {})

    def make(*args: int, **options: object):
        plan = planned(*args, **options)
        folder = plan.folder.absolute()
        (folder / "cluster" / "work").mkdir(parents=True)
        run = TaskRun(
            plan.spec.model_dump(mode="json"),
            folder,
            tmp_path / "runs" / "cache",
            tmp_path,
            tuple(str(one.folder) for one in plugins.active()),
            surroundings(),
        )
        return plan, run

    return make


def test_a_task_does_its_node_and_keeps_what_it_did(task, made: Callable[[], list[str]]) -> None:
    plan, run = task(2)
    first, second, tally = plan.graph
    for node in (first, second, tally):
        assert do(run, node.fingerprint, None, Resources()) is None
    assert [line.split()[2] for line in made()] == [f"{os.getpid()}.0"] * 6
    events = Submission(RunFolder(run.folder)).events()
    assert [(one.title, one.outcome) for one in events] == [
        (node.title, word) for node in (first, second, tally) for word in ("begun", "done")
    ]
    assert do(run, first.fingerprint, None, Resources()) is None and len(made()) == 6


def test_a_task_does_its_part_alone(task, made: Callable[[], list[str]]) -> None:
    plan, run = task(1, rows=6, parts=3)
    node = next(iter(plan.graph))
    assert do(run, node.fingerprint, "p1", Resources()) is None
    assert [line.split()[1] for line in made()] == ["1", "4"]
    entry = entry_of(run.cache, node)
    assert entry.part("p1").whole and not entry.part("p0").whole and not entry.whole
    assert do(run, node.fingerprint, None, Resources()) is None  # the rest, and the join
    assert entry.whole and len(made()) == 6


def test_a_task_that_fails_tells_it_in_words(task) -> None:
    plan, run = task(1, error="no such thing")
    failed = do(run, next(iter(plan.graph)).fingerprint, None, Resources())
    assert failed is not None and failed.message == "ValueError: no such thing"
    assert "Traceback" in failed.trace and failed.error().message == failed.message
    (event,) = [e for e in Submission(RunFolder(run.folder)).events() if e.outcome == "failed"]
    assert event.error == "ValueError: no such thing"
    other = do(run, "no fingerprint", None, Resources())
    assert other is not None and "other names" in other.message and not other.trace


def test_a_machine_with_other_packages_refuses(task) -> None:
    plan, run = task(1)
    changed = TaskRun(**{**vars(run), "surroundings": {**run.surroundings, "python": "2.7"}})
    failed = do(changed, next(iter(plan.graph)).fingerprint, None, Resources())
    assert failed is not None and "submitted with 2.7" in failed.message
