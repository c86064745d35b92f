"""Keys: two answers of one key are right against the same references, whatever these are."""

import json
from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st
from readings import table
from test_puzzle_verifiers import TABLE as PUZZLES

from llmx.core.record import Record, Sample
from llmx.core.registry import kinds, lookup
from llmx.data.tasks.verifiers import VERIFIERS
from llmx.scoring.mathematics import equal
from llmx.scoring.scorer import Keyed, Tolerant, made

LETTERS = table("letters.yaml")
NUMBERS = table("numbers.yaml")


def record(text: str, prompt: str = "q") -> Record:
    return Record(
        id="a",
        prompt_ids=(1,),
        completion_ids=(5,),
        prompt=prompt,
        text=text,
        finish="eos",
        rounds=1,
    )


def key(kind: str, text: str, options=None) -> str | None:
    return made(kind, options or {}).key(record(text))


def worlds() -> dict[str, tuple[Keyed, set[str], set[str]]]:
    """Every scorer with keys → its texts and its references, of all tables."""
    found: dict[str, tuple[Keyed, set[str], set[str]]] = {}

    def add(kind: str, options: dict, texts, references) -> None:
        name = f"{kind} {json.dumps(options)}" if options else kind
        scorer = made(kind, options)
        if isinstance(scorer, Keyed):
            _, known, right = found.setdefault(name, (scorer, set(), set()))
            known.update(texts)
            right.update(references)

    for case in table("scorers.yaml"):
        texts = {text for part in ("right", "wrong", "unparsed") for text in case.get(part, ())}
        add(case["scorer"], case.get("options", {}), {*texts, case["of"]}, {case["of"]})
    stated = [f"The answer is {text}" for part in ("stated", "unstated") for text in LETTERS[part]]
    flexible = [text for texts in LETTERS["flexible"].values() for text in texts]
    add("choice", {}, [*stated, *flexible], "ABCDE")
    read = [text for texts in NUMBERS["read"].values() for text in texts]
    add("gsm", {}, [f"#### {text}" for text in [*read, *NUMBERS["unread"]]], NUMBERS["read"])
    for kind, answer, reference, _ in PUZZLES:
        texts = {f"<think>x</think><answer>{one}</answer>" for one in (answer, reference)}
        right = [reference] if VERIFIERS[kind](reference, reference) else []
        add(kind, {}, {*texts, answer}, right)
    return found


WORLDS = worlds()


SLOW = {"math": 3, "gsm": 5}  # every so many references


def sample(answer: str) -> Sample:
    return Sample(id="a", question="q", answer=answer, choices=5)


@pytest.mark.parametrize("name", WORLDS)
def test_answers_of_one_key_are_right_together_and_none_is_unparsed(name):
    scorer, texts, references = WORLDS[name]
    by_key = defaultdict(list)
    for text in sorted(texts):
        by_key[scorer.key(record(text))].append(text)
    for found, alike in by_key.items():
        first = scorer.score(record(alike[0]), sample(min(references)))
        assert first.unparsed is (found is None)
        for reference in sorted(references)[:: SLOW.get(name, 1)] if len(alike) > 1 else ():
            scores = [scorer.score(record(text), sample(reference)) for text in alike]
            assert {one.unparsed for one in scores} == {found is None}, alike
            assert len({one.correct for one in scores}) == 1, (reference, alike)


def rights() -> list[tuple[str, dict, str, list[str]]]:
    """Scorer, options and a reference, with the answers that a table calls right for it."""
    cases = [
        (case["scorer"], case.get("options", {}), case["of"], case.get("right", []))
        for case in table("scorers.yaml")
    ]
    answered = [f"The answer is {text}" for text in LETTERS["stated"]]
    values = NUMBERS["read"].items()
    return [
        *(case for case in cases if isinstance(made(*case[:2]), Keyed)),
        ("choice", {}, "B", answered),
        *(("gsm", {}, value, [f"#### {text}" for text in texts]) for value, texts in values),
    ]


