"""All findings of a page are one family: each word says whether it stands among them."""

from io import StringIO
from pathlib import Path

import pytest
from documents import figures_beside
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from llmx.claims.paper import load_paper
from llmx.claims.reproduce.card import Card
from llmx.claims.reproduce.html import html
from llmx.claims.reproduce.markdown import markdown as page_markdown
from llmx.claims.reproduce.page import page
from llmx.claims.reproduce.stored import Stored, keep, load_stored
from llmx.claims.reproduce.terminal import render
from llmx.core.figure import Span
from llmx.report.findings import verdict_lines
from llmx.report.gather import Word as Read
from llmx.report.results import Results
from llmx.report.verdict.decide import over_all, said_over_all
from llmx.report.verdict.markdown import basis, compared, markdown
from llmx.report.verdict.model import DECISIVE, Number, Verdict, Verdicts
from llmx.stats.multiple import holm
from llmx.store.files import read_json

ROOT = Path(__file__).parents[3]
UNTESTED = ("measured", "not comparable", "withheld")


def judged(word, p=None, name="x", **more):
    return Verdict(id=name, word=word, reason="So.", p=p, test="lossless", **more)


VERDICTS = st.lists(
    st.one_of(
        st.builds(judged, st.sampled_from(DECISIVE), st.floats(0, 0.05)),
        st.builds(judged, st.sampled_from(("not shown here", "indicative", *UNTESTED))),
    )
)


@given(VERDICTS)
def test_every_tested_finding_counts_and_no_other_does(verdicts):
    found = over_all(verdicts)
    tested = [one for one in verdicts if one.word not in UNTESTED]
    wanted = iter(holm([1.0 if one.p is None else one.p for one in tested]))
    for one, given_ in zip(found, verdicts, strict=True):
        assert one.model_copy(update={"p_all": None, "tested": 0}) == given_
        if one.word in UNTESTED:
            assert (one.p_all, one.tested) == (None, 0)
            continue
        adjusted = next(wanted)
        assert one.tested == len(tested)
        assert one.p_all == (adjusted if one.word in DECISIVE else None)


@given(VERDICTS)
def test_a_finding_more_makes_no_word_surer(verdicts):
    before, after = over_all(verdicts), over_all([*verdicts, judged("not shown here")])
    for one, other in zip(before, after, strict=False):
        assert one.p_all is None or one.p_all <= other.p_all


def test_a_word_of_an_older_file_has_no_p_value_and_counts_as_tried():
    old, new = over_all([judged("shown here"), judged("shown here", 0.03)])
    assert (old.p_all, old.tested) == (None, 2)
    assert new.p_all == 0.06


@pytest.mark.parametrize(
    ("word", "p_all", "tested", "said"),
    [
        ("shown here", 0.05, 7, "also over all 7 findings of this page"),
        ("contradicted here", 0.051, 7, "not over all 7 findings of this page"),
        ("shown here", None, 7, "not known over all 7 findings of this page"),
        ("shown here", 0.01, 1, ""),
        ("not shown here", None, 7, ""),
        ("indicative", None, 7, ""),
    ],
)
def test_what_is_said_of_a_word(word, p_all, tested, said):
    assert said_over_all(word, p_all, tested) == said


PAIR = over_all([judged("shown here", 0.001, "one"), judged("contradicted here", 0.04, "two")])
THREE = over_all([*PAIR, judged("not shown here", name="three")])


def test_the_verdicts_of_a_run_say_it():
    text = markdown(Verdicts(verdicts=THREE))
    assert "## one: shown here, also over all 3 findings of this page\n" in text
    assert "## two: contradicted here, not over all 3 findings of this page\n" in text
    assert "## three: not shown here\n" in text


def test_the_sentences_over_the_table_say_it_with_ids_behind():
    rows = [Read.model_validate({**one.model_dump(), "reason": "It is so."}) for one in THREE]
    assert [one.text for one in verdict_lines(rows)] == [
        "Shown here: It is so (`one`, also over all 3 findings of this page).",
        "Contradicted here: It is so (`two`, not over all 3 findings of this page).",
        "Not shown here: It is so (`three`).",
    ]


