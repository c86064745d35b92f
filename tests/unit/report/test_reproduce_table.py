"""A paper's page as a paper table: methods by metrics, a summary above, one line on the unread."""

import re

import pytest
from test_reproduce_page import made, run_of, terminal

from llmx.claims.paper import Claim
from llmx.claims.reproduce.beside import Beside
from llmx.claims.reproduce.card import Card
from llmx.claims.reproduce.claims import Published
from llmx.claims.reproduce.html import html
from llmx.claims.reproduce.markdown import markdown
from llmx.claims.reproduce.page import Estimate, Page, RunVerdict, Source
from llmx.claims.reproduce.page import Tested as Trial
from llmx.claims.reproduce.summary import differently, outcome, summary
from llmx.claims.reproduce.table import figure_tables, unread
from llmx.claims.reproduce.words import said_estimate
from llmx.core.figure import Span
from llmx.report.verdict.model import CANNOT, Verdict


def published(setting, metric, value, ours=None, table="main", **fields):
    claim = Claim.model_validate({
        "paper": "p", "table": table, "setting": setting, "metric": metric, "unit": "percent",
        "relation": "eq", "value": value, "source": "table", "evidence": "paper", **fields,
    })  # fmt: skip
    word = "could not be read" if value is None else "not comparable"
    return Published(claim=claim, ours=ours, word=word, reason=f"Why {setting}.")


def ours(quantity, unit, span, **fields):
    given = {"recipe": "r", "run": "r-1", "scale": "desk", "arm": "fsd", "against": "sd"}
    counts = {"problems": 50, "seeds": 1}
    return Beside(quantity=quantity, unit=unit, span=span, **given, **counts, **fields)


LOSS = Span(estimate=-70, low=-99, high=-38)
HALF = ours("own accuracy", "percent", Span(estimate=0.5, low=0.4, high=0.6))


def test_rows_are_methods_and_columns_metrics_with_their_units():
    claims = [
        published("ours", "accuracy", 40.0, HALF),
        published("ours", "time to first token", 0.5, unit="seconds"),
        published("theirs", "accuracy", (1.0, 2.0), relation="between"),
    ]
    (table,) = figure_tables(claims)
    assert table.columns == ("accuracy, %", "time to first token, s")
    assert [name for name, _ in table.rows] == ["ours", "theirs"]
    (first, second), (third, nothing) = (cells for _, cells in table.rows)
    assert (first.published, first.ours, first.word) == (
        "40",
        "50.0 (40.0–60.0) %",
        "not comparable",
    )
    assert (second.published, second.ours) == ("0.5", "–")
    assert third.published == "1 to 2" and nothing is None


def test_each_table_of_the_paper_is_its_own_and_no_figure_is_lost_where_two_have_one_place():
    claims = [
        published("a", "accuracy", 1.0),
        published("a", "accuracy", 2.0),
        published("b", "accuracy", 3.0, table="other"),
    ]
    first, other = figure_tables(claims)
    assert [cells[0].published for _, cells in first.rows] == ["1", "2"]
    assert other.title == "other" and other.rows[0][1][0].published == "3"


@pytest.mark.parametrize(
    ("mine", "unit", "said"),
    [
        (ours("accuracy", "points", Span(estimate=-0.7, low=-0.99, high=-0.38)), "points",
         "−70.0 (−99.0 to −38.0) points"),
        (ours("tokens/s", "times", Span(estimate=1.2, low=1.1, high=1.3)), "times",
         "1.20 (1.10–1.30) ×"),
        (ours("tokens/s", "times", Span(estimate=0.9), absolute=LOSS),
         "tokens/s", "−70 (−99 to −38) tokens/s"),
        (ours("optimum", "backtracks", Span(estimate=5, low=3, high=5)), "backtracks",
         "5 backtracks"),
    ],
)  # fmt: skip
def test_our_figure_stands_with_its_unit_and_a_minus_beside_no_dash(mine, unit, said):
    (table,) = figure_tables([published("a", "gain", 1.0, mine, unit=unit)])
    assert table.rows[0][1][0].ours == said


def test_bounds_are_said_and_a_metric_that_names_its_unit_does_so_once():
    claims = [
        published("a", "gain, tokens/s", 5.0, unit="tokens/s", relation="gt"),
        published("b", "gain, tokens/s", 9.0, unit="tokens/s", relation="le"),
    ]
    (table,) = figure_tables(claims)
    assert table.columns == ("gain, tokens/s",)
    assert [cells[0].published for _, cells in table.rows] == ["> 5", "up to 9"]


