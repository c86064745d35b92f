"""What has been damaged or deleted is noticed, kept aside and made again; nobody waits for it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from llmx.core.errors import RunError, StoreError
from llmx.core.spec import RunSpec, StageSpec
from llmx.graph import execute as module
from llmx.graph.execute import execute
from llmx.graph.folder import folder_for, going_on, list_runs, open_folder
from llmx.graph.graph import CACHE, build_graph, entry_of
from llmx.graph.observer import SilentObserver
from llmx.graph.plan import plan
from llmx.runs.cleanup import collect_garbage, remove_run
from llmx.runs.run import run
from llmx.stages.decode import DecodeStage
from llmx.store.cache import Entry

Recipe = Callable[..., RunSpec]

AUDITED = (
    StageSpec(name="generate", kind="decode"),
    StageSpec(name="score", kind="score", needs=("generate",)),
    StageSpec(name="audit", kind="audit", needs=("generate", "score")),
)


class Notes(SilentObserver):
    def __init__(self) -> None:
        self.said: list[str] = []
        self.done: list[str] = []

    def note(self, text: str) -> None:
        if "% power" not in text:  # what a plan says of its size
            self.said.append(text)

    def started(self, title: str):
        self.done.append(title)
        return super().started(title)


@pytest.fixture
def notes() -> Notes:
    return Notes()


def generated(spec: RunSpec, runs: Path, arm: str = "a") -> Entry:
    return entry_of(runs / CACHE, build_graph(spec).find("generate", arm))


def replaced(path: Path, content: bytes) -> None:
    """Write a file anew: the run folder's link to the old one stays as it is."""
    path.unlink()
    path.write_bytes(content)


HARM = {
    "half of it": lambda path: replaced(path, b"".join(path.read_bytes().splitlines(True)[:3])),
    "empty": lambda path: replaced(path, b""),
    "its tail zeros": lambda path: replaced(path, path.read_bytes()[:-40] + bytes(40)),
    "gone": lambda path: path.unlink(),
    "described by nothing": lambda path: replaced(path.with_name("stage.json"), b""),
    "described by zeros": lambda path: replaced(path.with_name("stage.json"), bytes(900)),
    "not described": lambda path: path.with_name("stage.json").unlink(),
}


@pytest.mark.parametrize("harm", HARM)
@pytest.mark.parametrize("downstream", [True, False], ids=["with the rest", "alone"])
def test_a_damaged_stage_is_kept_aside_and_made_again(recipe, runs, notes, harm, downstream):
    result = run(recipe(), runs=runs, workers=1)
    entry = generated(recipe(), runs)
    before = (entry.folder / "samples.jsonl").read_bytes()
    HARM[harm](entry.folder / "samples.jsonl")
    if not downstream:
        for kind in ("score", "report"):
            shutil.rmtree(runs / CACHE / kind)
    again = run(recipe(), runs=runs, workers=1, observer=notes)
    (kept,) = (runs / CACHE / "decode").glob("*.damaged")
    (said,) = notes.said
    assert said.startswith("generate a was damaged and is made again: ") and str(kept) in said
    assert "generate a" in notes.done and len(notes.done) == (1 if downstream else 4)
    assert (entry.folder / "samples.jsonl").read_bytes() == before
    assert (again.folder.path / "generate/a/samples.jsonl").read_bytes() == before
    assert again.results == result.results
    assert collect_garbage(runs)[0] == 1 and not kept.exists()


def test_two_exchanged_stages_are_both_made_again(recipe, runs, notes):
    result = run(recipe(), runs=runs, workers=1)
    one, other = (generated(recipe(), runs, arm).folder for arm in "ab")
    one.rename(runs / "x")
    other.rename(one)
    (runs / "x").rename(other)
    again = run(recipe(), runs=runs, workers=1, observer=notes)
    assert notes.done == ["generate a", "generate b"] and len(notes.said) == 2
    assert again.results == result.results


def test_a_plan_does_not_count_what_is_damaged(recipe, runs):
    run(recipe(), runs=runs, workers=1)
    HARM["empty"](generated(recipe(), runs).folder / "samples.jsonl")
    assert plan(recipe(), runs=runs).left == 1


def test_a_stray_file_is_nobodys_output(recipe, runs, notes):
    entry = generated(recipe(), runs)
    run(recipe(), runs=runs, workers=1)
    (entry.folder / "stray.jsonl").write_text("{}\n")
    folder = run(recipe(), runs=runs, workers=1, observer=notes).folder.path
    assert not notes.done and not (folder / "generate/a/stray.jsonl").exists()


