"""Tables and lines on a terminal of any width: names, paths and commands are never broken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from llmx.cli import console as module
from llmx.cli.console import show, table

WORDS = st.text("abcdefghij/-_=", min_size=1, max_size=30)
CELLS = st.lists(WORDS, min_size=1, max_size=5).map(" ".join)


def shown(thing: object, width: int) -> str:
    """What stands there on a terminal of that width, which folds nothing itself."""
    made = Console(width=width, highlight=False, force_terminal=False, color_system=None)
    kept, module.console = module.console, lambda stderr=False: made
    try:
        with made.capture() as caught:
            show(thing)
    finally:
        module.console = kept
    return caught.get()


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=4), st.integers(10, 150))
def test_no_word_of_a_table_is_broken_at_any_width(rows, width) -> None:
    words = set(shown(table(("one", "two", "three"), rows), width).split())
    assert {word for row in rows for cell in row for word in cell.split()} <= words


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=4), st.integers(10, 150))
def test_what_is_copied_is_not_folded_even_between_words(rows, width) -> None:
    text = shown(table(("path", "about"), rows, whole=("path",)), width)
    assert [path for path, _ in rows if path not in text] == []


@pytest.mark.parametrize("rows", [3, 300])
@pytest.mark.parametrize("width", [40, 80])
def test_long_tables_keep_words_too(rows: int, width: int) -> None:
    path = "/a/folder with a space in it/" + "x" * 60
    made = table(("run", "place"), [(f"name-{n}", path) for n in range(rows)], whole=("place",))
    assert shown(made, width).count(path) == rows


def test_a_table_that_fits_is_as_wide_as_it_needs() -> None:
    lines = shown(table(("a", "b"), [("one two", "three")]), 80).splitlines()
    assert max(len(line.rstrip()) for line in lines) == len(" one two   three")
    assert any("one two   three" in line for line in lines)


def test_columns_with_room_give_it_to_those_without() -> None:
    prose = "so many words that it must be folded over some lines " * 3
    name = "a-name-that-is-thirty-letters"
    text = shown(table(("name", "what", "more"), [(name, prose, prose)]), 60)
    assert max(map(len, text.splitlines())) <= 60 and name in text


def test_words_longer_than_the_terminal_stay_whole() -> None:
    words = (
        "a-name-that-is-thirty-letters",
        "/a/path/that/is/as/long/as/it",
        "and=a,setting=of,the=kind",
    )
    assert set(words) <= set(shown(table(("one", "two", "three"), [words]), 30).split())


@pytest.mark.parametrize(
    "text",
    [
        "report    /a/folder with a space in it/" + "deep/" * 30 + "report.html",
        "to resume: llmx run recipe=x --runs 'my runs' " + "arms=[a] " * 20,
        "write `" + "some thing " * 20 + "`",
    ],
)
def test_a_line_with_something_to_copy_is_one_line(text: str) -> None:
    assert shown(text, 40) == text + "\n"


def test_prose_is_folded_between_words() -> None:
    text = "nothing in here is for copying and so it may be folded where the words end"
    lines = shown(text, 40).splitlines()
    assert len(lines) > 1 and " ".join(lines).split() == text.split()


def test_doctor_shows_paths_and_commands_whole(monkeypatch, capsys) -> None:
    from llmx.cli import doctor

    path = "/home/somebody with a space/" + "a/" * 60 + "bin/python"
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(doctor, "_vllm", lambda: ("vllm", f"0.32.0 at {path}", f"{path} -m pip"))
    for heavy in ("_cuda", "_threads"):
        monkeypatch.setattr(doctor, heavy, lambda: "none")
    monkeypatch.setattr(doctor, "_kernel", lambda: ("compiled forward", "none", ""))
    doctor.doctor()
    out = capsys.readouterr().out
    assert f"0.32.0 at {path}" in out and f"vllm: {path} -m pip" in out
