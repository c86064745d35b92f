"""``llmx runs check`` finds every byte that changed, names what rests on it, and moves it aside."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from llmx.cli.app import app
from llmx.core.errors import StoreError
from llmx.core.spec import RunSpec
from llmx.graph.folder import going_on, list_runs
from llmx.graph.graph import CACHE, build_graph, entry_of
from llmx.runs.check import check, repair
from llmx.runs.run import run
from llmx.store.cache import Entry

Recipe = Callable[..., RunSpec]


@pytest.fixture
def finished(recipe: Recipe, runs: Path):
    return run(recipe(), runs=runs, workers=1)


def generated(spec: RunSpec, runs: Path, arm: str = "a") -> Entry:
    return entry_of(runs / CACHE, build_graph(spec).find("generate", arm))


def flipped(path: Path, place: int | None = None) -> None:
    """Change one byte where it stands, so that every link to the file shows it."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if place is None else place] ^= 1
    path.write_bytes(bytes(content))


def test_a_sound_store_is_clean(finished, runs):
    found = check(runs)
    assert found.clean and found.outputs == 5 and repair(runs, found) == []
    assert check(runs, finished.folder.name).outputs == 5


def test_one_byte_of_any_file_is_found(finished, runs):
    files = [p for p in sorted((runs / CACHE).glob("*/*/*")) if p.name != "stage.json"]
    assert len(files) > 8
    chance = random.Random(3)
    for path in files:
        before, place = path.read_bytes(), chance.randrange(path.stat().st_size)
        flipped(path, place)
        (damage,) = check(runs).damages
        assert damage.entry.folder == path.parent
        assert damage.troubles == (f"{path.name} has other content",)
        path.write_bytes(before)
    assert check(runs).clean


def test_it_names_what_rests_on_it_and_who_uses_it(finished, runs):
    entry = generated(finished.spec, runs)
    flipped(entry.folder / "samples.jsonl")
    found = check(runs)
    (damage,) = found.damages
    assert damage.entry == entry
    assert sorted(one.kind for one in damage.rests) == ["report", "score"]
    assert found.runs == (finished.folder.name,)
    assert found.linked == {
        finished.folder.name: ("generate/a/samples.jsonl has other content",)
    }  # by its hard link


def test_repair_moves_all_of_it_aside_and_the_command_makes_it_again(finished, recipe, runs, log):
    before = (finished.folder.path / "generate/a/samples.jsonl").read_bytes()
    flipped(generated(finished.spec, runs).folder / "samples.jsonl")
    moved = repair(runs, check(runs))
    assert len(moved) == 3 and all(place.exists() for _, place in moved)
    again = run(recipe(), runs=runs, workers=1, observer=log)
    assert log.done == ["generate a", "score a", "report"]
    assert (again.folder.path / "generate/a/samples.jsonl").read_bytes() == before
    assert again.results == finished.results and check(runs).clean


def test_what_runs_do_not_use_is_read_too_and_other_runs_are_not(finished, recipe, arm, runs):
    other = run(recipe({"c": arm("It is 5.\n#### 5")}, name="other"), runs=runs, workers=1)
    flipped(generated(other.spec, runs, "c").folder / "samples.jsonl")
    assert check(runs, finished.folder.name).clean
    assert len(check(runs, other.folder.name).damages) == len(check(runs).damages) == 1


def test_a_file_of_the_run_folder_alone_comes_back_with_the_command(finished, recipe, runs):
    path = finished.folder.path / "report.md"
    path.unlink()
    path.write_text("I have won")
    found = check(runs)
    assert not found.damages and found.linked == {
        finished.folder.name: ("report.md has other content",)
    }
    run(recipe(), runs=runs, workers=1)
    assert check(runs).clean


@pytest.mark.parametrize("content", ["{", "{}"])
def test_a_damaged_manifest_is_a_line_among_others(finished, runs, content):
    (finished.folder.path / "manifest.json").write_text(content)
    ((line,),) = check(runs).linked.values()
    assert "manifest.json" in line


def test_half_of_a_run_is_read_as_far_as_it_is(finished, runs):
    (finished.folder.path / "manifest.json").unlink()
    assert check(runs).clean
    (finished.folder.path / "stages.json").write_text("[")
    assert check(runs).outputs == 5


def test_nothing_is_moved_beside_a_run_or_under_anothers_hands(finished, runs):
    entry = generated(finished.spec, runs)
    flipped(entry.folder / "samples.jsonl")
    found = check(runs)
    with going_on(finished.folder.path), pytest.raises(StoreError, match="is in progress"):
        repair(runs, found)
    lock = entry.lock
    assert lock.try_acquire()
    with pytest.raises(StoreError, match="another process works at"):
        repair(runs, found)
    assert entry.folder.exists()
    lock.release()


def llmx(runs: Path, *words: str):
    return CliRunner().invoke(app, [*words, "--runs", str(runs)])


def test_the_command_says_it_in_lines_and_by_its_exit_code(finished, runs):
    sound = llmx(runs, "runs", "check")
    assert (sound.exit_code, sound.stdout) == (0, "read 5 stage outputs\n")
    entry = generated(finished.spec, runs)
    flipped(entry.folder / "samples.jsonl")
    bad = llmx(runs, "runs", "check", finished.folder.name)
    assert bad.exit_code == 2
    for line in (
        f"decode/{entry.fingerprint}: samples.jsonl has other content",
        "rests on it",
        f"{finished.folder.name}: generate/a/samples.jsonl has other content",
    ):
        assert line in bad.stdout
    assert bad.stderr.count("\n") == 1 and "runs check --repair" in bad.stderr
    mended = llmx(runs, "runs", "check", "--repair")
    assert mended.exit_code == 0 and f"run again what made {finished.folder.name}" in mended.stdout
    assert llmx(runs, "runs", "check").exit_code == 2  # the run folder's links show it still


def test_an_unknown_run_is_one_line(finished, runs):
    found = llmx(runs, "runs", "check", "nothing")
    assert found.exit_code == 2 and "no run 'nothing'" in found.stderr


def test_rm_of_a_link_and_of_a_run_that_is_going_on(finished, runs, tmp_path):
    (one,) = list_runs(runs)
    with going_on(one.path):
        refused = llmx(runs, "runs", "rm", one.name)
    assert refused.exit_code == 2 and "is in progress" in refused.stderr
    one.path.rename(tmp_path / "far")
    one.path.symlink_to(tmp_path / "far")
    deleted = llmx(runs, "runs", "rm", one.name)
    assert deleted.exit_code == 0 and "deleted the link" in deleted.stdout


def test_what_rests_on_it_is_found_however_far(runs):
    """A chain, so that nothing but the one before is an input of each."""
    chain = [("decode", "a", ()), ("score", "b", "a"), ("audit", "c", "b"), ("report", "d", "c")]
    made = [Entry(runs / CACHE, kind, name) for kind, name, _ in chain]
    for entry, (_, _, inputs) in zip(made, chain, strict=True):
        (entry.begin() / "file").write_text("12345")
        entry.complete({"inputs": {f"need of {name}": name for name in inputs}})
    flipped(made[1].folder / "file")
    (damage,) = check(runs).damages
    assert damage.entry == made[1] and list(damage.rests) == made[2:]
