"""The page of a paper: what stands on it, and that every rendering holds all of it."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from documents import figures_beside
from result_rows import gap as gap_of_row
from result_rows import results, row
from rich.console import Console

from llmx.claims.paper import Paper, load_paper
from llmx.claims.reproduce.card import Card
from llmx.claims.reproduce.html import html
from llmx.claims.reproduce.markdown import markdown
from llmx.claims.reproduce.page import Estimate, Page, page
from llmx.claims.reproduce.stored import Stored, keep, load_stored
from llmx.claims.reproduce.terminal import render
from llmx.core.errors import ConfigError
from llmx.core.figure import Span
from llmx.core.record import as_json
from llmx.report.outcomes.model import FILE as OUTCOMES
from llmx.report.results import Finding
from llmx.report.verdict.model import CANNOT, Number, Verdict

DOCUMENT = {
    "paper": "p",
    "title": "A paper <of> ours",
    "reference": "Nobody, 2026",
    "claims": [
        {
            "paper": "p",
            "table": "abstract",
            "setting": "somewhere",
            "metric": "gain",
            "unit": "tokens/s",
            "relation": "gt",
            "value": 5.0,
            "source": "text",
            "evidence": "paper",
            "ours": {"recipe": "r", "quantity": "tokens/s", "arm": "fsd"},
        },
        *(
            {
                "id": name,
                "role": "anchor",
                "paper": "others",
                "table": "study",
                "setting": name,
                "metric": "accuracy",
                "unit": "percent",
                "relation": "eq",
                "value": value,
                "source": "secondary",
                "evidence": "secondary",
            }
            for name, value in (("strict", 70.0), ("loose", 40.0))
        ),
    ],
    "anchors": [
        {
            "id": "loss",
            "setting": "study",
            "first": "loose",
            "second": "strict",
            "ours": {"recipe": "r", "quantity": "accuracy", "arm": "fsd"},
        }
    ],
    "findings": [
        {"id": "second", "statement": "It rains | pours.", "where": "abstract", "grade": "paper"},
        {"id": "first", "statement": "It is dry.", "where": "table 1", "grade": "code"},
    ],
}


def paper() -> Paper:
    return load_paper(DOCUMENT, "p.yaml")


def run_of(gap: float = -0.1, half: float = 0.02) -> Stored:
    score = Span(estimate=gap, low=gap - half, high=gap + half)
    difference = gap_of_row(gap, half, problems=50, p_value=0.1)
    speed = Span(estimate=1.3, low=1.2, high=1.4)
    rows = (
        row(arm="sd", algorithm="speculative", problems=50, tokens_per_second=Span(estimate=90.0)),
        row(
            arm="fsd",
            algorithm="fuzzy",
            problems=50,
            difference=difference,
            speedup_reference=speed,
        ),
    )
    number = Number(what="accuracy difference", arm="fsd", against="sd", span=score, unit="points")
    verdicts = (
        Verdict(
            id="first",
            test="lossless",
            word="shown here",
            reason="Dry <indeed>.",
            problems=50,
            seeds=1,
        ),
        Verdict(
            id="own",
            word="measured",
            reason="So and so.",
            numbers=(number,),
            statement="A question?",
        ),
    )
    about = Card(
        run="r-1",
        recipe="r",
        scale="desk",
        written="2026-01-02T03:04:05Z",
        machine="one core",
        deviations=("a smaller model",),
    )
    found = results(*rows, title="R")
    figures = figures_beside(found, verdicts)
    return Stored(Path(), about, found, verdicts, (), None, {}, figures)


def made(stored: list[Stored]) -> Page:
    missing = [
        Estimate(recipe="q", scale="desk", command="llmx run recipe=q", stages=3, seconds=90)
    ]
    return page(paper(), stored, {"r": ["first", "own"], "q": ["second"]}, missing)


def terminal(found: Page, width: int) -> str:
    console = Console(width=width, file=None, record=True, force_terminal=False, quiet=False)
    with console.capture() as captured:
        console.print(render(found))
    return captured.get()


def test_statements_stand_in_the_papers_order_and_own_questions_after_them() -> None:
    found = made([run_of()])
    assert [tested.id for tested in found.findings] == ["second", "first", "own"]
    assert [len(tested.judged) for tested in found.findings] == [0, 1, 1]
    assert found.findings[0].tested_by == ("q",)
    assert found.findings[2].statement == "A question?" and found.findings[2].grade is None


@pytest.mark.parametrize(
    ("gap", "half", "word"),
    [
        (-0.1, 0.02, "same direction"),
        (0.1, 0.02, "other direction"),
        (-0.01, 0.02, "no direction shown here"),
    ],
)
def test_anchors_compare_directions(gap: float, half: float, word: str) -> None:
    (anchor,) = made([run_of(gap, half)]).anchors
    assert (anchor.word, anchor.theirs) == (word, "−30.0 points (40 percent beside 70 percent)")


def test_without_a_run_everything_is_not_run_here() -> None:
    found = made([])
    assert [one.word for one in found.claims] == ["not run here"]
    assert [one.word for one in found.anchors] == ["not run here"]
    assert not any(tested.judged for tested in found.findings)


@pytest.mark.parametrize("stored", [[], [run_of()]], ids=["nothing", "one run"])
def test_every_rendering_holds_every_part(stored: list[Stored]) -> None:
    found = made(stored)
    texts = {
        "markdown": markdown(found).replace("\\|", "|"),
        "html": html(found, stored).replace("&lt;", "<").replace("&gt;", ">"),
        "wide": terminal(found, 400),
    }
    for name, text in texts.items():
        plain = text.replace("`", "").replace("<code>", "").replace("</code>", "")
        parts = [one.reason for one in (*found.claims, *found.anchors)]
        parts += [tested.statement for tested in found.findings]
        parts += [one.verdict.reason for tested in found.findings for one in tested.judged]
        parts += [one.command for one in found.missing]
        for part in parts:
            assert part.replace("`", "") in plain, (name, part)


def test_the_html_fetches_nothing_and_escapes() -> None:
    text = html(made([run_of()]), [run_of()])
    assert "A paper &lt;of&gt; ours" in text and "<of>" not in text
    assert "http://" not in text.replace("http://www.w3.org", "") and "https://" not in text
    assert "<script" not in text and "src=" not in text


def test_markdown_is_the_same_bytes_and_escapes_pipes_in_tables() -> None:
    assert markdown(made([run_of()])) == markdown(made([run_of()]))
    table = [line for line in markdown(made([run_of()])).splitlines() if line.startswith("| abs")]
    assert len(table) == 1 and table[0].count(" | ") == 4


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    assert max(map(len, terminal(made([run_of()]), width).splitlines())) <= width


def with_outcomes(run: Stored) -> Stored:
    return replace(run, texts={**run.texts, OUTCOMES: "{}"})


SAID = "Verdicts on the statements: shown here: `f`."


def old_run() -> Stored:
    """A run of which no outcomes are kept, as it was committed."""
    run = run_of()
    line = Finding(kind="verdict", text=SAID)
    results = run.results.model_copy(update={"findings": (line,)})
    texts = {"report.md": f"# Results\n\n- {SAID}\n", "verdicts.md": "## f: shown here\n"}
    return replace(run, results=results, texts=texts)


def test_without_outcomes_the_figures_stand_with_their_date_and_no_verdict(tmp_path: Path) -> None:
    run = old_run()
    keep(run, tmp_path)
    again = load_stored(tmp_path)
    assert again.unkept and {one.word for one in again.verdicts} == {CANNOT}
    for one, old in zip(again.verdicts, run.verdicts, strict=True):
        assert [n.span for n in one.numbers] == [n.span for n in old.numbers]
        assert run.card.date in one.reason and old.reason in one.reason
        assert all(number.p is None for number in one.numbers)
    shown = made([again])
    pages = [markdown(shown), html(shown, [again]), *again.texts.values()]
    assert all("shown here" not in page and "same direction" not in page for page in pages)
    assert CANNOT in again.texts["report.md"] and CANNOT in again.texts["verdicts.md"]
    assert SAID not in str(again.results) and CANNOT in markdown(shown).lower()
    keep(again, tmp_path)
    assert load_stored(tmp_path).verdicts == again.verdicts  # said once, however often it is kept


def test_with_outcomes_nothing_is_taken_back(tmp_path: Path) -> None:
    run = with_outcomes(old_run())
    keep(run, tmp_path)
    again = load_stored(tmp_path)
    assert not again.unkept and again.verdicts == run.verdicts


def test_a_kept_result_is_read_back_as_it_was(tmp_path: Path) -> None:
    run = with_outcomes(run_of())
    keep(run, tmp_path)
    again = load_stored(tmp_path)
    assert (again.card, again.verdicts) == (run.card, run.verdicts)
    assert as_json(again.results) == as_json(run.results)
    assert made([again]) == made([run])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"anchors": [{**DOCUMENT["anchors"][0], "first": "nobody"}]}, "'nobody'"),
        ({"findings": [DOCUMENT["findings"][0]] * 2}, "an id stands twice"),
        ({"claims": [{**DOCUMENT["claims"][0], "relation": "about"}]}, "claims.0.relation"),
        ({"claims": [{**DOCUMENT["claims"][0], "evidence": "secondary"}]}, "secondary"),
        ({"claims": [{**DOCUMENT["claims"][0], "value": [1.0, 2.0]}]}, "between"),
        ({"claims": [{**DOCUMENT["claims"][0], "unit": None}]}, "needs its unit"),
        (
            {
                "claims": [
                    {**DOCUMENT["claims"][0], "ours": {"recipe": "r", "quantity": "accuracy"}}
                ]
            },
            "one of",
        ),
        ({"title": None}, "title"),
    ],
)
def test_a_wrong_claims_file_is_refused_in_one_line(change: dict, text: str) -> None:
    document = json.loads(json.dumps({**DOCUMENT, **change}))
    with pytest.raises(ConfigError) as caught:
        load_paper(document, "p.yaml")
    assert text in caught.value.message and "\n" not in caught.value.message
