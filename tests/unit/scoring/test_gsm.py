"""Reading answers: a table of awkward texts, and laws."""

from decimal import Decimal
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from readings import pairs, table

from llmx.core.errors import DataError
from llmx.core.record import Record, Sample
from llmx.scoring.gsm import GsmScorer, reference_answer, strict_answer
from llmx.scoring.number import last_number, value_of

NUMBERS = table("numbers.yaml")
HUGE = "9" * 4999 + "8"

# name: text, strict, flexible
READINGS = {
    "plain": ("6 + 4 = 10\n#### 10", "10", "10"),
    "negative": ("#### -7", "-7", "-7"),
    "unicode minus": ("#### −7", "-7", "-7"),
    "minus zero": ("#### -0.00", "0", "0"),
    "thousands": ("#### 1,000", "1000", "1000"),
    "millions": ("#### 12,345,678.90", "12345678.9", "12345678.9"),
    "comma of a sentence": ("#### 12, as asked", "12", "12"),
    "four digits after a comma": ("#### 1,0000", None, None),
    "dollars": ("#### $5.00", "5", "5"),
    "dollars below zero": ("#### -$5.50", "-5.5", "-5.5"),
    "dollars, sign inside": ("#### $-5.50", "-5.5", "-5.5"),
    "trailing zero": ("#### 60.0", "60", "60"),
    "trailing stop": ("#### 60.", "60", "60"),
    "leading zeros": ("#### 007", "7", "7"),
    "no whole part": ("#### .50", "0.5", "0.5"),
    "unit": ("#### 5 apples", "5", "5"),
    "percent": ("#### 50%", "50", "50"),
    "no space": ("####5", "5", "5"),
    "next line": ("####\n5", "5", "5"),
    "two marks": ("#### 4\n#### 5", "5", "5"),
    "last mark empty": ("#### 4\n####", None, "4"),
    "word after mark": ("#### apples 5", None, "5"),
    "no mark": ("So she has 12 apples.", None, "12"),
    "mark of three": ("### 5", None, "5"),
    "mark of five": ("##### 5", "5", "5"),
    "number after the answer": ("#### 5\nQuestion 2", "5", "5"),
    "subtraction": ("12-5", None, None),
    "range with a dash": ("3–5 days", None, None),
    "equation below zero": ("2-5=-3", None, "-3"),
    "list item": ("- 5 apples", None, "5"),
    "bracket": ("(3+4)-5", None, None),
    "other digits": ("#### ٥", None, None),
    "fraction": ("#### 3/4", "0.75", "0.75"),
    "empty": ("", None, None),
    "mark alone": ("####", None, None),
    "words alone": ("no idea", None, None),
    "huge": (f"#### {HUGE}", HUGE, HUGE),
}


@pytest.mark.parametrize(("text", "strict", "flexible"), READINGS.values(), ids=READINGS)
def test_readings(text, strict, flexible):
    score = GsmScorer().score(record(text), sample("1"))
    assert (score.strict, score.flexible) == (strict, flexible)
    assert strict is not None or last_number(text) == flexible


def record(text: str, finish: str = "eos") -> Record:
    return Record(
        id="a",
        prompt_ids=(1,),
        completion_ids=(5, 6, 7),
        prompt="q",
        text=text,
        finish=finish,
        rounds=2,
        drafted=10,
        accepted=1,
    )


def sample(answer: str) -> Sample:
    return Sample(id="a", question="q", answer=answer, cluster="t3")


# name: text, reference, correct, correct_flexible, unparsed
VERDICTS = {
    "right": ("#### 60", "60", True, True, False),
    "equal by value": ("#### 60", "60.0", True, True, False),
    "equal with comma": ("#### 1,000", "1000", True, True, False),
    "wrong": ("#### 61", "60", False, False, False),
    "wrong sign": ("#### 60", "-60", False, False, False),
    "right without mark": ("It is 60.", "60", False, True, True),
    "right, then talk": ("#### 60\nOr 61?", "60", True, True, False),
    "undecided": ("#### 60 or 61?", "60", False, False, True),
    "nothing": ("", "60", False, False, True),
    "a fraction": ("#### 1/2", "0.5", True, True, False),
    "another number begins it": ("#### 5 million", "5", False, False, False),
    "a time": ("#### 12:30", "12", False, False, False),
    "reference with its mark": ("#### 60", "20 + 40\n#### 60", True, True, False),
    "one digit off in a huge number": (f"#### {HUGE}", "9" * 5000, False, False, False),
}


