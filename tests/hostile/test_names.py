"""Names are not paths: one rule for what people call things, and where it is broken."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangers import DECODE, files_below, recipe, refused
from typer.testing import Result

from llmx.core.names import MOST, family, fault, made_fault, seed_of, shortened

Command = Callable[..., Result]
GOOD = ["a", "sd", "fsd_h_mid", "A-1", "_x", "9", "v1.2", "a.b-c_d", "x" * MOST, "a-"]
BAD = {
    "empty": "",
    "dot": ".",
    "dots": "..",
    "climbs": "../../../escaped/generate",
    "climbs inside": "a/../../b",
    "absolute": "/var/tmp/llmx-escaped-abs",
    "home": "~",
    "folder": "a/b",
    "other slash": "a\\b",
    "star": "*",
    "question": "a?",
    "dot first": ".hidden",
    "dot last": "a.",
    "flag": "--help",
    "space": "a b",
    "line": "a\nb",
    "line last": "a\n",
    "tab": "a\tb",
    "NUL": "a\0b",
    "escape": "a\x1b[31mb",
    "turned": "a\u202eb",
    "letter of another script": "аrm",
    "digit of another script": "a٣",
    "long": "a" * 300,
    "one too long": "a" * (MOST + 1),
    "made only": "sd@gamma=3",
    "a file of a run": "spec.json",
    "a page": "report.md",
    "a page in capitals": "Report.HTML",
    "a stage at work": "decode.partial",
    "the cache": "cache",
    "the pages": "pages",
    "variable": "$HOME",
    "key": "${oc.env:HOME}",
    "html": "<script>",
    "colon": "a:b",
    "comma": "a,b",
    "quote": "a'b",
}


@pytest.mark.parametrize("name", GOOD)
def test_a_name(name: str) -> None:
    assert fault(name) == "" and made_fault(name) == ""


@pytest.mark.parametrize("name", BAD.values(), ids=BAD)
def test_no_name(name: str) -> None:
    assert fault(name)


@given(st.text(max_size=100))
def test_a_name_is_one_part_of_a_path(name: str) -> None:
    if not fault(name):
        assert Path("runs", name).parts == ("runs", name) and name.isascii() and name.isprintable()


@pytest.mark.parametrize("name", BAD.values(), ids=BAD)
@pytest.mark.parametrize("place", ["stages", "arms", "scales"])
def test_a_bad_name_is_refused_at_its_line(
    run: Command, here: Path, tmp_path: Path, place: str, name: str
) -> None:
    held = {"stages": DECODE, "arms": ["sampler=greedy"], "scales": ["seed=1"]}[place]
    path = recipe("stranger", **{place: {name: held}})
    lines = path.read_text().splitlines()
    line = lines.index(f"{place}:") + 2
    before = files_below(tmp_path)
    refused(run("stranger"), f"stranger.yaml:{line}: ", f"cannot be a name in {place}")
    assert files_below(tmp_path) == before


@pytest.mark.parametrize("stem", ["a b", "$HOME", "a\x1b[31m", "report.html", "cache", "x" * 81])
def test_a_recipe_s_file_gives_it_its_name(run: Command, stem: str) -> None:
    recipe(stem)
    refused(run(f"./{stem}.yaml", "--dry-run") if "$" not in stem else run(stem), "be called")


@pytest.mark.parametrize("key", ["claims", "scale"])
@pytest.mark.parametrize("name", ["../../x", "/etc/passwd", "a\0b", "a" * 300, "a\x1b"])
def test_what_a_recipe_names_beside_itself(run: Command, key: str, name: str) -> None:
    lines = recipe("stranger", **{key: name}).read_text().splitlines()
    line = next(at for at, text in enumerate(lines, 1) if text.startswith(f"{key}:"))
    refused(run("stranger"), f"stranger.yaml:{line}: ")


@pytest.mark.parametrize(
    "word",
    ["scale=../x", "arms=[../x]", "arms.../x.seed=1", "stages.../x.split=test", "judge=../x"],
)
def test_a_command_names_none_either(llmx: Command, tmp_path: Path, word: str) -> None:
    recipe("stranger")
    before = files_below(tmp_path)
    done = llmx("run", "recipe=./stranger.yaml", "--runs", "runs", word)
    assert done.exit_code == 2 and isinstance(done.exception, SystemExit), done.output
    assert files_below(tmp_path) == before


@pytest.mark.parametrize("verb", [["runs", "rm"], ["report"], ["compare", "a"], ["reproduce"]])
@pytest.mark.parametrize("name", ["../x", "/etc", "..", "a\0b", "a" * 300, "a/../../b", "\x1b[2J"])
def test_nothing_is_found_under_a_bad_name(llmx: Command, verb: list[str], name: str) -> None:
    done = llmx(*verb, name, "--runs", "runs")
    assert done.exit_code == 2 and isinstance(done.exception, SystemExit), done.output
    assert "\x1b" not in done.output


def test_every_recipe_that_comes_along_obeys() -> None:
    from llmx.config.index import entries
    from llmx.config.places import group_files, roots

    for entry in entries():
        assert not entry.error, entry.error
        assert not any(map(fault, [entry.name, *entry.arms, *entry.scales]))
    assert not any(fault(name.partition("/")[2]) for name in group_files(roots()))


LONG = "sd@" + "@".join(f"key_{at}=a_long_value_of_a_sweep" for at in range(5))


def test_a_long_point_ends_in_a_hash_and_keeps_its_family() -> None:
    first, second = (shortened(f"{LONG}@seed={seed}") for seed in (1, 2))
    other = shortened(f"{LONG}x@seed=1")
    assert len({first, second, other}) == 3
    assert family(first) == family(second) != family(other)
    assert (seed_of(first), seed_of(second)) == ("seed=1", "seed=2")
    assert all(len(name) <= MOST and not made_fault(name) for name in (first, second, other))


@given(st.lists(st.integers(1, 60), min_size=1, max_size=5), st.integers(0, 10**30))
def test_a_short_point_is_called_what_it_is(lengths: list[int], seed: int) -> None:
    point = "@".join(["a" * lengths[0], *(f"k={'.' * length}" for length in lengths[1:])])
    for name in (point, f"{point}@seed={seed}"):
        found = shortened(name)
        assert found == name if len(name) <= MOST else len(found) <= MOST


@given(st.lists(st.text(max_size=12), min_size=2, max_size=4, unique=True))
def test_a_swept_text_makes_a_name(values: list[str]) -> None:
    from llmx.config.points import Point, name_points

    key = "data.instruction"
    points = [Point("sd", "sd", {}, {}, {key: value}) for value in values]
    name_points(points)
    assert not any(made_fault(point.name) for point in points)


def test_a_sweep_over_a_long_name_runs(run: Command) -> None:
    recipe("stranger", arms={"g" * 76: ["sampler=greedy"]})
    done = run("stranger", "seed=1,2", "scale.problems=1")
    assert done.exit_code == 0, done.output
    kept = [path.name for path in Path("runs").glob("stranger-*/generate/*") if path.is_dir()]
    assert sorted(map(len, kept)) == [MOST, MOST] and len(set(map(family, kept))) == 1