@pytest.mark.parametrize(("kind", "options", "reference", "right"), rights())
def test_right_answers_have_one_key_or_are_said_to_be_equal(kind, options, reference, right):
    scorer = made(kind, options)
    keys = [scorer.key(record(text)) for text in right]
    itself = scorer.key(record(reference))
    if isinstance(scorer, Tolerant) and itself is not None:
        assert all(one == itself or scorer.why_equal(one, itself) for one in keys)
    else:
        assert len(set(keys)) <= 1


@pytest.mark.parametrize(("kind", "answer", "reference", "right"), PUZZLES)
def test_a_puzzles_answer_is_right_where_it_has_the_references_key(kind, answer, reference, right):
    scorer = made(kind, {})
    both = [f"<think>x</think><answer>{text}</answer>" for text in (answer, reference)]
    keys = [scorer.key(record(text)) for text in both]
    assert (keys[0] == keys[1]) is right or not VERIFIERS[kind](reference, reference)


MATHS = [text for text in sorted(WORLDS["math"][1])[::3] if text.strip()]


def test_a_mathematical_key_is_an_answer_that_equals_what_its_answer_equals():
    scorer = made("math", {})
    scores = [scorer.score(record(text), sample("12")) for text in MATHS]
    read = {one.strict: scorer.key(record(text)) for one, text in zip(scores, MATHS, strict=True)}
    wanted = ["1/3", r"2\sqrt{2}", "x^2+1", r"\{1,2\}", "Evelyn", r"12\text{ dollars}", "12"]
    pairs = [(text, one) for text in read if text is not None for one in wanted]
    assert len(pairs) > 100
    for text, one in pairs:
        assert equal(text, one) == equal(read[text], one), (text, one)


# scorer, options, text, key
KEYS = [
    ("gsm", {}, "so #### 1{,}234.50 apples", "1234.5"),
    ("gsm", {}, "1234", None),
    ("choice", {}, "The answer is **(B)**.", "B"),
    ("choice", {}, "B", None),
    ("numeric", {}, "the answer is 1/2", "0.5"),
    ("numeric", {}, "12 or 13", None),
    ("exact", {}, ' "**New  York**." ', "New York"),
    ("exact", {}, "**", "**"),
    ("exact", {"ignore_case": True}, "STRASSE", "strasse"),
    ("exact", {}, "<think>Paris</think>", None),
    ("pattern", {"pattern": "Answer: (.+)"}, "Answer: Paris \nAnswer: LONDON", "london"),
    ("pattern", {"pattern": "Answer: (.+)", "compare": "number"}, "Answer: 5 of 6", None),
    ("json", {}, '{"b": [1.0, true], "a": {}}', '{"a": {}, "b.0": 1, "b.1": true}'),
    ("json", {}, "```json\n-0.0\n```", "0"),
    ("json", {}, 'Sure: {"a": 1}', None),
    ("json", {"fields": ["a"], "ignore_case": True}, '{"a": "X", "b": 2}', '{"a": "x"}'),
    (
        "json",
        {"json_schema": {"type": "object"}},
        "[1]",
        'not what the schema asks for: {"0": 1}',
    ),
    ("math", {}, r"\boxed{\dfrac{1}{2}}", "0.5"),
    ("math", {}, r"\boxed{\left( x + 1 \right) \pi r^{2}}", r"(x+1)\pi r^2"),
    ("math", {}, r"\boxed{\text{The Eiffel Tower}}", '"eiffel tower"'),
    ("math", {}, r"\boxed{12\text{ dollars}}", r"12\text{ dollars}"),
    ("math", {}, "the answer is 12 dollars", '"12 dollars"'),
    ("math", {}, "the answer is 3:30", "3:30"),
    ("math", {}, "It is 5\nor 6", None),
]


@pytest.mark.parametrize(("kind", "options", "text", "found"), KEYS)
def test_a_key_is_the_normal_form_of_the_answer(kind, options, text, found):
    assert key(kind, text, options) == found