def test_what_is_said_of_several_verdicts_is_said_once_and_a_long_reason_is_cut_at_a_sentence():
    rows = [Read(id=name, word="withheld", reason="Too few.") for name in ("a", "b")]
    assert [one.text for one in verdict_lines(rows)] == ["Withheld: Too few (`a`; `b`)."]
    long = Read(id="c", word="shown here", reason="First. " + "x" * 300)
    assert [one.text for one in verdict_lines([long])] == ["Shown here: First … (`c`)."]
    asked = Read(id="d", word="shown here", statement="Is it?", reason="So.")
    assert [one.text for one in verdict_lines([asked])] == ["Shown here: Is it? (`d`)."]


def stored(recipe, *verdicts):
    card = Card(run=f"{recipe}-1", recipe=recipe, scale="desk", written="2026-01-02", machine="m")
    results = Results(title="R", reference=None, rows=())
    figures = figures_beside(results, verdicts)
    return Stored(Path(), card, results, verdicts, (), None, {}, figures)


PAPER = load_paper(
    {
        "paper": "p", "title": "P", "reference": "R", "claims": [],
        "findings": [
            {"id": name, "statement": f"{name} holds.", "where": "w", "grade": "paper"}
            for name in ("one", "two")
        ],
    },
    "here",
)  # fmt: skip


def test_a_page_counts_the_findings_of_all_of_its_runs():
    """Each stands by itself in its run (2 %); of three findings over two runs neither does."""
    runs = [
        stored("a", *over_all([judged("shown here", 0.02, "one")])),
        stored("b", *over_all([judged("shown here", 0.02, "one"), judged("indicative", name="q")])),
    ]
    shown = page(PAPER, runs, {})
    found = [one.verdict for tested in shown.findings for one in tested.judged]
    assert [(one.word, one.p_all, one.tested) for one in found] == [
        ("shown here", 0.06, 3),
        ("shown here", 0.06, 3),
        ("indicative", None, 3),
    ]
    said = "not over all 3 findings of this page"
    console = Console(width=200, record=True, file=StringIO())
    console.print(render(shown))
    for text in (page_markdown(shown), html(shown, runs), console.export_text()):
        assert text.count(said) == 2
    assert f"`a`: **shown here**, {said}. So." in page_markdown(shown)


def test_what_a_verdict_rests_on_is_what_was_measured():
    assert basis(judged("shown here")) == ""
    assert basis(judged("shown here", rounds=12)) == "12 rounds, not audited"
    whole = judged("shown here", problems=600, seeds=1, rounds=12, audited=True)
    assert basis(whole) == "600 problems, one seed, 12 rounds, audited"
    assert basis(judged("shown here", seeds=3)) == "3 seeds, not audited"
    assert compared(judged("not shown here")) == "No scored arm was compared."
    assert "12 rounds, not audited; test `lossless`. p 0.040, over all findings 0.080." in compared(
        over_all([judged("shown here", 0.04, rounds=12), judged("not shown here")])[0]
    )


FILES = sorted((ROOT / "docs" / "results").glob("*/*/verdicts.json"))


def test_there_are_kept_verdicts():
    assert sum(len(read_json(path)["verdicts"]) for path in FILES) > 20


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.parent.name)
def test_verdicts_that_were_kept_are_still_read(path, tmp_path):
    found = load_stored(path.parent)
    assert found.verdicts == Verdicts.model_validate(read_json(path)).verdicts
    keep(found, tmp_path)
    assert load_stored(tmp_path).verdicts == found.verdicts
    assert read_json(tmp_path / "verdicts.json")["schema_version"] == 2


def test_a_file_of_the_first_version_is_read():
    span = Span(estimate=0.1, low=0.05, high=0.15)
    number = Number(what="accuracy difference", arm="a", against="b", span=span, unit="points")
    old = {"schema_version": 1, "verdicts": [
        {"id": "x", "word": "shown here", "reason": "So.", "problems": 9, "seeds": 3,
         "numbers": [number.model_dump(include={"what", "arm", "against", "span", "unit"})]}
    ]}  # fmt: skip
    (found,) = Verdicts.model_validate(old).verdicts
    assert (found.p, found.leans, found.rounds) == (None, None, 0)
    assert basis(found) == "9 problems, 3 seeds, not audited"
    with pytest.raises(ValueError, match="schema_version"):
        Verdicts.model_validate({"schema_version": 3})
