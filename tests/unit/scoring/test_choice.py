"""Reading letters: a table of awkward texts, and laws."""

from string import ascii_uppercase

import pytest
from hypothesis import given
from hypothesis import strategies as st
from readings import pairs, table

from llmx.core.errors import DataError
from llmx.core.record import Record, Sample
from llmx.core.registry import lookup
from llmx.scoring.choice import ChoiceScorer
from llmx.scoring.letter import last_letter, stated_letter

LETTERS = table("letters.yaml")

# name: text, strict, flexible (of five options)
READINGS = {
    "as asked": ("Birds fly. Therefore, the answer is B.", "B", "B"),
    "without the word": ("The answer is B", "B", "B"),
    "colon": ("The answer is: B", "B", "B"),
    "next line": ("the answer is\n\nB", "B", "B"),
    "capitals": ("THE ANSWER IS B.", "B", "B"),
    "parentheses": ("Therefore, the answer is (B).", "B", "B"),
    "bracket behind": ("the answer is B)", "B", "B"),
    "quotes": ('the answer is "D".', "D", "D"),
    "bold letter": ("the answer is: **B**", "B", "B"),
    "bold line": ("**Therefore, the answer is B.**", "B", "B"),
    "box": (r"The answer is \boxed{B}.", "B", "B"),
    "box and text": (r"The answer is $\boxed{\text{C}}$", "C", "C"),
    "box and bold": (r"the answer is \textbf{(D)}", "D", "D"),
    "dollars": ("the answer is $B$.", "B", "B"),
    "box alone": (r"So \boxed{B}", None, "B"),
    "small box": (r"So \boxed{b}", None, "B"),
    "option's text behind": ("the answer is A: ignore", "A", "A"),
    "dash behind": ("the answer is A - ignore", "A", "A"),
    "reason behind": ("the answer is A because it fits", "A", "A"),
    "lower case": ("the answer is b.", None, "B"),
    "lower case in brackets": ("I pick (b)", None, "B"),
    "lower case in prose": ("c is the speed of light, d a distance", None, None),
    "two with and": ("The answer is A and B.", None, None),
    "two with or": ("The answer is A or B", None, None),
    "two with a comma": ("the answer is A, B", None, None),
    "two with a slash": ("the answer is A/B", None, None),
    "three": ("the answer is A, B, and C.", None, None),
    "two in brackets": ("the answer is (A) and (B)", None, None),
    "not": ("the answer is not C.", None, None),
    "the last counts": ("The answer is A. No, the answer is B.", "B", "B"),
    "the last says nothing": ("The answer is A. Sure: the answer is", None, "A"),
    "phrase of another kind": ("Answer: D", None, "D"),
    "letter alone": ("D", None, "D"),
    "article for an answer": ("The answer is A dog.", None, None),
    "small article for an answer": ("The answer is a dog.", None, None),
    "article behind": ("The answer is B. A dog barks.", "B", "B"),
    "article behind a comma": ("the answer is B, A dog barks", "B", "B"),
    "article in prose": ("A dog is an animal", None, None),
    "article before a name": ("A French town", None, None),
    "letter before a verb": ("Of these A is right", None, "A"),
    "pronoun": ("I think so", None, None),
    "pronoun behind": ("the answer is B, and I am sure", "B", "B"),
    "pronoun for an answer": ("the answer is I don't know", None, None),
    "vitamin": ("It has vitamin C", None, "C"),
    "language": ("Written in C++ or C#", None, None),
    "grade": ("She got a B- and an A+", None, None),
    "abbreviation": ("In the U.S.A. at 5 A.M.", None, None),
    "possessive": ("It is A's fault", None, None),
    "function": ("f(c) = 2", None, None),
    "hyphen": ("an A-frame", None, None),
    "no option": ("the answer is G.", "G", None),
    "word": ("the answer is Apple", None, None),
    "accented word": ("the answer is Être", None, None),
    "number": ("the answer is 2", None, None),
    "empty": ("", None, None),
}


@pytest.mark.parametrize(("text", "strict", "flexible"), READINGS.values(), ids=READINGS)
def test_readings(text, strict, flexible):
    assert (stated_letter(text), last_letter(text, 5)) == (strict, flexible)


@pytest.mark.parametrize("said", LETTERS["stated"])
def test_a_stated_letter_is_read_whatever_is_around_it(said):
    space = "" if said[:1] in (":", "\n") else " "
    text = f"Birds fly. The answer is{space}{said}"
    assert (stated_letter(text), last_letter(text, 5)) == ("B", "B")


@pytest.mark.parametrize("said", LETTERS["unstated"])
def test_two_letters_or_none_are_not_stated(said):
    assert stated_letter(f"The answer is {said}") is None


