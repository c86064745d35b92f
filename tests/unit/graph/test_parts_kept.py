"""Nothing that is worked at is deleted, and nothing is left when it is joined."""

import shutil

import pytest
from native_folders import needs_compiler
from parted import (
    GENERATE,
    arm,
    bring,
    entry_in,
    files,
    node_of,
    on_each_answer,
    part_done,
    spec_of,
    undivided,
)

import llmx.graph.execute as module
from llmx.core.errors import StoreError, UnavailableError
from llmx.core.spec import DataSpec, StageSpec
from llmx.engines.kernel import with_kernels
from llmx.graph import workers
from llmx.graph.execute import execute
from llmx.graph.folder import folder_for, list_runs, open_folder
from llmx.graph.graph import build_graph
from llmx.graph.observer import SilentObserver
from llmx.graph.parts import do_parts, parts_of
from llmx.graph.workers import run_with_workers
from llmx.runs.cleanup import collect_garbage, remove_run
from llmx.runs.run import run
from llmx.stages.availability import KEY
from llmx.store.cache import Entry
from llmx.store.lock import Lock

pytestmark = needs_compiler


def test_while_a_part_is_worked_at_nobody_joins_or_deletes(tmp_path, monkeypatch):
    entry = entry_in(tmp_path, node_of(40))
    free = []
    on_each_answer(monkeypatch, lambda name: free.append(entry.lock.try_acquire()))
    bring(tmp_path, 40)
    assert len(free) == 40 and not any(free)


def test_others_may_work_at_other_parts_meanwhile(tmp_path, monkeypatch):
    node, found = node_of(40), []
    entry = entry_in(tmp_path, node)

    def another(name):
        lock, last = entry.lock, entry.part("00032-00040").lock
        found.append(lock.try_acquire(shared=True) and last.try_acquire())
        lock.release()
        last.release()

    on_each_answer(monkeypatch, lambda name: another(name) if not found else None)
    bring(tmp_path, 40)
    assert found == [True]


def test_rm_and_gc_in_the_middle_refuse_and_afterwards_delete_everything(tmp_path, monkeypatch):
    runs, refused = tmp_path / "runs", []

    def tidy(name):
        (one,) = list_runs(runs)
        for delete in (lambda: remove_run(runs, one.name), lambda: collect_garbage(runs)):
            with pytest.raises(StoreError, match=f"the run {one.name} is in progress"):
                delete()
        shutil.rmtree(one.path)  # not even the run says that the entry is in use
        with pytest.raises(StoreError, match="is in progress"):
            collect_garbage(runs)
        refused.append(name)
        open_folder(one, spec_of(40), build_graph(spec_of(40)))

    with monkeypatch.context() as busy:
        on_each_answer(busy, tidy)
        found = run(spec_of(40), runs=runs, workers=1).folder
    assert len(refused) == 40
    assert files(found.path / "generate" / "sd") == undivided(40)
    for one in list_runs(runs):
        remove_run(runs, one.name)
    assert collect_garbage(runs)[0] == 1
    assert not [
        path
        for path in (runs / "cache").rglob("*")
        if path.suffix not in (".lock", ".closing") and path.name not in ("decode", "running")
    ]


def test_gc_takes_parts_of_no_run(tmp_path):
    runs, node = tmp_path / "runs", node_of(40)
    part_done(runs / "cache", node, "00000-00016")
    assert collect_garbage(runs)[0] == 1
    assert not entry_in(runs / "cache", node).shared_out.exists()


def test_gc_leaves_the_parts_of_an_unfinished_run(tmp_path):
    runs, node = tmp_path / "runs", node_of(40)
    spec = spec_of(40)
    open_folder(folder_for(runs, spec), spec, build_graph(spec))
    part_done(runs / "cache", node, "00000-00016")
    assert collect_garbage(runs) == (0, 0)
    assert entry_in(runs / "cache", node).part("00000-00016").whole


