"""What `make mutants` remembers, tries again and counts; nothing is planted here."""

import every
import pytest
from table import TABLE
from unseen import UNSEEN

ROWS = TABLE[:3]


@pytest.fixture
def hunted(tmp_path, monkeypatch):
    """Hunt with answers given beforehand; returns what was found and which rows were tried."""
    monkeypatch.setattr(every, "DONE", tmp_path / "done.tsv")
    monkeypatch.setattr(every, "copied", lambda folder: folder)
    tried = []

    def hunt(*words):
        answers = iter(words)

        def found(_, row, seconds):
            tried.append(row)
            return next(answers)

        monkeypatch.setattr(every, "found", found)
        monkeypatch.setattr(every, "sound", lambda folder, rows: {})
        tried.clear()
        return every.hunt(ROWS), list(tried)

    return hunt


def test_what_is_killed_is_remembered_and_all_else_is_tried_again(hunted):
    words, tried = hunted("killed", "SURVIVED", "no test ran")
    assert list(words.values()) == ["killed", "SURVIVED", "no test ran"] and tried == ROWS
    words, tried = hunted("killed: hangs", "killed")
    assert list(words.values()) == ["killed", "killed: hangs", "killed"] and tried == ROWS[1:]
    assert hunted() == (words, [])


@pytest.mark.parametrize("place", ["row", "file", "test"])
def test_a_row_is_another_with_its_text_its_file_or_its_test(place, tmp_path, monkeypatch):
    for folder in ("package", "root"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(every, "PACKAGE", tmp_path / "package")
    monkeypatch.setattr(every, "ROOT", tmp_path / "root")
    row = ROWS[0]._replace(file="a.py", test="test_a.py::test_b")
    (tmp_path / "package" / "a.py").write_text("one")
    (tmp_path / "root" / "test_a.py").write_text("one")
    before = every.fingerprint(row)
    assert every.fingerprint(row) == before
    if place == "row":
        row = row._replace(new=row.new + " ")
    else:
        where = {"file": tmp_path / "package" / "a.py", "test": tmp_path / "root" / "test_a.py"}
        where[place].write_text("other")
    assert every.fingerprint(row) != before


def test_the_summary_counts_and_names_what_is_alive():
    words = dict(zip(ROWS, ["killed", "SURVIVED", "killed: hangs"], strict=True))
    text = every.summary(words)
    assert f"| all | 3 | 2 | {len(UNSEEN)} |" in text
    assert text.splitlines()[-1].startswith(f"SURVIVED: {every.qualified(ROWS[1])}, ")


def test_tests_that_fail_without_a_fault_end_it(tmp_path, monkeypatch):
    done = every.subprocess.CompletedProcess([], 1, "1 failed", "")
    monkeypatch.setattr(every, "tried", lambda *_: done)
    with pytest.raises(SystemExit, match="fails without a fault:\n1 failed"):
        every.sound(tmp_path, ROWS)


REPORT = """<testsuites><testsuite><testcase classname="tests.unit.a.test_a" name="b" time="2.5"/>
<testcase classname="tests.unit.a.test_a" name="c" time="10"/><testcase
classname="tests.test_d" name="e" time="0.1"/></testsuite></testsuites>"""


@pytest.mark.parametrize(
    ("test", "seconds"),
    [("tests/unit/a/test_a.py::b", 125), ("tests/test_d.py::e", 60), ("tests/test_f.py::g", 600)],
)
def test_a_fault_hangs_after_ten_times_what_its_file_took(tmp_path, test, seconds):
    (tmp_path / "sound.xml").write_text(REPORT)
    took = every.by_file(tmp_path / "sound.xml")
    assert every.limit(ROWS[0]._replace(test=test), took) == seconds