def shortened(entry: Entry, keep: int) -> None:
    """Leave so many records, and a description that says it is all: what an old fault may leave."""
    samples = entry.folder / "samples.jsonl"
    rows = b"".join(samples.read_bytes().splitlines(True)[:keep])
    about = entry.about()
    shutil.rmtree(entry.folder)
    (entry.begin() / "samples.jsonl").write_bytes(rows)
    entry.complete(about)


@pytest.mark.parametrize(("keep", "missing"), [(3, 3), (0, 6), (6, 0)])
def test_the_audit_misses_what_was_planned_and_is_not_there(recipe, runs, keep, missing):
    spec = recipe({"a": recipe().arms["a"]}, stages=(AUDITED[0], AUDITED[2].model_copy(
        update={"needs": ("generate",)})))  # fmt: skip
    run(spec, runs=runs, workers=1)
    shortened(generated(spec, runs), keep)
    shutil.rmtree(runs / CACHE / "audit")
    folder = run(spec, runs=runs, workers=1).folder.path
    checks = json.loads((folder / "audit/a/audit.json").read_text())["checks"]
    (found,) = (one for one in checks if one["check"] == "missing_sample")
    assert (found["found"], found["of"], found["passed"]) == (missing, 6, not missing)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda rows: rows[:3], "it holds 3 records, and 6 problems were asked"),
        (lambda rows: [], "it holds 0 records"),
        (lambda rows: [rows[1], rows[0], *rows[2:]], "in the place of"),
        (lambda rows: [*rows[:5], rows[0]], "in the place of"),
        (lambda rows: [*rows, rows[0]], "it holds 7 records"),
    ],
    ids=["half", "none", "exchanged", "doubled", "one more"],
)
def test_scores_are_of_what_was_planned(recipe, runs, change, says):
    spec = recipe({"a": recipe().arms["a"]}, stages=AUDITED[:2])
    run(spec, runs=runs, workers=1)
    entry = generated(spec, runs)
    rows, about = (entry.folder / "samples.jsonl").read_bytes().splitlines(True), entry.about()
    shutil.rmtree(entry.folder)
    (entry.begin() / "samples.jsonl").write_bytes(b"".join(change(rows)))
    entry.complete(about)
    shutil.rmtree(runs / CACHE / "score")
    with pytest.raises(RunError, match=says) as caught:
        run(spec, runs=runs, workers=1)
    assert str(entry.folder) in caught.value.message and "delete" in str(caught.value.hint)


def test_the_problems_of_a_stage_of_its_own_number_are_those_that_it_asks(recipe, runs):
    few = StageSpec(name="generate", kind="decode", options={"problems": 2})
    spec = recipe({"a": recipe().arms["a"]}, stages=(few, *AUDITED[1:]))
    folder = run(spec, runs=runs, workers=1).folder.path
    checks = json.loads((folder / "audit/a/audit.json").read_text())["checks"]
    assert not [one for one in checks if one["check"] == "missing_sample" and not one["passed"]]


@pytest.mark.timeout(90)  # what it tests against is a wait without end
def test_an_input_that_goes_while_others_wait_for_it_is_made_again(
    recipe, runs, notes, monkeypatch
):
    """Nothing else would make it: it was whole when the run began."""
    spec = recipe()
    graph, entry = build_graph(spec), generated(spec, runs)
    run(spec, runs=runs, workers=1)
    shutil.rmtree(runs / CACHE / "score")
    advance, removed = module.advance, []

    def removing(node, *more):
        if not removed:
            removed.append(shutil.rmtree(entry.folder))
        return advance(node, *more)

    monkeypatch.setattr(module, "advance", removing)
    left = {node.fingerprint for node in graph if node.stage.kind == "score"}
    execute(graph, runs / CACHE, notes, wanted=lambda node: node.fingerprint in left)
    assert notes.said == ["the output of generate a has gone; it is made again"]
    assert entry.whole and all(entry_of(runs / CACHE, node).whole for node in graph)


@pytest.mark.parametrize("fails", [True, False], ids=["and it fails", "and it does not notice"])
def test_an_input_that_goes_under_a_stage_is_made_again(recipe, runs, notes, monkeypatch, fails):
    spec = recipe({"a": recipe().arms["a"]})
    from llmx.stages.score import ScoreStage

    entry, score, removed = generated(spec, runs), ScoreStage.run, []

    def losing(stage, context):
        if not fails:
            score(stage, context)
        if not removed:
            removed.append(shutil.rmtree(entry.folder))
        if fails:
            score(stage, context)

    monkeypatch.setattr(ScoreStage, "run", losing)
    run(spec, runs=runs, workers=1, observer=notes)
    assert notes.done.count("generate a") == 2 and notes.done.count("score a") == 2
    assert entry.whole and "has gone" in notes.said[0]


