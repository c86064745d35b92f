"""A person's own questions: what a file says is what is asked, or a line says what is wrong."""

import json
import shlex
import sys
from collections import Counter
from pathlib import Path

import pytest

from llmx.core.errors import LlmxError
from llmx.core.record import Sample
from llmx.core.spec import DataSpec
from llmx.core.speech import SamplerSpec
from llmx.data import evaluation_identity, identity, load, settled
from llmx.data.own_file import OwnFile
from llmx.data.templated import question_key
from llmx.stages.requests import put

TWO = [{"question": "1 + 1?", "answer": "2"}, {"question": "2 + 2?", "answer": "4"}]


def write(path: Path, rows, name="mine.jsonl", end="\n") -> Path:
    text = end.join(json.dumps(row, ensure_ascii=False) for row in rows)
    path.mkdir(exist_ok=True)
    (path / name).write_bytes(text.encode())
    return path / name


def spec(path: Path, kind="jsonl", seed=0, test=1000, **options) -> DataSpec:
    sizes = {"test": test, "train": 1000, "heldout": 1000, "calibration": 1000}
    return DataSpec(kind=kind, seed=seed, options={"path": str(path), **options}, **sizes)


def said(path: Path, **given) -> str:
    with pytest.raises(LlmxError) as error:
        load(spec(path, **given), "test")
    assert "\n" not in str(error.value) and error.value.hint
    return str(error.value)


def asked(samples: list[Sample]) -> list[tuple[str, str]]:
    return [(one.question, one.answer) for one in samples]


# Lines end at \n alone: everything else that Python takes for a line's end is text.
ODD = [
    "\u2028",
    "\u2029",
    "\x85",
    "\x0b",
    "\x0c",
    "\x1c",
    "\x1d",
    "\x1e",
    "\u00a0",
    " x ",
    "\ufeff",
]


@pytest.mark.parametrize("odd", ODD, ids=[repr(one) for one in ODD])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\n"])
def test_a_text_arrives_as_it_was_written(tmp_path, odd, end):
    rows = [{"question": f"one{odd}two", "answer": "a"}, {"question": f"{odd}.", "answer": "b"}]
    file = write(tmp_path, rows, end=end)
    expected = [(row["question"], row["answer"]) for row in rows]
    assert asked(load(spec(file), "test")) == expected
    file.write_bytes(b"\xef\xbb\xbf" + file.read_bytes() + end.encode())
    assert asked(load(spec(file), "test")) == expected


def test_parquet_and_csv_and_jsonl_of_the_same_rows_are_the_same_problems(tmp_path):
    import pyarrow
    from pyarrow import parquet

    rows = [{"prompt": 'say "a",\nthen b; c\td', "target": "x"}, {"prompt": "plain", "target": "y"}]
    made = [spec(write(tmp_path, rows))]
    parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "a.parquet")
    made.append(spec(tmp_path / "a.parquet", "parquet"))
    quoted = ['"say ""a"",\nthen b; c\td"', "plain"]
    for name, part in {"comma": ",", "semicolon": ";", "tab": "\t"}.items():
        lines = [f"prompt{part}target", f"{quoted[0]}{part}x", f"{quoted[1]}{part}y"]
        for mark in ("", "\ufeff"):
            file = tmp_path / f"{name}{len(mark)}.csv"
            file.write_bytes((mark + "\r\n".join(lines)).encode())
            made.append(spec(file, "csv"))
    found = [load(one, "test") for one in made]
    assert all(one == found[0] for one in found)
    assert asked(found[0]) == [(row["prompt"], row["target"]) for row in rows]


