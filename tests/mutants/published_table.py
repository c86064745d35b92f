"""Faults in what is published alone: notes on figures, plain tables, what a statement needs."""

from mutant import Mutant

TABLE = "claims/reproduce/table.py"
WORDS = "claims/reproduce/words.py"
_T = "tests/unit/report/test_published_alone.py::"

PUBLISHED = [
    Mutant(  # a table is plain though a recipe measures one of its figures
        TABLE,
        "all(one.claim.ours is None and one.ours is None for one in found)",
        "any(one.claim.ours is None and one.ours is None for one in found)",
        f"{_T}test_one_figure_that_a_recipe_measures_keeps_a_whole_table_as_it_was",
    ),
    Mutant(  # the unit of the first figure is said of all
        TABLE,
        "if len(units) == 1 and found[0].claim.unit else",
        "if found[0].claim.unit else",
        f"{_T}test_units_of_several_kinds_stay_with_their_columns_and_digits_as_they_are",
    ),
    Mutant(  # "over 14" becomes "over 14.0"
        TABLE,
        'if any(one.claim.source != "table" for one in found):',
        'if all(one.claim.source != "table" for one in found):',
        f"{_T}test_what_was_said_in_a_text_gains_no_digits",
    ),
    Mutant(  # the fewest digits, so that figures are rounded
        TABLE,
        'return max((len(f"{value:g}"',
        'return min((len(f"{value:g}"',
        f"{_T}test_a_unit_that_all_share_is_said_once_and_digits_are_those_of_the_table",
    ),
    Mutant(  # marks begin at 0, which is no mark
        TABLE,
        "notes.index(one.note) + 1 if one.note",
        "notes.index(one.note) if one.note",
        f"{_T}test_each_note_has_one_number_and_a_figure_that_is_not_shown_says_its_own",
    ),
    Mutant(  # a note for each figure of it
        TABLE,
        "tuple(dict.fromkeys(one.note for one in found if one.note))",
        "tuple(one.note for one in found if one.note)",
        f"{_T}test_each_note_has_one_number_and_a_figure_that_is_not_shown_says_its_own",
    ),
    Mutant(  # a table that something stands beside has no marks
        "claims/reproduce/markdown.py",
        'f"*{cell.published}*{cell.mark} | ',
        'f"*{cell.published}* | ',
        f"{_T}test_every_rendering_has_the_marks_and_the_notes",
    ),
    Mutant(  # figures that a recipe measures come together as well
        WORDS,
        "return kind if claim.ours is None else (place, *kind)",
        "return kind",
        f"{_T}test_figures_that_no_recipe_measures_are_reasoned_about_once_a_table",
    ),
    Mutant(  # those of a text are said to be of a table
        WORDS,
        "(claim.table, claim.source, claim.evidence, one.word, one.reason)",
        "(claim.table, claim.evidence, one.word, one.reason)",
        f"{_T}test_figures_of_two_sources_are_not_thrown_together",
    ),
    Mutant(  # a note that the paper does not have is no note
        "claims/paper.py",
        "claim.note is not None and claim.note not in self.notes",
        "claim.note is not None and not self.notes",
        f"{_T}test_a_claim_names_a_note_of_its_paper",
    ),
    Mutant(  # notes of figures that a recipe measures are lost
        "claims/reproduce/page.py",
        "return published(claim, found, explored, note)",
        "return published(claim, found, explored)",
        f"{_T}test_a_claim_names_a_note_of_its_paper",
    ),
    Mutant(  # it is never said what a test takes
        "claims/reproduce/page.py",
        'needs=statement.needs if statement else ""',
        'needs=""',
        f"{_T}test_what_is_said_of_a_statement_comes_from_its_paper",
    ),
    Mutant(  # older pages get a field that says nothing
        "claims/paper.py",
        'younger: ClassVar[frozenset[str]] = frozenset({"note"})',
        "younger: ClassVar[frozenset[str]] = frozenset()",
        f"{_T}test_pages_without_notes_and_needs_keep_their_bytes",
    ),
]
