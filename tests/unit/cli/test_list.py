"""``llmx list``: what can be named, for people and for scripts; ``describe`` on scales."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from llmx.config.index import choices, entries, papers
from llmx.config.listing import SORTS, listing
from llmx.core.registry import kinds

Llmx = Callable[..., Result]
KNOWN = {
    "models": choices("model"),
    "data": choices("data"),
    "samplers": choices("sampler"),
    "scorers": sorted(kinds("scorer")),
    "stages": sorted(kinds("stage")),
}


def test_every_sort_is_tested_or_is_papers() -> None:
    assert set(SORTS) == {*KNOWN, "papers"}


@pytest.mark.parametrize("what", KNOWN)
def test_a_sort_has_all_of_it_each_with_a_sentence(llmx: Llmx, what: str) -> None:
    rows = json.loads(llmx("list", what, "--json").stdout)
    assert [row["name"] for row in rows] == KNOWN[what]
    for row in rows:
        assert 15 < len(row["what it is"]) < 300 and "\n" not in row["what it is"], row
    shown = llmx("list", what).stdout
    assert all(name in shown for name in KNOWN[what])


def test_models_say_what_they_are() -> None:
    (zoo,) = [row for row in listing("models") if row["name"] == "zoo_gsm"]
    assert (zoo["target"], zoo["draft"]) == ("zoo:gsm_target", "zoo:gsm_draft")


def test_papers_have_their_titles_and_recipes() -> None:
    rows = listing("papers")
    assert {name for row in rows for name in row["name"].split(", ")} == set(papers())
    for row in rows:
        assert row["title"] and all(
            name.split("_")[0] in papers() for name in row["recipes"].split(", ")
        )


def test_recipes_as_json_are_what_the_index_knows(llmx: Llmx) -> None:
    rows = json.loads(llmx("list", "--json").stdout)
    assert rows == json.loads(llmx("list", "recipes", "--json").stdout)
    assert [row["name"] for row in rows] == [entry.name for entry in entries()]
    assert all(row["needs"] in ("offline", "hub", "endpoint") for row in rows)
    (one,) = [row for row in rows if row["name"] == "gsm_answers"]
    assert 5 < one["laptop_seconds"] < 600 and one["arms"] == ["greedy", "sampled"]


def test_of_a_recipe_of_ones_own_time_and_needs_are_not_known(llmx: Llmx, tmp_path: Path) -> None:
    """Even if it is called as one that ships."""
    (path,) = (Path(entry.path) for entry in entries() if entry.name == "zoo_gsm")
    own = tmp_path / "mine" / "benchmark" / "gsm_answers2.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(path.read_text().replace("name: zoo_gsm", "name: gsm_answers2"))
    rows = json.loads(llmx("list", "--json", "--recipes", str(tmp_path / "mine")).stdout)
    (one,) = [row for row in rows if row["name"] == "gsm_answers2"]
    assert (one["laptop_seconds"], one["needs"]) == (None, None)
    (line,) = [
        x
        for x in llmx("list", "--recipes", f"{tmp_path}/mine").stdout.splitlines()
        if "answers2" in x
    ]
    assert "not known" in line


@pytest.mark.parametrize(
    ("word", "says"), [("modles", "models"), ("scorer", "scorers"), ("x", "known"), ("", "")]
)
def test_a_sort_that_is_none_is_one_line(llmx: Llmx, word: str, says: str) -> None:
    done = llmx("list", word)
    assert done.exit_code == 2 and says in done.stderr and done.stderr.count("\n") == 1


def test_the_plain_list_loads_nothing_heavy() -> None:
    code = "from llmx.cli import main\ntry: main()\nexcept SystemExit: pass\n"
    code += "import sys; print('LOADED', *sys.modules)"
    for _ in range(2):  # the first reads the files and keeps what they say
        command = [sys.executable, "-c", code, "list"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.rpartition("LOADED")[2].split())
    assert not loaded & {"hydra", "omegaconf", "numpy", "torch", "transformers"}


def test_describe_says_how_large_each_scale_is(llmx: Llmx) -> None:
    lines = llmx("describe", "fsd_gsm8k").stdout.splitlines()
    rows = [line.split() for line in lines if line.split()[:1] in (["smoke"], ["laptop"], ["desk"])]
    sizes = {row[0]: row[1:3] for row in rows}
    assert sizes["smoke"] == ["4", "1"] and sizes["desk"] == ["1,000", "3"]
    assert 100 < int(sizes["laptop"][0].replace(",", "")) < 1000


def test_describe_shows_a_deviation_once_with_its_scales(llmx: Llmx) -> None:
    text = llmx("describe", "fsd_gsm8k").stdout
    assert text.count("templated problems instead of") == 1
    assert "smoke, laptop, desk " in text


def test_a_recipe_that_cannot_be_planned_is_described_all_the_same(llmx: Llmx, tmp_path) -> None:
    path = tmp_path / "mine" / "decode" / "odd.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(
        "defaults:\n  - override /model: zoo_gsm\n  - override /data: gsm_symbolic\nname: odd\n"
        "stages:\n  generate: {kind: decode}\narms:\n  one: [sampler=target]\n"
        "scales:\n  paper: [model.target=./nowhere]\n"
    )
    done = llmx("describe", "odd", "--recipes", str(tmp_path / "mine"))
    assert done.exit_code == 0 and "Traceback" not in done.output
    (paper,) = [line for line in done.stdout.splitlines() if line.split()[:1] == ["paper"]]
    assert "–" in paper and "nowhere" in paper