@pytest.mark.parametrize(("letter", "text"), pairs(LETTERS["flexible"]))
def test_what_a_text_ends_up_with(letter, text):
    assert last_letter(text, 5) == letter


def test_the_table_holds_hundreds_and_no_text_twice():
    rows = [*LETTERS["stated"], *(text for _, text in pairs(LETTERS["flexible"]))]
    assert len(rows) + len(LETTERS["unstated"]) > 200
    for part in (
        LETTERS["stated"],
        LETTERS["unstated"],
        [t for _, t in pairs(LETTERS["flexible"])],
    ):
        assert len(part) == len(set(part))


MARKS = [("", ""), ("(", ")"), ("'", "'"), ("_", "_"), ("**", "**"), (r"\(", r"\)"), ("«", "»")]
MARKS += [("<b>", "</b>"), (r"\boxed{", "}"), ("“", "”"), ("`", "`"), ("[", "]"), ("$", "$")]


@given(st.sampled_from("ABCDE"), st.lists(st.sampled_from(MARKS), max_size=3), st.text(max_size=9))
def test_a_letter_in_any_marks_is_the_letter_and_flexible_no_worse(letter, marks, behind):
    said = letter
    for opened, closed in marks:
        said = f"{opened}{said}{closed}"
    assert stated_letter(f"The answer is {said}.") == letter
    score = ChoiceScorer().score(record(f"The answer is {said}. {behind}"), sample(letter))
    assert score.correct_flexible or not score.correct


def test_only_letters_of_options_are_read_flexibly():
    assert [last_letter("B, D or E", options) for options in (0, 2, 4, 5)] == [None, "B", "D", "E"]
    assert last_letter("I is right", 9) == "I"


def record(text: str) -> Record:
    return Record(
        id="a",
        prompt_ids=(1,),
        completion_ids=(5, 6, 7),
        prompt="q",
        text=text,
        finish="eos",
        rounds=2,
        drafted=10,
        accepted=1,
    )


def sample(answer: str, choices: int = 5) -> Sample:
    return Sample(id="a", question="q", answer=answer, choices=choices, cluster="bird")


# name: text, reference, correct, correct_flexible, unparsed
VERDICTS = {
    "right": ("The answer is B.", "B", True, True, False),
    "wrong": ("The answer is C.", "B", False, False, False),
    "right, not as asked": ("It must be (B)", "B", False, True, True),
    "right, then talk": ("The answer is B. Not C.", "B", True, True, False),
    "undecided": ("The answer is A and B.", "B", False, False, True),
    "no option": ("The answer is G.", "B", False, False, False),
    "nothing": ("", "B", False, False, True),
}


@pytest.mark.parametrize(
    ("text", "answer", "correct", "loose", "unparsed"), VERDICTS.values(), ids=VERDICTS
)
def test_verdicts(text, answer, correct, loose, unparsed):
    score = ChoiceScorer().score(record(text), sample(answer))
    assert (score.correct, score.correct_flexible, score.unparsed) == (correct, loose, unparsed)


def test_counts_are_carried_over():
    score = ChoiceScorer().score(record("The answer is B."), sample("B"))
    assert (score.tokens, score.rounds, score.drafted, score.accepted) == (3, 2, 10, 1)
    assert (score.cluster, score.expected, score.finish) == ("bird", "B", "eos")


@pytest.mark.parametrize(
    "wrong", [sample("F"), sample("b"), sample(""), sample("E", 4), sample("A", 0)]
)
def test_a_reference_that_is_no_option_names_the_sample(wrong):
    with pytest.raises(DataError, match="sample 'a' is no option"):
        ChoiceScorer().score(record("The answer is B."), wrong)


@given(st.sampled_from("ABCDE"), st.text(max_size=40))
def test_the_asked_format_is_read_whatever_stands_before_it(letter, before):
    text = f"{before}\nTherefore, the answer is {letter}."
    assert (stated_letter(text), last_letter(text, 5)) == (letter, letter)


@given(st.text())
def test_any_text_is_read_without_failing_and_repeatably(text):
    first = ChoiceScorer().score(record(text), sample("B"))
    assert first == ChoiceScorer().score(record(text), sample("B"))
    assert first.unparsed == (first.strict is None)
    assert first.strict is None or first.strict in ascii_uppercase
    assert first.flexible is None or first.flexible in "ABCDE"


@given(st.text(st.sampled_from("answer is: \n(AB)$*{}\\boxed"), max_size=400))
def test_text_of_the_format_s_own_signs_is_read_quickly(text):
    stated_letter(text)
    last_letter(text, 5)


def test_it_is_versioned_and_known():
    found = lookup("scorer", "choice")
    assert (found.kind, found.version) == ("choice", 2)