@pytest.fixture
def killed_after_joining(tmp_path, monkeypatch):
    """A run that ended between the completion of a node and the deletion of its parts."""
    with monkeypatch.context() as dying:
        dying.setattr(Entry, "clear_parts", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            run(spec_of(40), runs=tmp_path / "runs", workers=1)
    entry = entry_in(tmp_path / "runs" / "cache", node_of(40))
    assert entry.whole and len(list(entry.shared_out.glob("*/stage.json"))) == 3
    return entry


def test_parts_that_a_kill_left_go_with_the_next_run(killed_after_joining, tmp_path, monkeypatch):
    asked = on_each_answer(monkeypatch, lambda name: None)
    run(spec_of(40), runs=tmp_path / "runs", workers=1)
    assert not asked and not killed_after_joining.shared_out.exists()


def test_parts_that_a_kill_left_go_with_gc_though_a_run_uses_their_node(
    killed_after_joining, tmp_path
):
    count, freed = collect_garbage(tmp_path / "runs")
    assert count == 0 and freed > 1000
    assert killed_after_joining.whole and not killed_after_joining.shared_out.exists()


def test_who_comes_when_all_is_joined_leaves_nothing_behind(tmp_path, monkeypatch):
    """It looked before the join, and takes the lock after it."""
    node = node_of(40)
    entry, acquire = entry_in(tmp_path, node), Lock.try_acquire

    def late(lock, *shared, **named):
        monkeypatch.setattr(Lock, "try_acquire", acquire)
        bring(tmp_path, 40)
        return acquire(lock, *shared, **named)

    monkeypatch.setattr(Lock, "try_acquire", late)
    assert do_parts(node, parts_of(node), {node.fingerprint: entry}, SilentObserver())
    assert entry.whole and not entry.shared_out.exists()


class Ends(SilentObserver):
    def __init__(self):
        self.over, self.said = [], []

    def finished(self, title, seconds):
        self.over.append(title)

    def note(self, text):
        self.said.append(text)


def test_a_stage_that_another_joined_is_over_here_too(tmp_path, monkeypatch):
    seen, alone = Ends(), module.do_parts

    def then_another_joins(*given):
        monkeypatch.setattr(module, "do_parts", alone)
        done = alone(*given)
        bring(tmp_path, 40)
        return done

    monkeypatch.setattr(module, "do_parts", then_another_joins)
    bring(tmp_path, 40, observer=seen)
    assert seen.over == ["generate sd"]


def test_an_arm_that_cannot_be_had_leaves_its_reason_and_no_part(tmp_path, monkeypatch):
    def refuse(*_):
        raise UnavailableError("none of these problems", "ask for others")

    monkeypatch.setattr("llmx.stages.decode.requests_for", refuse)
    seen = Ends()
    entry = bring(tmp_path, 40, observer=seen)
    assert entry.about()[KEY] == "none of these problems" and not files(entry.folder)
    assert seen.over == ["generate sd"] and "not available" in seen.said[0]
    assert not entry.shared_out.exists()


def test_a_node_whose_input_is_lost_is_not_shared_out(tmp_path, monkeypatch):
    data = DataSpec(kind="mini_sudoku", test=40, options={"k": 9, "sft": 8, "generator": EASY})
    stages = (
        StageSpec(name="traces", kind="traces"),
        GENERATE.model_copy(update={"needs": ("traces",)}),
    )
    arms = {"k9": arm(40).model_copy(update={"data": data})}
    graph = build_graph(
        with_kernels(spec_of(40).model_copy(update={"arms": arms, "stages": stages}))
    )
    asked = on_each_answer(monkeypatch, lambda name: None)
    execute(graph, tmp_path, SilentObserver())
    node = graph.find("generate", "k9")
    assert parts_of(node) and not asked
    assert "backtracks" in entry_in(tmp_path, node).about()[KEY]
    assert not entry_in(tmp_path, node).shared_out.exists()


EASY = {"min_empty": 2, "max_empty": 3}


def test_one_part_that_is_left_needs_no_workers(tmp_path, monkeypatch):
    node = node_of(40)
    for name in list(parts_of(node))[:2]:
        part_done(tmp_path, node, name)
    monkeypatch.setattr(workers, "_command", lambda *_: pytest.fail("started a process"))
    run_with_workers(spec_of(40), build_graph(spec_of(40)), tmp_path, SilentObserver(), 4)


@pytest.mark.parametrize(("problems", "started"), [(17, 2), (40, 3), (80, 4)])
def test_as_many_workers_as_there_are_parts(tmp_path, monkeypatch, problems, started):
    crews = []
    monkeypatch.setattr(workers, "_Worker", lambda *_: None)
    monkeypatch.setattr(workers, "_watch", lambda crew, *_: crews.append(len(crew)))
    monkeypatch.setattr(workers, "_stop", lambda crew: None)
    spec = spec_of(problems)
    run_with_workers(spec, build_graph(spec), tmp_path, SilentObserver(), 4)
    assert crews == [started]