BAD_FILES = {
    "rows of CSV in JSON": ("csv", b'{"question": "a", "answer": "b"}\n', "line 1 is JSON"),
    "half a list": ("jsonl", b'[{"question": "a", "answer": "b"},', "mine.jsonl is no JSON"),
    "a list of lists": ("jsonl", b'[{"question": "a"}, []]', "mine.jsonl, row 2 is no object"),
    "half a line": ("jsonl", b'{"question": ', "mine.jsonl, line 1 is no JSON"),
    "a list": ("jsonl", b'{"question": "a", "answer": "b"}\n[1]', "line 2 is no object"),
    "nothing": ("jsonl", b"\n \n", "mine.jsonl holds no row"),
    "a header alone": ("csv", b"question,answer\n", "mine.csv holds no row"),
    "latin-1": ("jsonl", '{"question": "caf\xe9"}'.encode("latin-1"), "is no UTF-8 text: byte 17"),
    "half of a character": ("jsonl", b'{"question": "\\ud83d"}', "line 1 is no JSON"),
    "a cell too many": ("csv", b"question,answer\na,b\nc,d,e\n", "mine.csv, line 3 has 3 cells"),
    "a cell too few": ("csv", b'question,answer\n"a\nb",b\nc\n', "mine.csv, line 4 has 1 cells"),
    "a column twice": ("csv", b"question,answer,answer\na,b,c\n", "'answer' stands twice"),
    "an open quote": ("csv", b'question,answer\n"a,b\n', "mine.csv is no CSV"),
    "no parquet": ("parquet", b"question", "mine.parquet is no parquet file"),
    "no answer": ("jsonl", b'{"question": "a", "answer": null}', "1: the column 'answer' holds"),
    "a blank question": ("csv", b"question,answer\n ,b\n", "line 2: the column 'question' holds"),
    "no number": ("jsonl", b'{"question": "a", "answer": NaN}', "1: the column 'answer' holds"),
    "a list for a question": ("jsonl", b'{"question": ["a"], "answer": "b"}', "holds a list"),
    "only questions": ("jsonl", b'{"question": "a", "note": "b"}', "no column is called like the "
                       "answer: question, note"),
    "two questions": ("jsonl", b'{"question": "a", "prompt": "b", "answer": "c"}',
                      "several columns could be the question: question, prompt"),
    "two answers": ("csv", b"q,question,label,target\na,b,c,d\n",
                    "several columns could be the answer: label, target"),
}  # fmt: skip


