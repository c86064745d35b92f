"""Tables of a paper with nothing of ours beside: plain, with what is wrong in them said below."""

import pytest
from test_reproduce_page import DOCUMENT, terminal
from test_reproduce_table import HALF, published

from llmx.claims.paper import load_paper
from llmx.claims.reproduce.html import html
from llmx.claims.reproduce.markdown import markdown
from llmx.claims.reproduce.page import Page, page
from llmx.claims.reproduce.page import Tested as Trial
from llmx.claims.reproduce.table import figure_tables, unread
from llmx.claims.reproduce.words import reasons, said_missing
from llmx.core.errors import ConfigError

WHY = "No recipe measures this."
OWN = {"recipe": "r", "quantity": "own accuracy", "arm": "fsd"}


def plain(*args, note="", **fields):
    return published(*args, **fields).model_copy(update={"reason": WHY, "note": note})


def cells(table):
    return [[f"{one.published}{one.mark}" for one in row if one] for _, row in table.rows]


def test_a_unit_that_all_share_is_said_once_and_digits_are_those_of_the_table():
    (table,) = figure_tables([plain("a", "x", 67.0), plain("a", "y", 61.25), plain("b", "x", 5.5)])
    assert table.columns == ("x", "y")
    assert table.alone == f"As published, in %, with nothing of ours beside. {WHY}"
    assert cells(table) == [["67.00", "61.25"], ["5.50"]]


def test_units_of_several_kinds_stay_with_their_columns_and_digits_as_they_are():
    (table,) = figure_tables([plain("a", "x", 67.0), plain("a", "y", 0.25, unit="seconds")])
    assert table.columns == ("x, %", "y, s") and cells(table) == [["67", "0.25"]]
    assert table.alone == f"As published, with nothing of ours beside. {WHY}"


def test_what_was_said_in_a_text_gains_no_digits():
    (table,) = figure_tables([plain("a", "x", 14.0, source="text"), plain("b", "x", 2.5)])
    assert cells(table) == [["14"], ["2.5"]]


@pytest.mark.parametrize(
    "beside", [{"ours": HALF}, {"claim": published("b", "x", 2.5, ours=None).claim}]
)
def test_one_figure_that_a_recipe_measures_keeps_a_whole_table_as_it_was(beside):
    other = plain("b", "x", 2.5).model_copy(update=beside)
    if "claim" in beside:
        claim = other.claim.model_validate({**other.claim.model_dump(), "ours": OWN})
        other = other.model_copy(update={"claim": claim})
    (table,) = figure_tables([plain("a", "x", 67.0), other])
    assert not table.alone and table.columns == ("x, %",) and cells(table) == [["67"], ["2.5"]]


NOTED = (
    plain("a", "x", 1.0, note="Odd."),
    plain("b", "x", 2.0),
    plain("c", "x", 3.0, note="Wrong."),
    plain("d", "x", 4.0, note="Odd."),
    plain("e", "x", None, note="No score."),
)


def whole(*claims, findings=()):
    return Page(paper="p", title="P", reference="R", claims=claims, findings=findings)


def test_each_note_has_one_number_and_a_figure_that_is_not_shown_says_its_own():
    (table,) = figure_tables(NOTED)
    assert table.notes == ("Odd.", "Wrong.")
    assert cells(table) == [["1 [1]"], ["2"], ["3 [2]"], ["4 [1]"]]
    assert unread(NOTED).endswith("compared: main, e, x: No score.")


@pytest.mark.parametrize("measured", [False, True])
def test_every_rendering_has_the_marks_and_the_notes(measured):
    claims = NOTED if not measured else (*NOTED, plain("f", "x", 5.0, ours=HALF))
    found = whole(*claims)
    texts = {"html": html(found, []), "markdown": markdown(found), "terminal": terminal(found, 200)}
    for name, text in texts.items():
        assert text.count("[1]") == 3 and text.count("[2]") == 2, name
        assert "[1] Odd." in text and "[2] Wrong." in text, name
        assert ("nothing of ours beside" in text) is not measured, name
    marked = "<em>3</em> [2]" if measured else "<td>3 [2]</td>"
    assert marked in texts["html"]
    assert ("| c | *3* [2]" if measured else "| c | 3 [2] |") in texts["markdown"]
    assert ("**verdict**" in texts["markdown"]) is measured


def test_figures_that_no_recipe_measures_are_reasoned_about_once_a_table():
    mine = plain("b", "x", 2.0).claim.model_dump() | {"ours": OWN}
    ours = plain("b", "x", 2.0).model_copy(
        update={"claim": NOTED[0].claim.model_validate(mine), "reason": "Other models."}
    )
    found = list(reasons([NOTED[0], NOTED[1], ours, ours, plain("z", "x", 1.0, table="other")]))
    assert [(one.figure, one.where, one.reason) for one in found] == [
        ("2 figures", "main", WHY),
        ("x: 2 percent", "main: b", "Other models."),
        ("x: 2 percent", "main: b", "Other models."),
        ("x: 1 percent", "other: z", WHY),
    ]


def test_figures_of_two_sources_are_not_thrown_together():
    text = plain("a", "x", 1.0, source="text")
    assert [one.figure for one in reasons([NOTED[0], text])] == ["x: 1 percent"] * 2


def test_a_claim_names_a_note_of_its_paper():
    claim = {**DOCUMENT["claims"][0], "note": "odd"}
    told = {**DOCUMENT, "claims": [claim, *DOCUMENT["claims"][1:]], "notes": {"odd": "It is odd."}}
    assert page(load_paper(told, "p.yaml"), [], {}).claims[0].note == "It is odd."
    without = {name: value for name, value in claim.items() if name != "ours"}
    told["claims"] = [without, *DOCUMENT["claims"][1:]]
    assert page(load_paper(told, "p.yaml"), [], {}).claims[0].note == "It is odd."
    with pytest.raises(ConfigError, match=r"unknown note 'odd': did you mean odds\?"):
        load_paper({**told, "notes": {"odds": "It is odd."}}, "p.yaml")


def test_a_statement_that_nothing_tests_says_what_that_needs():
    asked = Trial(id="x", statement="It is so.", where="w", grade="paper", needs="GPUs")
    found = whole(findings=(asked,))
    for text in (html(found, []), markdown(found), terminal(found, 200)):
        assert "No recipe tests it: it needs GPUs." in text
    tried = asked.model_copy(update={"tested_by": ("r",)})
    assert said_missing(tried) == "Not run here; tested by r."
    assert said_missing(asked.model_copy(update={"needs": ""})) == "No recipe tests it."


def test_what_is_said_of_a_statement_comes_from_its_paper():
    finding = {**DOCUMENT["findings"][0], "needs": "rain"}
    told = load_paper({**DOCUMENT, "findings": [finding]}, "p.yaml")
    assert [one.needs for one in page(told, [], {}).findings] == ["rain"]


def test_pages_without_notes_and_needs_keep_their_bytes():
    written = page(load_paper(DOCUMENT, "p.yaml"), [], {}).model_dump()
    assert not any({"note"} & {*one, *one["claim"]} for one in written["claims"])
    assert not any("needs" in one for one in written["findings"])