@pytest.mark.parametrize(
    ("text", "answer", "correct", "loose", "unparsed"), VERDICTS.values(), ids=VERDICTS
)
def test_verdicts(text, answer, correct, loose, unparsed):
    score = GsmScorer().score(record(text), sample(answer))
    found = (score.correct, score.correct_flexible, score.unparsed)
    assert found == (correct, loose, unparsed)


@pytest.mark.parametrize(("value", "written"), pairs(NUMBERS["read"]))
def test_a_number_is_its_value_however_it_is_written(value, written):
    assert strict_answer(f"#### {written}") == value
    assert reference_answer(f"3 + 4 = 7\n#### {written}") == reference_answer(written) == value


@pytest.mark.parametrize("written", NUMBERS["unread"])
def test_what_is_not_one_number_is_no_answer_and_no_reference(written):
    assert strict_answer(f"#### {written}") is None
    score = GsmScorer().score(record(f"#### {written}"), sample("5"))
    assert score.unparsed and not score.correct
    with pytest.raises(DataError, match="is not a number"):
        GsmScorer().score(record("#### 5"), sample(written))


@pytest.mark.parametrize(("value", "text"), pairs(NUMBERS["prose"]))
def test_the_last_number_of_a_text_is_one_number_or_none(value, text):
    assert last_number(text) == value


# What ends with another sentence has another last number.
ONE = [row for row in pairs(NUMBERS["read"]) if not {"\n", ";"} & {*row[1]} and ". T" not in row[1]]


@pytest.mark.parametrize(("value", "written"), ONE)
def test_a_number_is_read_in_prose_as_it_is_alone(value, written):
    assert last_number(f"So it is {written}") == value


def test_the_table_holds_hundreds_and_no_spelling_twice():
    read, prose = pairs(NUMBERS["read"]), pairs(NUMBERS["prose"])
    assert len(read) + len(NUMBERS["unread"]) + len(prose) > 600
    spelled = [text for _, text in read] + NUMBERS["unread"]
    assert sorted({text for text in spelled if spelled.count(text) > 1}) == []


@given(st.text(), st.text())
def test_the_flexible_reading_is_never_worse_than_the_strict_one(before, behind):
    score = GsmScorer().score(record(f"{before}#### 5{behind}"), sample("5"))
    assert score.correct_flexible or not score.correct


@given(st.fractions(max_denominator=999), st.sampled_from(["{}", "{:,}", "${}$", "**{}**", "({})"]))
def test_a_fraction_is_its_value_and_a_reference_what_an_answer_is(value, mark):
    written = mark.format(value.numerator) + (f"/{value.denominator}" if mark == "{}" else "")
    found = strict_answer(f"#### {written}")
    assert found is not None and found == reference_answer(written)
    assert value_of(found) == (value if mark == "{}" else value.numerator)


@pytest.mark.parametrize(
    "text",
    ["5 or " * 4000, "1," * 9000, "1/" * 9000, "5 million " * 4000, "-" * 30000, "1 " * 9000],
)
def test_long_texts_are_read_in_a_moment(text):
    begun = perf_counter()
    last_number(text)
    strict_answer(f"#### {text}")
    assert perf_counter() - begun < 2


def test_counts_are_carried_over():
    score = GsmScorer().score(record("#### 5", finish="length"), sample("5"))
    assert (score.tokens, score.finish, score.rounds, score.drafted) == (3, "length", 2, 10)
    assert (score.accepted, score.cluster, score.expected) == (1, "t3", "5")


def test_a_reference_without_a_number_names_the_sample():
    with pytest.raises(DataError, match="sample 'a' is not a number: 'none'"):
        GsmScorer().score(record("#### 5"), sample("none"))


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4))
def test_every_decimal_is_read_back_at_its_value(value):
    written = format(value, "f")
    found = strict_answer(f"#### {written}")
    assert found is not None
    assert Decimal(found) == value


@given(st.integers())
def test_commas_and_currency_change_nothing(value):
    plain = strict_answer(f"#### {value}")
    assert strict_answer(f"#### {value:,}") == plain == str(value)
    assert strict_answer(f"#### ${value:,}.00") == plain


@given(st.text())
def test_any_text_is_read_without_failing_and_repeatably(text):
    first = GsmScorer().score(record(text), sample("5"))
    assert first == GsmScorer().score(record(text), sample("5"))
    assert first.unparsed == (first.strict is None)
    assert not first.correct or first.strict == "5"