@pytest.mark.parametrize(("kind", "content", "says"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_file_that_cannot_be_read_says_where(tmp_path, kind, content, says):
    file = tmp_path / f"mine.{kind}"
    file.write_bytes(content)
    assert says in said(file, kind=kind)


def test_one_list_of_rows_is_read_as_lines_are(tmp_path):
    lines, listed = write(tmp_path, TWO), tmp_path / "list.json"
    listed.write_text("\ufeff" + json.dumps(TWO, indent=2))
    assert load(spec(listed), "test") == load(spec(lines), "test")


def test_parquet_without_its_package_names_this_interpreter(tmp_path, monkeypatch):
    file = tmp_path / "a.parquet"
    file.write_bytes(b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    command = f"{shlex.quote(sys.executable)} -m pip install pyarrow"
    assert command in said(file, kind="parquet")


ROW = {"q": "Who?", "meta": {"a": "me"}, "n": 3, "the text": "x", "question": "-", "answer": "-"}
COLUMNS = {
    "columns": ({"question": "q", "answer": "n"}, ("Who?", "3")),
    "a name with a space": ({"question": "the text"}, ("x", "-")),
    "a template": ({"question": "{{ q }}\n\n{{ n + 1 }}\n"}, ("Who?\n\n4\n", "-")),
    "an inner value": ({"answer": "{{ meta.a | upper }}"}, ("-", "ME")),
    "the row": ({"question": "{{ row['the text'] }}"}, ("x", "-")),
    "a loop": ({"question": "{% for i in range(n) %}{{ i }}{% endfor %}"}, ("012", "-")),
}


@pytest.mark.parametrize(("options", "expected"), COLUMNS.values(), ids=COLUMNS)
def test_columns_and_templates_make_question_and_answer(tmp_path, options, expected):
    (found,) = load(spec(write(tmp_path, [ROW]), **options), "test")
    assert (found.question, found.answer) == expected


BAD_OPTIONS = {
    "a column that is not there": ({"question": "questoin"}, "did you mean question"),
    "a name that is not there": ({"question": "{{ nobody }}"}, "data.options.question: 'no"),
    "a template that is none": ({"answer": "{{ q"}, "line 1: data.options.answer: "),
    "nothing": ({"answer": "{{ '' }}"}, "line 1: data.options.answer gives nothing"),
    "no end": ({"answer": "{% for a in range(99999) %}{% for b in range(99999) %}"
                "{% endfor %}{% endfor %}"}, "line 1: data.options.answer: it takes more than 2 s"),
    "a text of a terabyte": ({"answer": "{{ 'a' * 10 ** 12 }}"}, "it takes more memory than"),
    "a way out": ({"answer": "{{ q.__class__.__mro__ }}"}, "data.options.answer: access to"),
    "a change": ({"answer": "{{ meta.update(a=1) }}"}, "data.options.answer: access to"),
    "a clock": ({"answer": "{{ strftime_now('%Y') }}"}, "'strftime_now' is undefined"),
    "chance": ({"answer": "{{ [1, 2] | random }}"}, "No filter named 'random'"),
    "an id that is not there": ({"id": "key"}, "data.options.id=key: mine.jsonl has no such"),
    "a split that is nowhere": ({"split_column": "n"}, "mine.jsonl has no split 'test'"),
    "a column of splits": ({"split_column": "part"}, "data.options.split_column=part"),
    "a split without a column": ({"splits": {"test": "dev"}}, "names 'dev': of which column?"),
    "more than there are": ({"splits": {"test": 5}}, "asks for 5 rows of 1"),
    "shots from nowhere": ({"shots": 1}, "data.options.shots=1: mine.jsonl has no split 'train'"),
    "shots of itself": ({"shots": 1, "shots_split": "test"}, "split test has 0 other questions"),
    "no list": ({"choices": "q"}, "line 1: data.options.choices=q gives no list of 2 to 26"),
}  # fmt: skip


@pytest.mark.parametrize(("options", "says"), BAD_OPTIONS.values(), ids=BAD_OPTIONS)
def test_an_option_that_does_not_fit_the_file_is_refused_in_one_line(tmp_path, options, says):
    assert says in said(write(tmp_path, [ROW]), **options)


def test_a_row_that_lacks_what_a_template_reads_is_named(tmp_path):
    file = write(tmp_path, [{"q": "a", "h": "b", "answer": "c"}, {"q": "a", "answer": "c"}])
    assert "line 2: data.options.question: 'h' is undefined" in said(
        file, question="{{ q }}{{ h }}"
    )


@pytest.mark.parametrize("name", ["question", "Prompt", "input", "problem", "query", "instruction"])
@pytest.mark.parametrize("other", ["answer", "Target", "label", "output", "expected", "gold"])
def test_common_names_need_no_option_and_are_told(tmp_path, name, other):
    file = write(tmp_path, [{"n": 1, name: "Who?", other: 7, "why": "so"}])
    assert asked(load(spec(file), "test")) == [("Who?", "7")]
    (note,) = settled(spec(file), tmp_path / "revisions.json").notes
    assert note == f"mine.jsonl: test has 1 row; by their names question={name}, answer={other}"


def test_what_is_settled_asks_the_same_and_is_settled_for_good(tmp_path):
    file = write(tmp_path, [{"prompt": f"{n}?", "target": n} for n in range(30)])
    first = spec(file, test=1_000_000)
    done = settled(first, tmp_path / "r").spec
    assert (done.test, done.options["question"], done.options["answer"]) == (30, "prompt", "target")
    assert (done.train, done.heldout) == (0, 0)
    assert settled(done, tmp_path / "r").spec == done
    assert load(done, "test") == load(first, "test") and len(load(done, "test", 7)) == 7
    assert settled(spec(file, test=12), tmp_path / "r").spec.test == 12


def test_a_file_is_known_by_its_content_wherever_it_lies(tmp_path):
    one, two = write(tmp_path / "a", TWO), write(tmp_path / "b", TWO, "other.jsonl")
    first, other = (settled(spec(path), tmp_path / "r").spec for path in (one, two))
    assert identity(first) == identity(other) and first.stated() == other.stated()
    assert str(tmp_path) not in json.dumps([identity(first), first.stated()])
    assert identity(spec(one)) == identity(spec(two))
    one.write_text(one.read_text().replace("4", "5"))
    assert identity(settled(spec(one), tmp_path / "r").spec) != identity(other)


def test_a_file_that_has_changed_since_the_plan_is_refused(tmp_path):
    file = write(tmp_path, TWO)
    planned = settled(spec(file), tmp_path / "r").spec
    file.write_text(file.read_text().replace("4", "5"))
    with pytest.raises(LlmxError, match="is another file than was planned with"):
        load(planned, "test")


def test_ids_are_of_the_content_and_all_different(tmp_path):
    rows = [*TWO, {"question": "3?", "answer": "3"}, TWO[0], TWO[0]]
    found = [one.id for one in load(spec(write(tmp_path, rows)), "test")]
    assert found[3:] == [f"{found[0]}-2", f"{found[0]}-3"] and len(set(found)) == 5
    turned = load(spec(write(tmp_path, rows[::-1], "other.jsonl")), "test")
    assert sorted(one.id for one in turned) == sorted(found)
    named = [{**row, "id": f"q{n}", "topic": n % 2} for n, row in enumerate(rows)]
    kept = load(spec(write(tmp_path, named), id="id", cluster="topic"), "test")
    assert [(one.id, one.cluster) for one in kept] == [(f"q{n}", str(n % 2)) for n in range(5)]


def test_two_rows_of_one_id_are_refused_and_both_are_named(tmp_path):
    rows = [{**row, "id": name} for row, name in zip([*TWO, TWO[0]], "aba", strict=True)]
    says = said(write(tmp_path, rows), id="id")
    assert says.startswith("mine.jsonl: line 1 and line 3 have one id: 'a'")


def test_equal_questions_are_asked_and_told(tmp_path):
    rows = [*TWO, {"question": " 1 +  1? ", "answer": "two"}, TWO[1]]
    done = settled(spec(write(tmp_path, rows)), tmp_path / "r")
    assert len(load(done.spec, "test")) == 4
    assert done.notes[-1] == (
        "mine.jsonl: 2 questions stand more than once, first in line 1 and line 3"
    )
    (alone,) = settled(spec(write(tmp_path, TWO)), tmp_path / "r").notes
    assert "more than once" not in alone


def several(tmp_path, count, **options):
    rows = [{"question": f"Question {n}?", "answer": str(n)} for n in range(count)]
    rows += [{"question": f"question  {n}?", "answer": f"again {n}"} for n in range(0, count, 10)]
    return spec(write(tmp_path, rows, f"{count}.jsonl"), **options)


SPLITS = {
    "shares": {"test": 0.5, "calibration": 0.2, "train": 0.3},
    "a part": {"test": 0.5, "train": 0.25},
    "the rest": {"calibration": 0.25},
    "numbers": {"test": 60, "train": 40},
    "a number": {"heldout": 120},
}


@pytest.mark.parametrize("parts", SPLITS.values(), ids=SPLITS)
def test_splits_share_no_question_and_are_as_large_as_asked(tmp_path, parts):
    data, total = several(tmp_path, 400, splits=parts), 440
    found = {name: load(data, name) for name in {"test", *parts}}
    keys = [{question_key(one.question) for one in rows} for rows in found.values()]
    assert sum(map(len, keys)) == len(set().union(*keys))
    for name, part in parts.items():
        if isinstance(part, int):
            assert len(found[name]) == part
        else:
            assert abs(len(found[name]) - part * total) < 3 * (total * part * (1 - part)) ** 0.5
    if "test" not in parts or sum(parts.values()) == 1:  # of equal ones at a border one is left out
        border = sum(isinstance(part, int) for part in parts.values())
        assert sum(map(len, found.values())) >= total - border
    places = {one.id: place for place, one in enumerate(load(several(tmp_path, 400), "test"))}
    assert all([places[one.id] for one in rows] == sorted(places[one.id] for one in rows)
               for rows in found.values())  # fmt: skip


def test_a_row_more_moves_none_to_another_split(tmp_path):
    parts = {"test": 0.6, "calibration": 0.4}
    few, more = (several(tmp_path, count, splits=parts) for count in (100, 200))
    for name in parts:
        assert {one.id for one in load(few, name)} <= {one.id for one in load(more, name)}
    other = several(tmp_path, 100, splits=parts, seed=1)
    assert load(other, "test") != load(few, "test")


def test_a_column_says_of_which_split_a_row_is(tmp_path):
    parts = ["train", "test", "dev", "test", "train"]
    rows = [{"question": f"{n}?", "answer": "a", "part": part} for n, part in enumerate(parts)]
    file = write(tmp_path, rows)
    data = spec(file, split_column="part", splits={"calibration": "dev"})
    found = {name: [one.question for one in load(data, name)] for name in
             ("test", "calibration", "train")}  # fmt: skip
    assert found == {"test": ["1?", "3?"], "calibration": ["2?"], "train": ["0?", "4?"]}
    with pytest.raises(LlmxError, match=r"has no split 'heldout'.*part holds train, test, dev"):
        load(data, "heldout")
    with pytest.raises(LlmxError, match=r"no split 'train'.*splits=\{test: 0.8, train: 0.2\}"):
        load(spec(file), "train")


def test_an_order_that_is_drawn_is_another_of_the_same_questions(tmp_path):
    plain, drawn, again = (load(several(tmp_path, 50, **given), "test") for given in
                           ({}, {"shuffle": True}, {"shuffle": True, "seed": 1}))  # fmt: skip
    assert Counter(plain) == Counter(drawn) == Counter(again)
    assert plain != drawn != again != plain


SAMPLER = SamplerSpec(algorithm="target")


@pytest.mark.parametrize("of", ["train", "test"])
def test_worked_examples_stand_above_and_never_answer_the_question(tmp_path, of):
    parts = {"test": 0.5, "train": 0.5} if of == "train" else {}
    data = several(tmp_path, 60, splits=parts, shots=4, shots_split=of)
    tested = load(data, "test")
    pool = {f"{one.question}\n{one.answer}" for one in load(data, of)}
    for one in tested:
        shown = one.examples.split("\n\n")
        assert len(shown) == len(set(shown)) == 4 and set(shown) <= pool
        asked_too = {question_key(text.split("\n")[0]) for text in shown}
        assert question_key(one.question) not in asked_too and len(asked_too) == 4
        (turn,) = put(data, one, SAMPLER, 0).messages
        assert turn.content == f"{one.examples}\n\n{one.question}"
    other = load(several(tmp_path, 60, splits=parts, shots=4, shots_split=of, seed=5), "test")
    assert {one.examples for one in other} != {one.examples for one in tested}
    if of == "train":
        assert not any(one.examples for one in load(data, "train"))
        assert len({one.examples for one in tested}) == 1


def test_examples_are_written_by_a_template_over_the_row(tmp_path):
    rows = [{"question": f"{n}?", "answer": n, "why": f"as {n}", "part": "train"} for n in range(3)]
    rows.append({"question": "9?", "answer": 9, "why": "", "part": "test"})
    file = write(tmp_path, rows)
    given = {
        "split_column": "part",
        "shots": 3,
        "shot": "Q {{ question }} {{ why }}\nA {{ answer }}",
    }
    (found,) = load(spec(file, **given), "test")
    assert sorted(found.examples.split("\n\n")) == [f"Q {n}? as {n}\nA {n}" for n in range(3)]


def test_system_preamble_examples_and_instruction_stand_in_their_order(tmp_path):
    data = spec(write(tmp_path, TWO), shots=1, shots_split="test")
    words = {"system": "S", "preamble": "P", "instruction": "I"}
    first = load(data, "test")[0]
    turns = put(data.model_copy(update=words), first, SAMPLER, 0).messages
    assert [(one.role, one.content) for one in turns] == [
        ("system", "S"),
        ("user", "P\n\n2 + 2?\n4\n\n1 + 1?\n\nI"),
    ]


def test_several_references_are_kept_and_the_first_is_the_answer(tmp_path):
    rows = [{"question": "a?", "answers": {"text": ["x", "y "], "answer_start": [1, 2]}},
            {"question": "b?", "answers": ["z"]}]  # fmt: skip
    first, other = load(spec(write(tmp_path, rows), answer="answers"), "test")
    assert (first.answer, first.metadata) == ("x", {"answers": ["x", "y"]})
    assert (other.answer, other.metadata) == ("z", {})


def test_an_evaluation_does_not_depend_on_how_much_of_other_splits_is_read(tmp_path):
    file = write(tmp_path, TWO)
    one, two = spec(file), spec(file).model_copy(update={"train": 1, "calibration": 3})
    assert evaluation_identity(one, "test") == evaluation_identity(two, "test")


def test_the_scorer_that_fits_is_that_of_the_answers(tmp_path):
    assert OwnFile.scorer_of(spec(write(tmp_path, TWO))) == OwnFile.scorer == "exact"
    rows = [{"question": "a", "choices": ["x", "y"], "answer": "y"}]
    chosen = spec(write(tmp_path, rows, "choices.jsonl"))
    assert OwnFile.scorer_of(chosen) == "choice"
    assert OwnFile.scorer_of(settled(chosen, tmp_path / "r").spec) == "choice"
