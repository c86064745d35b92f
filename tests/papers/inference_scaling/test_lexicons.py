"""Lexicons are files: what they hold, and what is refused of a user's own."""

import shutil

import pytest

from llmx.core.errors import DataError
from llmx.papers.inference_scaling.features.lexicon import CATEGORIES, SHIPPED, read_lexicons
from llmx.store.fingerprint import hash_file

FILES = {
    "thinking.txt": "# thinking\nwait\nHold on\n",
    "hedging.txt": "maybe\n\nnot sure\n",
    "discourse.txt": "but\n",
    "filing_a.txt": "however = discourse\nactually = thinking\n",
    "filing_b.txt": "actually=discourse\nhowever=discourse\n",
}


def folder(path, **changes):
    named = {name.replace("_txt", ".txt"): text for name, text in changes.items()}
    for name, text in (FILES | named).items():
        if text is not None:
            (path / name).write_text(text, encoding="utf-8")
    return path


def category(lexicons, filing, marker):
    return CATEGORIES[lexicons.filings[filing][lexicons.entries.index(marker)]]


def test_lists_and_filings_are_read(tmp_path):
    found = read_lexicons(folder(tmp_path))
    assert set(found.entries) == {
        "wait", "hold on", "maybe", "not sure", "but", "however", "actually",
    }  # fmt: skip
    assert list(found.filings) == ["a", "b"]
    assert category(found, "a", "actually") == "thinking"
    assert category(found, "b", "actually") == "discourse"
    assert category(found, "a", "hold on") == category(found, "b", "hold on") == "thinking"
    assert found.size("a", "thinking") == 3
    assert found.size("b", "thinking") == 2
    assert found.hashes == {name: hash_file(tmp_path / name) for name in FILES}


def test_a_changed_list_has_another_hash(tmp_path):
    before = read_lexicons(folder(tmp_path)).hashes
    after = read_lexicons(folder(tmp_path, hedging_txt="maybe\nperhaps\n")).hashes
    assert {name for name in FILES if before[name] != after[name]} == {"hedging.txt"}


def test_the_shipped_filings_differ_in_the_disputed_words_alone():
    found = read_lexicons()
    differ = {
        entry
        for entry, one, other in zip(found.entries, *found.filings.values(), strict=True)
        if one != other
    }
    assert differ == {"alternatively", "actually", "on second thought"}
    assert all(category(found, "b", entry) == "discourse" for entry in differ)
    assert category(found, "a", "however") == category(found, "b", "however") == "discourse"
    assert [found.size("a", one) for one in CATEGORIES] == [16, 40, 27]
    assert [found.size("b", one) for one in CATEGORIES] == [13, 40, 30]
    assert sorted(found.hashes) == sorted(path.name for path in SHIPPED.iterdir())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hedging_txt": "maybe\nmaybe\n"}, "hedging.txt:2 has 'maybe', which hedging.txt:1 has"),
        ({"discourse_txt": "but\nWait\n"}, "discourse.txt:2 has 'Wait', which thinking.txt:2 has"),
        ({"discourse_txt": "hold-on\n"}, "discourse.txt:1 has 'hold-on', which thinking.txt:3"),
        ({"filing_b_txt": "maybe = discourse\n"}, "filing_b.txt:1 has 'maybe', which hedging.txt"),
        ({"filing_a_txt": "however = doubt\n"}, "filing_a.txt:1 files 'however' under 'doubt'"),
        ({"filing_a_txt": "however\n"}, "filing_a.txt:1 files 'however' under ''"),
        ({"filing_b_txt": "however = discourse\n"}, "filing_b.txt does not file 'actually'"),
        ({"filing_a_txt": "however = discourse\n"}, "filing_a.txt does not file 'actually'"),
        ({"hedging_txt": "# nothing\n"}, "hedging.txt is empty"),
        ({"hedging_txt": "may be?\n"}, "hedging.txt:1 is no marker: 'may be?'"),
        ({"hedging_txt": "may  be\n"}, "hedging.txt:1 is no marker: 'may  be'"),
        ({"hedging_txt": None}, "hedging.txt cannot be read: No such file"),
        ({"filing_a_txt": None, "filing_b_txt": None}, "has no filing"),
    ],
)
def test_bad_lexicons_are_refused_in_one_line(tmp_path, changes, said):
    with pytest.raises(DataError) as caught:
        read_lexicons(folder(tmp_path, **changes))
    assert said in caught.value.message
    assert "\n" not in str(caught.value)
    assert caught.value.hint
    assert caught.value.exit_code == 2


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (folder(tmp_path) / "hedging.txt").write_bytes(b"may\xff\n")
    with pytest.raises(DataError, match=r"hedging\.txt cannot be read: no text"):
        read_lexicons(tmp_path)


def test_a_mark_of_byte_order_and_curly_apostrophes_are_no_part_of_a_word(tmp_path):
    shutil.copytree(SHIPPED, tmp_path, dirs_exist_ok=True)
    (tmp_path / "hedging.txt").write_bytes("\ufeffcan’t say\n".encode())
    assert "can't say" in read_lexicons(tmp_path).entries
