"""Run folders: found again by meaning, kept apart from the cache, deleted without harm."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dated import DATED, undated

from llmx.core.errors import LlmxError, StoreError
from llmx.core.spec import RunSpec
from llmx.graph.execute import missing
from llmx.graph.folder import folder_for, list_runs, open_folder
from llmx.graph.graph import CACHE, build_graph, entry_of
from llmx.graph.plan import plan
from llmx.runs.cleanup import collect_garbage, remove_run
from llmx.runs.run import load_run, run
from llmx.store.lock import Lock

Recipe = Callable[..., RunSpec]


@pytest.fixture
def finished(recipe: Recipe, runs: Path):
    """One run that has reached its end."""
    return run(recipe(), runs=runs, workers=1)


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def undated_tree(folder: Path) -> dict[str, bytes]:
    return {name: undated(folder / name) for name in tree(folder) if name not in DATED}


def outputs(runs: Path) -> set[str]:
    return {path.parent.name for path in (runs / CACHE).glob("*/*/stage.json")}


ACCIDENTS = {"overrides": ("seed=1",), "notes": ("hm",), "source": "/x.yaml", "description": "d"}


@pytest.mark.parametrize("field", ACCIDENTS)
def test_what_does_not_change_the_meaning_keeps_the_folder(recipe: Recipe, field: str) -> None:
    one, other = recipe(), recipe(**{field: ACCIDENTS[field]})
    assert folder_for(Path("r"), one) == folder_for(Path("r"), other)


@pytest.mark.parametrize(
    "change",
    [
        lambda spec: {"name": "other"},
        lambda spec: {"reference": "b"},
        lambda spec: {"stages": spec.stages[:2]},
        lambda spec: {"arms": {"a": spec.arms["a"]}},
        lambda spec: {"arms": {**spec.arms, "a": spec.arms["a"].model_copy(update={"seed": 1})}},
    ],
    ids=["name", "reference", "stages", "fewer arms", "seed of an arm"],
)
def test_another_meaning_has_another_folder(recipe: Recipe, change: Callable) -> None:
    spec = recipe()
    other = spec.model_copy(update=change(spec))
    assert folder_for(Path("r"), spec) != folder_for(Path("r"), other)


def test_the_limit_is_part_of_the_meaning(recipe: Recipe, runs: Path) -> None:
    folders = [plan(recipe(), runs=runs, limit=limit).folder for limit in (3, 4, None, 99)]
    assert len(set(folders)) == 3 and folders[2] == folders[3]


def test_a_run_folder_holds_all_that_was_asked_for(finished, recipe: Recipe) -> None:
    files = set(tree(finished.folder.path))
    samples = {f"generate/{arm}/{name}" for arm in "ab" for name in ("samples.jsonl",)}
    scores = {f"score/{arm}/scores.jsonl" for arm in "ab"}
    top = {"spec.json", "manifest.json", "results.json", "report.html", "report.md", "plot.svg"}
    assert samples | scores | top <= files
    assert finished.folder.finished and finished.results is not None
    assert finished.folder.spec().arms.keys() == {"a", "b"}


def test_the_manifest_says_why_a_number_may_differ(finished) -> None:
    manifest = finished.folder.manifest()
    facts = {"written", "seconds", "command", "code", "packages", "machine", "seeds", "stages"}
    assert facts <= set(manifest)
    stands_for = {name for stage in manifest["stages"] for name in stage["stands_for"]}
    assert stands_for == {"generate/a", "generate/b", "score/a", "score/b", "report"}
    for stage in manifest["stages"]:
        assert stage["files"] and len(stage["fingerprint"]) == 20


def test_samples_are_linked_not_copied(finished, runs: Path) -> None:
    graph = build_graph(finished.spec)
    for arm in "ab":
        inside = entry_of(runs / CACHE, graph.find("generate", arm)).folder / "samples.jsonl"
        assert (finished.folder.path / "generate" / arm / "samples.jsonl").samefile(inside)


def test_a_file_system_without_links_gets_copies(
    recipe: Recipe, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    folder = run(recipe(), runs=runs, workers=1).folder.path
    assert (folder / "generate/a/samples.jsonl").stat().st_nlink == 1
    assert len((folder / "generate/a/samples.jsonl").read_text().splitlines()) == 6


def test_a_second_run_reuses_everything_and_changes_nothing(
    finished, recipe: Recipe, runs: Path, log
) -> None:
    before = tree(runs / CACHE)
    again = run(recipe(), runs=runs, workers=1, observer=log)
    assert again.folder == finished.folder
    assert (log.done, len(log.kept)) == ([], 5)
    assert tree(runs / CACHE) == before


def test_another_recipe_shares_what_means_the_same(
    finished, recipe: Recipe, arm: Callable, runs: Path, log
) -> None:
    arms = {"mine": finished.spec.arms["a"], "new": arm("It is 8.\n#### 8")}
    run(recipe(arms, name="other"), runs=runs, workers=1, observer=log)
    assert log.kept == ["generate mine", "score mine"]
    assert log.done == ["generate new", "score new", "report"]


def test_a_deleted_run_folder_comes_back_without_work(
    finished, recipe: Recipe, runs: Path, log
) -> None:
    before = undated_tree(finished.folder.path)
    remove_run(runs, finished.folder.name)
    run(recipe(), runs=runs, workers=1, observer=log)
    assert log.done == []
    assert undated_tree(finished.folder.path) == before


def test_a_deleted_stage_output_alone_is_made_again(
    finished, recipe: Recipe, runs: Path, log
) -> None:
    before = (finished.folder.path / "generate/a/samples.jsonl").read_bytes()
    graph = build_graph(finished.spec)
    shutil.rmtree(entry_of(runs / CACHE, graph.find("generate", "a")).folder)
    again = run(recipe(), runs=runs, workers=1, observer=log)
    assert log.done == ["generate a"]
    assert (again.folder.path / "generate/a/samples.jsonl").read_bytes() == before


def test_runs_are_listed_newest_first_and_found_by_their_beginning(
    finished, recipe: Recipe, runs: Path
) -> None:
    other = run(recipe(name="tiny2"), runs=runs, workers=1)
    os.utime(finished.folder.path / "spec.json", (1, 1))
    assert [one.name for one in list_runs(runs)] == [other.folder.name, finished.folder.name]
    assert load_run("tiny-", runs=runs).folder == finished.folder
    assert load_run("", runs=runs).folder == other.folder
    assert load_run(str(finished.folder.path), runs=runs).spec == finished.spec


def foreign(runs: Path) -> str:
    (runs / "holiday").mkdir(parents=True)
    (runs / "holiday" / "photo.txt").write_text("sea")
    return "holiday"


def unfinished(runs: Path) -> str:
    (runs / "half").mkdir(parents=True)
    (runs / "half" / "spec.json").write_text("{}")
    return "half"


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda runs: "nothing", "no run 'nothing' under"),
        (foreign, "no run 'holiday' under"),
        (unfinished, "spec.json was not written by this version"),
    ],
    ids=["no such run", "a folder that is no run", "a run of another version"],
)
def test_a_run_that_cannot_be_loaded_is_one_line(runs: Path, make: Callable, says: str) -> None:
    with pytest.raises(StoreError) as caught:
        load_run(make(runs), runs=runs)
    assert says in caught.value.message and "\n" not in str(caught.value)


def test_a_mistyped_run_names_the_nearest(finished, runs: Path) -> None:
    name = finished.folder.name
    for wrong in (load_run, lambda text, runs: remove_run(runs, text)):
        with pytest.raises(StoreError, match=f"did you mean {name}") as caught:
            wrong(name[1:], runs=runs)
        assert caught.value.exit_code == 2


def test_rm_takes_whole_names_only(finished, runs: Path) -> None:
    with pytest.raises(StoreError):
        remove_run(runs, finished.folder.name[:6])
    assert finished.folder.path.exists()


def test_rm_leaves_the_stage_outputs_and_gc_takes_them(finished, runs: Path) -> None:
    assert collect_garbage(runs) == (0, 0)
    remove_run(runs, finished.folder.name)
    assert len(outputs(runs)) == 5
    count, freed = collect_garbage(runs)
    assert count == 5 and freed > 1000
    assert outputs(runs) == set() and collect_garbage(runs) == (0, 0)


def test_gc_keeps_what_another_run_uses(finished, recipe: Recipe, runs: Path) -> None:
    other = run(recipe({"a": finished.spec.arms["a"]}, name="other"), runs=runs, workers=1)
    used = {node.fingerprint for node in build_graph(other.spec)}
    remove_run(runs, finished.folder.name)
    assert collect_garbage(runs)[0] == 3  # generate b, score b, the report of both
    assert outputs(runs) == used


def test_gc_leaves_the_linked_files_of_a_run_whole(finished, runs: Path) -> None:
    before = tree(finished.folder.path)
    shutil.rmtree(runs / CACHE)
    assert tree(finished.folder.path) == before


def test_gc_keeps_what_a_live_process_holds(finished, runs: Path) -> None:
    node = build_graph(finished.spec).nodes[0]
    entry = entry_of(runs / CACHE, node)
    remove_run(runs, finished.folder.name)
    lock: Lock = entry.lock
    assert lock.try_acquire()
    assert collect_garbage(runs)[0] == 4
    assert entry.whole
    lock.release()
    assert collect_garbage(runs)[0] == 1


def half_done(recipe: Recipe, runs: Path) -> Iterator[Path]:
    """Leave a run as a kill would: its folder open, one stage whole, one partial."""
    planned = plan(recipe(), runs=runs)
    open_folder(folder_for(runs, planned.spec), planned.spec, planned.graph)
    first, second = planned.graph.nodes[:2]
    for node in (first, second):
        entry = entry_of(runs / CACHE, node)
        (entry.begin() / "samples.jsonl").write_text('{"id": "x"}\n')
        yield entry.partial
    entry_of(runs / CACHE, first).complete({"seconds": 1.0, "identity": {}})


def test_an_unfinished_run_owns_its_stages(recipe: Recipe, runs: Path) -> None:
    _, partial = half_done(recipe, runs)
    assert collect_garbage(runs) == (0, 0)
    assert partial.exists() and len(outputs(runs)) == 1


def test_partial_outputs_of_no_run_are_garbage(recipe: Recipe, runs: Path) -> None:
    list(half_done(recipe, runs))
    (folder,) = list_runs(runs)
    remove_run(runs, folder.name)
    assert collect_garbage(runs)[0] == 2
    assert not list((runs / CACHE).rglob("*.partial"))


def test_an_unfinished_run_goes_on(recipe: Recipe, runs: Path, log) -> None:
    spec = recipe()
    graph = plan(spec, runs=runs).graph
    half = entry_of(runs / CACHE, graph.nodes[0]).begin()
    (half / "samples.jsonl").write_text('{"torn": ')
    open_folder(folder_for(runs, spec), spec, graph)
    result = run(spec, runs=runs, workers=1, observer=log)
    assert result.folder.finished and not missing(runs / CACHE, graph)
    rows = (result.folder.path / "generate/a/samples.jsonl").read_text().splitlines()
    assert len({json.loads(row)["id"] for row in rows}) == 6


def test_the_command_in_the_manifest_holds_no_secret(
    recipe: Recipe, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["llmx", "run", "recipe=tiny", "engine.api_key=sk-123"])
    folder = run(recipe(), runs=runs, workers=1).folder
    assert folder.manifest()["command"] == ["llmx", "run", "recipe=tiny", "engine.api_key=…"]
    assert all(b"sk-123" not in content for content in tree(folder.path).values())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_one_line(recipe: Recipe, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    with pytest.raises(LlmxError, match="cannot write"):
        run(recipe(), runs=locked / "runs", workers=1)


def test_a_file_where_the_runs_should_be_is_one_line(recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LlmxError, match="cannot write") as caught:
        run(recipe(), runs=tmp_path / "file", workers=1)
    assert caught.value.hint == "choose a folder with --runs DIR"


@pytest.mark.parametrize("name", ["manifest.json", "results.json"])
@pytest.mark.parametrize(
    "content",
    ['{"x": 1}', "[1]", '{"torn": '],
    ids=["foreign", "a list", "torn"],
)
def test_a_damaged_run_is_one_line(finished, runs: Path, name: str, content: str) -> None:
    from llmx.cli.result import show_result

    path = finished.folder.path / name
    path.unlink()  # a link into the cache: writing into it would damage both
    path.write_text(content)
    with pytest.raises(LlmxError) as caught:
        show_result(load_run(finished.folder.name, runs=runs))
    assert str(path) in caught.value.message and "\n" not in caught.value.message


@pytest.mark.parametrize(
    "content",
    ["{}", "[1]", '{"torn": '],
    ids=["foreign", "a list", "torn"],
)
def test_gc_deletes_nothing_while_it_cannot_tell_what_a_run_uses(
    finished, runs: Path, content: str
) -> None:
    (runs / "half").mkdir()
    (runs / "half" / "spec.json").write_text(content)
    with pytest.raises(LlmxError, match="half"):
        collect_garbage(runs)
    assert len(outputs(runs)) == 5


def test_an_unfinished_run_says_how_to_go_on(recipe: Recipe, runs: Path) -> None:
    spec = recipe().model_copy(update={"overrides": ("seed=1", "arms=[a]")})
    folder = folder_for(runs, spec)
    open_folder(folder, spec, build_graph(spec))
    with pytest.raises(StoreError) as caught:
        load_run(folder.name, runs=runs)
    assert caught.value.message == f"the run {folder.name} is unfinished, 0 of 5 stages"
    assert caught.value.hint == f"to resume: llmx run recipe={spec.name} seed=1 'arms=[a]'"