def test_a_failure_with_whole_inputs_is_a_failure(recipe, runs, monkeypatch):
    def fail(*_):
        raise StoreError("no luck")

    monkeypatch.setattr(DecodeStage, "run", fail)
    with pytest.raises(StoreError, match="no luck"):
        run(recipe(), runs=runs, workers=1)


def test_what_another_version_of_the_code_has_begun_is_kept(recipe, runs, monkeypatch):
    spec = recipe()
    planned = plan(spec, runs=runs)
    open_folder(folder_for(runs, spec), spec, planned.graph)
    entry = generated(spec, runs)
    (entry.begin() / "samples.jsonl").write_text("")
    entry.complete({})
    monkeypatch.setattr(DecodeStage, "version", 99)
    assert not entry_of(runs / CACHE, build_graph(spec).find("generate", "a")).whole
    assert collect_garbage(runs) == (0, 0) and entry.whole
    remove_run(runs, folder_for(runs, spec).name)
    assert collect_garbage(runs)[0] == 1


def test_of_a_run_that_kept_no_list_the_graph_says_what_it_owns(recipe, runs):
    spec = recipe()
    open_folder(folder_for(runs, spec), spec, build_graph(spec))
    (folder_for(runs, spec).path / "stages.json").unlink()
    entry = generated(spec, runs)
    entry.begin()
    entry.complete({})
    assert collect_garbage(runs) == (0, 0) and entry.whole


@pytest.mark.parametrize("content", ["[1]", "{", '[{"x": 1}]', '{"x": 1}'])
def test_a_damaged_list_stops_gc(recipe, runs, content):
    run(recipe(), runs=runs, workers=1)
    (list_runs(runs)[0].path / "stages.json").write_text(content)
    with pytest.raises(StoreError, match=r"stages\.json"):
        collect_garbage(runs)


def test_rm_and_gc_refuse_beside_a_run_and_do_not_once_it_has_ended(recipe, runs):
    folder = run(recipe(), runs=runs, workers=1).folder
    with going_on(folder.path), going_on(folder.path):  # two of one command
        for delete in (lambda: remove_run(runs, folder.name), lambda: collect_garbage(runs)):
            with pytest.raises(StoreError, match=f"the run {folder.name} is in progress"):
                delete()
    assert collect_garbage(runs) == (0, 0)
    remove_run(runs, folder.name)
    assert not folder.path.exists() and collect_garbage(runs)[0] == 5


def test_scratch_files_go_with_the_next_run_and_with_gc(recipe, runs):
    folder = run(recipe(), runs=runs, workers=1).folder.path
    for begin in (lambda: run(recipe(), runs=runs, workers=1), lambda: collect_garbage(runs)):
        left = [folder / ".spec.json.7.tmp", folder / "generate" / "a" / ".samples.jsonl.7.tmp"]
        for path in left:
            path.write_text("half")
        with going_on(folder), going_on(folder):
            pass  # the first of them sweeps
        assert not any(path.exists() for path in left)
        left[1].write_text("half")
        begin()
        assert not left[1].exists()


def test_of_a_run_that_another_process_writes_nothing_is_swept(recipe, runs):
    folder = run(recipe(), runs=runs, workers=1).folder.path
    with going_on(folder):
        (folder / ".spec.json.7.tmp").write_text("half")
        with going_on(folder):
            assert (folder / ".spec.json.7.tmp").exists()


def test_of_a_run_folder_that_is_a_link_the_link_goes(recipe, runs, tmp_path):
    folder = run(recipe(), runs=runs, workers=1).folder.path
    folder.rename(tmp_path / "far")
    folder.symlink_to(tmp_path / "far")
    assert remove_run(runs, folder.name) == tmp_path / "far"
    assert not folder.is_symlink() and (tmp_path / "far" / "spec.json").exists()


def test_gc_does_not_count_links(recipe, runs, tmp_path):
    run(recipe(), runs=runs, workers=1)
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "data").write_text("12345")
    link = runs / CACHE / "decode" / "0123456789abcdef0123"
    link.symlink_to(tmp_path / "far")
    assert collect_garbage(runs) == (0, 0)
    assert link.is_symlink() and (tmp_path / "far" / "data").exists()
