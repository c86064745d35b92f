"""A paper's page with trainings and with streams: our figures beside published ones."""

import base64
import re
from dataclasses import replace
from pathlib import Path

import pytest
from documents import Streamed, Streams, figures_beside, figures_of
from result_rows import results, row
from rich.console import Console
from trainings import arms

from llmx.claims.paper import load_paper
from llmx.claims.reproduce.card import Card
from llmx.claims.reproduce.html import html
from llmx.claims.reproduce.markdown import markdown
from llmx.claims.reproduce.page import page
from llmx.claims.reproduce.shown import drawn, run_tables
from llmx.claims.reproduce.stored import TRAINED, Stored, holds_results, keep, load_stored
from llmx.claims.reproduce.terminal import render
from llmx.core.errors import ConfigError
from llmx.core.figure import Span, joined
from llmx.core.record import as_json
from llmx.report.figures.trainings import of_trainings
from llmx.report.results import Results
from llmx.report.training.build import build
from llmx.report.training.page import pictures
from llmx.report.verdict.model import DECISIVE, Number, Verdict
from llmx.runs.reproduce import PaperPage, given_runs, write_page
from llmx.store.files import dumps, write_json


def card(recipe: str, scale: str = "desk") -> Card:
    return Card(run=f"{recipe}-1", recipe=recipe, scale=scale, written="2026-01-02", machine="one")


def optimum(
    name: str, best: float, low: float, high: float, seeds: int = 3, p: float | None = None
) -> Verdict:
    span = Span(estimate=best, low=low, high=high)
    number = Number(what="best k", arm=f"k{best:g}", span=span, unit="backtracks", p=p)
    return Verdict(id=name, word="shown here", reason="So.", numbers=(number,), seeds=seeds)


def trained(recipe: str = "countdown", *verdicts: Verdict, scale: str = "desk") -> Stored:
    report = build(arms(), "T", {}, "k0", 3, 0.5)
    texts = {f"{name}.svg": svg for name, svg in pictures(report).items()}
    accuracy = Span(estimate=0.3, low=0.25, high=0.35)
    rows = (row("k0", problems=60, seeds=3, accuracy=accuracy),)
    found, raw = results(*rows, title="R", reference="k0"), as_json(report)
    figures = joined([of_trainings(raw), figures_beside(found, verdicts)])
    texts = {TRAINED: dumps(raw), **texts}
    return Stored(Path(), card(recipe, scale), found, verdicts, (), None, texts, figures)


def streamed() -> Stored:
    ends = {"low": 0.92, "estimate": 0.93, "high": 0.94}
    ratio = {"low": 0.5, "estimate": 0.8, "high": 1.0}
    rows = [
        {"arm": "moa", "problems": 200, "ttft": 2.0},
        {"arm": "staircase", "problems": 200, "ttft": 0.1, "ttft_cut": ends, "speed": ratio},
    ]
    streams = Streams(arms=tuple(Streamed.model_validate(row) for row in rows))
    texts = {"ensemble.json": dumps(rows), "gantt.svg": "<svg><text>&lt;b&gt;</text></svg>"}
    empty = Results(title="moa", reference=None, rows=())
    return Stored(Path(), card("streams"), empty, (), (), None, texts, figures_of(streams))


def claim(quantity: str, unit: str, value: float | None, recipe: str, **ours: object) -> dict:
    return {
        "paper": "p", "table": "t", "setting": quantity, "metric": "m", "unit": unit,
        "relation": "eq", "value": value, "source": "table", "evidence": "paper",
        "ours": {"recipe": recipe, "quantity": quantity, **ours},
    }  # fmt: skip


def paper(*claims: dict, findings: tuple[dict, ...] = ()):
    document = {"paper": "p", "title": "P", "reference": "R", "claims": list(claims)}
    return load_paper({**document, "findings": list(findings)}, "p.yaml")


@pytest.mark.parametrize(
    ("value", "scale", "word"),
    [
        (30.0, "desk", "not comparable"),
        (60.0, "paper", "not reproduced"),
        (30.0, "paper", "within noise"),
        (None, "paper", "could not be read"),
    ],
)
def test_an_accuracy_of_one_arm_stands_beside_a_published_one(value, scale, word):
    known = paper(
        {**claim("own accuracy", "percent", value, "countdown", arm="k0"), "tolerance": 1.0}
    )
    (found,) = page(known, [trained(scale=scale)], {}).claims
    assert found.word == word
    assert "`k0` with an accuracy of 30.0 (25.0–35.0) %" in found.reason


@pytest.mark.parametrize(
    ("verdict", "word", "said"),
    [
        (optimum("o", 1, 1, 1), "reproduced", "1 backtrack is the most accurate:"),
        (optimum("o", 1, 0, 3), "within noise", "0 to 3 could be it"),
        (optimum("o", 3, 3, 3), "not reproduced", "3 backtracks"),
    ],
)
def test_the_best_number_of_backtracks_comes_from_the_verdicts(verdict, word, said):
    known = paper(claim("optimum", "backtracks", 1.0, "countdown"))
    (found,) = page(known, [trained("countdown", verdict, scale="paper")], {}).claims
    assert found.word == word and said.rstrip(":") in found.reason