def test_what_could_not_be_read_is_one_line_whatever_it_counts():
    lost = [published(name, "accuracy", None, HALF if name == "b" else None) for name in "ab"]
    assert unread(lost) == (
        "2 published figures could not be read, so that nothing is compared: main, a;"
        " main, b (ours, `fsd`: 50.0 (40.0–60.0) %)."
    )
    assert unread(lost[:1]).startswith("1 published figure could not")
    assert not unread([published("a", "accuracy", 1.0)]) and not figure_tables(lost)


def said_of(*words, grade="paper", **fields):
    judged = tuple(
        RunVerdict(
            recipe=f"r{n}",
            run=f"r{n}-1",
            verdict=Verdict(word=word, reason=f"Because {n}.", **fields),
        )
        for n, word in enumerate(words)
    )
    return Trial(id="x", statement="It is so.", where="w", grade=grade, judged=judged)


def page(*findings, claims=()):
    cards = [
        Card(run=f"r{n}-1", recipe=f"r{n}", scale=scale, written="2026", machine="m")
        for n, scale in enumerate(("desk", "laptop"))
    ]
    sources = tuple(Source(card=one, problems=5, seeds=1) for one in cards)
    return Page(
        paper="p", title="P", reference="R", sources=sources, findings=findings, claims=claims
    )


def test_the_summary_counts_statements_by_what_is_said_of_them():
    found = page(
        said_of("shown here"), said_of("shown here", "shown here"), said_of("contradicted here"),
        said_of(), said_of(), said_of("shown here", "not shown here"),
        said_of("shown here", grade=None),
    )  # fmt: skip
    assert summary(found) == (
        "2 of 6 statements shown, 1 contradicted, 1 judged differently by several recipes,"
        " 2 not run."
    )
    assert summary(page(said_of("not shown here"))) == "0 of 1 statement shown, 1 not shown."


def test_the_summary_counts_figures_and_a_page_of_neither_says_nothing():
    claims = (published("a", "accuracy", 1.0), published("b", "accuracy", None))
    assert summary(page(claims=claims)) == (
        "Of 2 published figures: 1 not comparable, 1 could not be read."
    )
    assert summary(page()) == ""


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "not run"),
        (("shown here", CANNOT), "shown"),
        (("withheld", "contradicted here"), "contradicted"),
        (("withheld",), "withheld"),
        ((CANNOT, "not comparable"), CANNOT),
    ],
)
def test_a_run_that_says_nothing_takes_no_word_from_one_that_does(words, said):
    assert outcome(said_of(*words)) == said
    assert not differently(said_of(*words), page())


def test_two_recipes_that_judge_one_statement_differently_say_why():
    one = said_of("shown here", "not shown here", problems=600, test="lossless")
    first, second = one.judged
    other = second.verdict.model_copy(update={"problems": 100, "arms": ("sd", "fsd")})
    one = one.model_copy(update={"judged": (first, second.model_copy(update={"verdict": other}))})
    assert differently(one, page(one)) == (
        "Judged differently: `r0` shown here, `r1` not shown here. What differs: problems of their"
        " own; scale (desk, laptop); number of problems (600, 100); arms (none, `sd` `fsd`)."
    )
    found = page(one)
    for text in (markdown(found), re.sub(r"</?code>", "`", html(found, []))):
        assert "number of problems (600, 100)" in text
    assert not differently(said_of("shown here", "shown here"), page())


def test_summary_then_statements_then_figures_then_evidence():
    found = made([run_of()])
    heads = {
        "markdown": ("**1 of 2", "## Findings", "## Published", "## What was run"),
        "html": ('id="summary"', 'id="findings"', 'id="claims"', 'id="pictures"', 'id="runs"'),
        "terminal": ("1 of 2 statements", "Findings", "Published figures", "What was run here"),
    }
    texts = {"markdown": markdown(found), "html": html(found, [run_of()])}
    texts["terminal"] = terminal(found, 200)
    for name, wanted in heads.items():
        places = [texts[name].find(head) for head in wanted]
        assert places == sorted(places) and places[0] >= 0, (name, places)


def test_one_stage_is_one_stage():
    one = Estimate(recipe="q", scale="desk", command="llmx run recipe=q", stages=1, seconds=90)
    assert said_estimate(one) == "1 stage, about 90 s on this machine"