# data, answer, key
FORMS = [
    ("countdown", "5 * (3 + 4)", "35 of 3 4 5"),
    ("countdown", "(4 + 3) * 5", "35 of 3 4 5"),
    ("countdown", "4 * 5 + 3 * 5", "35 of 3 4 5 5"),
    ("countdown", "8 / 3", "8/3 of 3 8"),
    ("countdown", "35 of 3 4 5", "not read: 35 of 3 4 5"),
    ("mini_sudoku", "1  2\n+2 01", "1 2\n2 1"),
    ("mini_sudoku", "1 _\n2 1", "not read: 1 _\n2 1"),
    ("arc_1d", "0 1  2", "0 1 2"),
    ("list_functions", "[-1,2, ]", "[-1, 2]"),
    ("list_functions", "1, 2", "not read: 1, 2"),
    ("self_reference", "03", "3"),
    ("zebra_puzzles", "BOB", "bob"),
    ("advanced_geometry", "(1.000,-2.500)", "(1.000, -2.500)"),
    ("advanced_geometry", "2.50", "2.50"),
]


@pytest.mark.parametrize(("kind", "answer", "found"), FORMS)
def test_a_puzzles_key_is_the_form_that_its_check_compares(kind, answer, found):
    assert key(kind, f"<think>x</think><answer> {answer} </answer>") == found
    assert key(kind, answer) is None


@given(st.sampled_from(sorted(VERIFIERS)), st.text(max_size=30), st.text(max_size=30))
def test_answers_of_one_form_are_right_for_the_same(kind, one, other):
    scorer = made(kind, {})
    read = [record(f"<think>x</think><answer>{text}</answer>") for text in (one, other)]
    if scorer.key(read[0]) == scorer.key(read[1]):
        checks = [VERIFIERS[kind](text, one) for text in (one.strip(), other.strip())]
        assert checks[0] == checks[1]


def test_scores_that_are_degrees_and_texts_without_an_answer_have_no_key():
    without = {kind for kind in kinds("scorer") if not issubclass(lookup("scorer", kind), Keyed)}
    assert without >= {"f1", "rouge", "includes", "code", "judge"}
    assert not without & {"gsm", "choice", "exact", "numeric", "pattern", "json", "math"}
    assert not without & set(VERIFIERS)


# key, other key, why they are equal; either way round
EQUAL = [
    ("math", {}, "0.3333333", "1/3", None),
    ("math", {}, r"\{0.3333333\}", r"\{1/3\}", "by math-verify"),
    ("math", {}, r"\{0.333\}", r"\{1/3\}", None),
    ("math", {}, "3:30", "0.1", None),
    ("math", {}, "3:30", "1/10", None),
    ("math", {}, '"12 dollars"', "12", None),
    ("math", {}, r"12\text{ dollars}", "12", "the same number"),
    ("math", {}, "A", "a", "by math-verify"),
    ("math", {}, "x y", "xy", "the same but for layout"),
    ("math", {}, '"12 dollars"', r"12\mbox{ dollars}", "the same words"),
    ("math", {}, "x=5", "5", "by math-verify"),
    ("math", {}, "1<x<2", "(1,2)", "by math-verify"),
    ("math", {}, "x" * 401, "y" * 401, None),
    ("numeric", {}, "0.333", "1/3", None),
    ("numeric", {"tolerance": 0.5}, "1", "1.5", "within the tolerance"),
    ("numeric", {"tolerance": 0.5}, "1", "1.51", None),
    ("numeric", {"relative": 0.1}, "100", "110", "within the tolerance"),
    ("numeric", {"relative": 0.1}, "90", "100", "within the tolerance"),
    ("numeric", {"relative": 0.1}, "100", "112", None),
    ("numeric", {"tolerance": 9}, "3:30", "3", None),
]


@pytest.mark.parametrize(("kind", "options", "one", "other", "why"), EQUAL)
def test_why_keys_are_equal_is_said_either_way_round(kind, options, one, other, why):
    scorer = made(kind, options)
    assert scorer.why_equal(one, other) == scorer.why_equal(other, one) == why