GROWS = tuple(
    {"id": name, "statement": name, "where": "w", "grade": "paper", **more}
    for name, more in (("a", {}), ("b", {}), ("rise", {"grows": ["a", "b"]}))
)


@pytest.mark.parametrize("value", [1.0, None])
def test_a_best_value_of_an_exploratory_verdict_is_no_figure_of_ours(value):
    known = paper(claim("optimum", "backtracks", value, "countdown"))
    verdict = optimum("o", 1, 1, 1).model_copy(update={"word": "exploratory"})
    (one,) = page(known, [trained("countdown", verdict)], {}).claims
    assert (one.word, one.ours) == ("exploratory", None)
    assert "chosen on its test problems" in one.reason
    assert ("could not be read" in one.reason) == (value is None)


@pytest.mark.parametrize(
    ("first", "second", "p", "word"),
    [
        ((0, 0, 0), (1, 1, 3), 0.02, "shown here"),
        ((0, 0, 0), (1, 1, 3), 0.03, "not shown here"),  # 6 % that one range misses its best
        ((0, 0, 0), (1, 1, 3), None, "not shown here"),  # of an older file: 5 % each
        ((0, 0, 1), (1, 1, 3), 0.001, "not shown here"),
        ((3, 3, 3), (1, 0, 1), 0.02, "contradicted here"),
    ],
)
@pytest.mark.parametrize("seeds", [1, 3])
def test_a_statement_over_several_runs(first, second, p, word, seeds):
    runs = [
        trained("one", optimum("a", *first, p=p)),
        trained("two", optimum("b", *second, seeds=seeds, p=p)),
    ]
    tested = page(paper(findings=GROWS), runs, {}).findings[-1]
    (judged,) = tested.judged
    found, decided = judged.verdict, word in DECISIVE
    assert judged.recipe == "one, two"
    if seeds == 1 and decided:
        assert (found.word, found.leans, found.p) == ("indicative", word, None)
        assert f"points to *{word}*" in found.reason
    else:
        assert (found.word, found.leans) == (word, None)
        assert found.p == (pytest.approx(2 * p) if decided else None)


@pytest.mark.parametrize("lost", ["a", "b"])
def test_a_statement_over_several_runs_is_not_testable_where_one_of_them_was_not(lost):
    words = {
        name: optimum(name, n, n, n, p=0.01).model_copy(update={"word": "shown here"})
        for n, name in enumerate("ab")
    }
    words[lost] = Verdict(id=lost, word="not testable here", reason="At the floor.")
    runs = [trained("one", words["a"]), trained("two", words["b"])]
    (judged,) = page(paper(findings=GROWS), runs, {}).findings[-1].judged
    assert judged.verdict.word == "not testable here" and "At the floor." in judged.verdict.reason
    assert judged.recipe == ("one" if lost == "a" else "two")


def test_a_statement_over_several_runs_is_exploratory_where_one_of_them_is():
    first = optimum("a", 0, 0, 0, p=0.02).model_copy(update={"word": "exploratory"})
    runs = [trained("one", first), trained("two", optimum("b", 1, 1, 3, p=0.02))]
    (judged,) = page(paper(findings=GROWS), runs, {}).findings[-1].judged
    assert judged.verdict.word == "exploratory" and judged.verdict.p is None
    assert "else it would read *shown here*" in judged.verdict.reason


def test_one_step_that_falls_contradicts_at_a_price_for_each_step():
    """Of two steps either could have fallen by chance: 2 × (1 % + 1 %), and 2 × (1.5 % + 1.5 %)."""
    statements = (*GROWS[:2], {**GROWS[0], "id": "c"}, {**GROWS[2], "grows": ["a", "b", "c"]})
    for p, word in ((0.01, "contradicted here"), (0.015, "not shown here")):
        values = {"a": (3, 3, 3), "b": (1, 1, 1), "c": (2, 2, 2)}
        runs = [trained(name, optimum(name, *ends, p=p)) for name, ends in values.items()]
        tested = page(paper(findings=statements), runs, {}).findings[-1]
        assert tested.judged[0].verdict.word == word


def test_a_statement_over_several_runs_waits_for_all_of_them():
    runs = [trained("one", optimum("a", 0, 0, 0))]
    tested = page(paper(findings=GROWS), runs, {"one": ["a"], "two": ["b"]}).findings[-1]
    assert tested.judged == () and tested.tested_by == ("one", "two")


def test_what_has_to_grow_is_a_finding():
    with pytest.raises(ConfigError, match="'c' is no finding"):
        paper(findings=({**GROWS[0], "grows": ["c"]},))


