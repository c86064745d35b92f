"""Records read one by one are what reading them all gives."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from llmx.core.errors import StoreError
from llmx.core.record import Sample
from llmx.store import files
from llmx.store.files import Appender, read_lines, whole_lines, write_lines
from llmx.store.rows import lean, rows

LINES = [
    '{"id": "a", "question": "é\u2028\\u00e9", "answer": "1"}',
    '{"answer": "2", "id": "b", "question": "", "choices": 4}',
    '{"id": "a", "id": "c", "question": "twice", "answer": ""}',
    '  {"id": "d", "question": "spaces", "answer": "0"}  ',
    '{"id": "e", "question": "\\ud83d\\ude00", "answer": "\\n"}',
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "rows.jsonl"
    found.write_bytes("\n".join([*LINES, "", '{"torn']).encode())
    return found


def test_they_are_those_of_reading_the_whole(path: Path) -> None:
    assert list(rows(path, Sample)) == [Sample.model_validate(row) for row in read_lines(path)]
    assert len(list(whole_lines(path))) == len(LINES) == len(read_lines(path))


def test_of_no_file_there_are_none(tmp_path: Path) -> None:
    assert list(rows(tmp_path / "nobody", Sample)) == read_lines(tmp_path / "nobody") == []


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("{", StoreError),
        ('{"id": "a"} x', StoreError),
        ('{"id": "a"}', ValidationError),
        ("[]", ValidationError),
        ('{"id": "a", "question": "", "answer": "", "more": 1}', ValidationError),
    ],
)
def test_a_bad_line_is_an_error_when_its_turn_comes(path: Path, line: str, error: type) -> None:
    path.write_text(LINES[1] + "\n" + line + "\n")
    found = rows(path, Sample)
    assert next(found).id == "b"
    with pytest.raises(error):
        next(found)


def test_models_share_the_names_of_their_fields_and_are_equal_all_the_same(path: Path) -> None:
    plain = [Sample.model_validate_json(line) for line in LINES]
    found = list(lean(Sample.model_validate_json(line) for line in LINES))
    assert found == plain
    assert [one.model_fields_set for one in found] == [one.model_fields_set for one in plain]
    assert len({id(one.__pydantic_fields_set__) for one in found}) == 3  # choices come and go
    copied = found[3].model_copy(update={"cluster": "c"})
    assert "cluster" in copied.model_fields_set and "cluster" not in found[3].model_fields_set


def test_what_fails_on_the_way_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    write_lines(path, [{"a": 1}])

    def failing():
        yield from ({"a": n} for n in range(1000))
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        write_lines(path, failing())
    assert read_lines(path) == [{"a": 1}] and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 1000])
def test_lines_are_the_documents_of_their_rows(tmp_path: Path, count: int) -> None:
    found = [{"n": n, "text": "ü" * (n % 7)} for n in range(count)]
    write_lines(tmp_path / "rows.jsonl", iter(found))
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in found)
    assert (tmp_path / "rows.jsonl").read_text(encoding="utf-8") == text


@pytest.mark.parametrize("tail", [1, 2, 3, 7, 1 << 16])
@pytest.mark.parametrize("content", ["", "torn", "a\n", "a\nb\ntorn", "a\n\n", "\n", "aaaaaaa\nbb"])
def test_a_torn_last_line_of_any_length_is_cut(
    tmp_path: Path, tail: int, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "_TAIL", tail)
    path = tmp_path / "rows.jsonl"
    path.write_text(content)
    with Appender(path) as appended:
        appended.append([{"n": 1}])
    assert path.read_text() == content[: content.rfind("\n") + 1] + '{"n": 1}\n'
