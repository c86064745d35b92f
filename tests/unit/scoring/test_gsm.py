"""Reading answers: a table of awkward texts, and laws."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.errors import DataError
from llmx.core.record import Record, Sample
from llmx.scoring.gsm import GsmScorer, strict_answer
from llmx.scoring.number import last_number

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
    "four digits after a comma": ("#### 1,0000", "1", "0"),
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
    "number after the answer": ("#### 5\nQuestion 2", "5", "2"),
    "subtraction": ("12-5", None, "5"),
    "range with a dash": ("3–5 days", None, "5"),
    "equation below zero": ("2-5=-3", None, "-3"),
    "list item": ("- 5 apples", None, "5"),
    "bracket": ("(3+4)-5", None, "5"),
    "other digits": ("#### ٥", None, None),
    "fraction": ("#### 3/4", "3", "4"),
    "empty": ("", None, None),
    "mark alone": ("####", None, None),
    "words alone": ("no idea", None, None),
    "huge": (f"#### {HUGE}", HUGE, HUGE),
}


@pytest.mark.parametrize(("text", "strict", "flexible"), READINGS.values(), ids=READINGS)
def test_readings(text, strict, flexible):
    assert (strict_answer(text), last_number(text)) == (strict, flexible)


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
    "right, then talk": ("#### 60 or 61?", "60", True, False, False),
    "nothing": ("", "60", False, False, True),
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