def test_an_optimum_names_no_arm():
    with pytest.raises(ConfigError, match="name none"):
        paper(claim("optimum", "backtracks", 1.0, "countdown", arm="k1"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (claim("first token", "seconds", 10.6, "streams", arm="moa"), "2.000 s to the first token"),
        (
            claim("first token cut", "percent", 93.0, "streams", arm="staircase", against="moa"),
            "93.0 (92.0–94.0) % less time to the first token than `moa`",
        ),
        (
            claim("end to end", "times", 1.6, "streams", arm="staircase", against="moa"),
            "0.80 (0.50–1.00) times the tokens/s end to end of `moa`",
        ),
    ],
)
def test_figures_of_streams_stand_beside_published_ones(given, said):
    (found,) = page(paper(given), [streamed()], {}).claims
    assert found.word == "not comparable" and said in found.reason
    assert found.ours.problems == 200


def test_the_page_shows_curves_tables_and_pictures_as_images_that_cannot_run():
    runs = [trained(), streamed()]
    text = html(page(paper(), runs, {}), runs)
    assert "What the groups teach" in text and "Backtracks" in text
    found = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', text)
    assert len(found) == 5 and text.count("src=") == 5
    assert base64.b64decode(found[-1]).decode() == runs[1].texts["gantt.svg"]
    assert "No arm has both" not in text


@pytest.mark.parametrize("width", [60, 120, 200])
def test_the_terminal_shows_the_tables_of_trainings_in_its_width(width):
    run = trained()
    console = Console(width=width, record=True)
    with console.capture() as captured:
        console.print(render(page(paper(), [run], {}), {"countdown": run_tables(run)}))
    text = captured.get()
    assert "Backtracks (countdown)" in text and "k1_shuffled" in text.replace("\n", "")
    assert max(map(len, text.splitlines())) <= width


def test_a_kept_training_is_read_back_and_gives_the_same_page(tmp_path):
    run = trained()
    keep(run, tmp_path / "countdown")
    again = load_stored(tmp_path / "countdown")
    assert [table.rows for table in run_tables(again)] == [t.rows for t in run_tables(run)]
    assert drawn(again) == drawn(run) and len(drawn(run)) == 4
    assert set(again.texts) == {
        TRAINED,
        "reward.svg",
        "correct.svg",
        "backtracks.svg",
        "truncated.svg",
    }


def test_a_run_that_only_measured_streams_is_stored_kept_and_read_back(tmp_path):
    run = streamed()
    keep(run, tmp_path / "streams")
    (again,) = given_runs([tmp_path], ["streams"])
    assert (again.figures, again.card, again.problems) == (run.figures, run.card, 200)
    assert drawn(again) == [("One answer in time", "gantt.svg")]


def test_predictions_of_a_simulation_stand_beside_published_figures(tmp_path):
    one = {
        "name": "ttft 8",
        "published": 0.47,
        "low": 0.2,
        "middle": 0.24,
        "high": 0.3,
        "error": -0.48,
        "identified": True,
        "swayed": {"draft_length": [0.23, 0.25], "later_chunk": [0.24, 0.24]},
    }
    loose = {**one, "name": "tokens/s", "error": None, "identified": False}
    loose["swayed"] = {"draft_length": [0.2, 0.3], "later_chunk": [0.22, 0.26]}
    texts = {"simulation.json": dumps({"predicted": [one, loose]}), "simulation.svg": "<svg/>"}
    empty = Results(title="s", reference=None, rows=())
    keep(Stored(Path(), card("virtual"), empty, (), (), None, texts), tmp_path / "virtual")
    again = load_stored(tmp_path / "virtual")
    (table,) = run_tables(again)
    first, second = table.rows
    assert first == ("ttft 8", "0.47", "0.24 (0.20–0.30)", "−48")
    assert second[-1] == "not identified: draft length alone moves it, 0.20–0.30"
    assert [name for _, name in drawn(again)] == ["simulation.svg"]
    found = page(paper(), [again], {})
    assert "Predicted in virtual time" in html(found, [again])
    assert "0 problems" not in markdown(found)


@pytest.mark.parametrize("text", ["{}", "[]", '{"predicted": [{}]}'])
def test_a_simulation_of_another_version_shows_nothing(text):
    run = replace(trained(), texts={"simulation.json": text})
    assert run_tables(run) == []


def test_loose_files_without_a_card_are_no_result(tmp_path):
    write_json(tmp_path / "ensemble.json", [])
    assert not holds_results(tmp_path)


def test_the_written_page_links_the_pictures_that_lie_beside_it(tmp_path):
    runs = (trained(), streamed())
    write_page(PaperPage(page(paper(), runs, {}), runs), tmp_path, keep_results=True)
    text = (tmp_path / "reproduce-p.md").read_text()
    linked = re.findall(r"\]\(([^)]+\.svg)\)", text)
    assert "countdown/backtracks.svg" in linked and "streams/gantt.svg" in linked
    assert all((tmp_path / path).exists() for path in linked)
    assert "## `countdown`" in text


def test_a_report_of_another_version_shows_nothing():
    run = replace(trained(), texts={TRAINED: '{"schema_version": 99}'})
    assert run_tables(run) == [] and markdown(page(paper(), [run], {}))
