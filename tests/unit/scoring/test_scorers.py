"""Scorers of any data: tables of answers, laws, options and references that cannot be."""

import json
import re
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from readings import table

from llmx.core.errors import ConfigError, DataError
from llmx.core.record import Record, Sample
from llmx.core.registry import kinds, lookup
from llmx.scoring import rouge
from llmx.scoring.f1 import overlap
from llmx.scoring.mathematics import equal
from llmx.scoring.said import boxed, final, stated
from llmx.scoring.scorer import made, options_fault, refusal_of, unfit

TABLE = table("scorers.yaml")
ANY = ("exact", "includes", "numeric", "f1", "rouge", "math", "json")
ROWS = [
    pytest.param(case, verdict, text, id=f"{place}-{case['scorer']}-{verdict}-{number}")
    for place, case in enumerate(TABLE)
    for verdict in ("right", "wrong", "unparsed")
    for number, text in enumerate(case.get(verdict, ()))
]


def record(text: str) -> Record:
    return Record(
        id="a",
        prompt_ids=(1,),
        completion_ids=(5,),
        prompt="q",
        text=text,
        finish="eos",
        rounds=1,
    )


def sample(answer: str, **more) -> Sample:
    return Sample(id="a", question="q", answer=answer, **more)


def scored(kind: str, answer: str, text: str, options=None, **more):
    return made(kind, options or {}).score(record(text), sample(answer, **more))


@pytest.mark.parametrize(("case", "verdict", "text"), ROWS)
def test_an_answer_is_right_wrong_or_none(case, verdict, text):
    found = scored(case["scorer"], case["of"], text, case.get("options"))
    seen = "right" if found.correct else "unparsed" if found.unparsed else "wrong"
    assert seen == verdict, found.strict
    assert found.correct_flexible or not found.correct


def test_the_tables_hold_hundreds_and_every_scorer():
    assert len(ROWS) > 500
    assert {case["scorer"] for case in TABLE} == {*ANY, "pattern"} - {"rouge"}


WORDS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=8)
TEXTS = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
)


@given(st.sampled_from(["exact", "includes", "f1"]), TEXTS, st.sampled_from(["", " ", "\n", "\t"]))
def test_the_reference_itself_is_right(kind, text, space):
    found = scored(kind, text, f"{space}{text}{space}")
    assert found.correct and found.correct_flexible and not found.unparsed


@given(JSON, st.booleans())
def test_a_json_value_is_its_own_reference_however_it_is_laid_out(value, spread):
    found = scored("json", json.dumps(value), json.dumps(value, indent=2 if spread else None))
    assert found.correct and found.values == {"valid": 1.0, "fields": 1.0}


@given(st.sampled_from(ANY[:4]), st.text(max_size=60), TEXTS)
def test_any_text_is_scored_repeatably_and_flexibly_no_worse(kind, text, answer):
    answer = "7" if kind == "numeric" else answer
    first = scored(kind, answer, text)
    assert first == scored(kind, answer, text)
    assert first.correct_flexible or not first.correct
    assert not (first.unparsed and first.correct)


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        *((kind, empty) for kind in ANY for empty in ("", " ", "\n")),
        *(("numeric", text) for text in ("Paris", "5 or 6", "3 + 4", "1,0000", "x", "B")),
        *(("json", text) for text in ("Paris", "{", "{'a': 1}", "NaN", "[1,]", "{a: 1}")),
        ("math", r"\boxed{}"),
    ],
)
def test_a_reference_that_cannot_be_read_names_the_sample(kind, answer):
    with pytest.raises(DataError, match="sample 'a'") as error:
        scored(kind, answer, "x")
    assert "\n" not in str(error.value) and error.value.hint
    assert isinstance(unfit(kind, {}, [sample("1"), sample(answer)]), DataError)


WRONG = {
    "a name": ("numeric", {"tolerence": 1}, "tolerance"),
    "below zero": ("numeric", {"tolerance": -1}, "at least 0|0 or more"),
    "endless": ("numeric", {"relative": float("inf")}, "number"),
    "a word for a number": ("numeric", {"tolerance": "much"}, "number"),
    "a reading": ("numeric", {"reading": "frist"}, "last|stated"),
    "a switch": ("exact", {"ignore_case": "yes"}, "true or false"),
    "no pattern": ("pattern", {}, "write a regular expression"),
    "half a pattern": ("pattern", {"pattern": "(a"}, ""),
    "an empty pattern": ("pattern", {"pattern": ""}, "write"),
    "no time": ("pattern", {"pattern": "a", "seconds": 0}, "above 0"),
    "no schema": ("json", {"json_schema": {"type": "objekt"}}, ""),
    "a schema's patterns": ("json", {"json_schema": {"patternProperties": {"a": {}}}}, "name"),
    "of one without": ("gsm", {"tolerance": 1}, "leave them out"),
    "of one without options": ("f1", {"stemmer": True}, ""),
}


@pytest.mark.parametrize(("kind", "options", "hint"), WRONG.values(), ids=WRONG)
def test_an_option_that_cannot_be_is_refused_in_one_line(kind, options, hint):
    fault = options_fault(kind, options)
    assert fault is not None and "\n" not in fault.message and re.search(hint, fault.hint)
    with pytest.raises(ConfigError, match="scorer_options: ") as error:
        made(kind, options)
    assert "inner" not in str(error.value)


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(a*)*b", "^(([a-z])+.)+[A-Z]([a-z])+$"])
def test_a_catastrophic_pattern_ends_with_its_sample(pattern):
    begun = perf_counter()
    try:
        found = scored("pattern", "x", "a" * 400 + "!", {"pattern": pattern, "seconds": 0.2})
    except DataError as error:
        assert "'a'" in error.message and "0.2 s" in error.message
    else:
        assert found.unparsed
    assert perf_counter() - begun < 5


def test_a_pattern_that_takes_too_long_gives_no_score():
    with pytest.raises(DataError, match=r"takes more than 0\.05 s on the answer to 'a'"):
        scored(
            "pattern",
            "x",
            "a" * 60 + "!",
            {"pattern": "(?:a|a)*?(?:a|a)*?b|(a+)+c", "seconds": 0.05},
        )


# answer, reference, F1 by hand
OVERLAPS = [
    ("the cat sat on the mat", "cat sat", 2 * 2 / (4 + 2)),
    ("Eiffel Tower", "the Eiffel Tower", 1.0),
    ("a b c", "b c d", 2 * 2 / (2 + 3)),  # "a" is an article
    ("b b c", "b c c", 2 * 2 / 6),
    ("London", "Paris", 0.0),
    ("the", "a", 1.0),
    ("", "Paris", 0.0),
    ("Paris, France!", "paris", 2 / 3),
    ("U.S.", "us", 1.0),
]


@pytest.mark.parametrize(("said", "wanted", "value"), OVERLAPS)
def test_f1_is_the_overlap_of_words(said, wanted, value):
    assert overlap(said, wanted) == overlap(wanted, said) == pytest.approx(value)


@given(TEXTS, TEXTS)
def test_f1_is_symmetric_between_0_and_1_and_1_for_the_same_words(first, other):
    assert 0 <= overlap(first, other) == overlap(other, first) <= 1
    assert overlap(first, first) == 1


def test_the_best_of_several_references_counts():
    more = {"metadata": {"answers": ["the Eiffel Tower", "Tour Eiffel"]}}
    assert scored("f1", "Paris", "Tour Eiffel", **more).correct
    assert scored("exact", "Paris", "Tour Eiffel", **more).correct
    assert scored("f1", "Paris", "Eiffel", **more).values == {"f1": pytest.approx(2 / 3)}
    assert not scored("exact", "Paris", "Eiffel", **more).correct


def test_rouge_is_what_its_package_says():
    found = scored("rouge", "the cat sat\non a mat", "a cat sat")
    wanted = {"rouge1": 2 / 3, "rouge2": 2 / 7, "rougel": 4 / 9, "rougelsum": 2 / 3}
    assert found.values == pytest.approx(wanted) and not found.correct
    stems = [
        scored("rouge", "cats", "cat", {"stemmer": on}).values["rouge1"] for on in (0 > 1, 1 > 0)
    ]
    assert stems == [0.0, 1.0]
    assert scored("rouge", "A cat.", "a cat").correct


def test_json_counts_the_fields_that_are_right_and_what_fits_the_schema():
    options = {"json_schema": {"required": ["a"], "properties": {"a": {"pattern": "^x+$"}}}}
    found = scored(
        "json", '{"a": "x", "b": {"c": 1, "d": 2}}', '{"a": "x", "b": {"c": 1}}', options
    )
    assert (found.correct, found.values) == (False, {"valid": 1.0, "fields": pytest.approx(2 / 3)})
    found = scored("json", '{"a": "x"}', '{"a": "y"}', options)
    assert found.values == {"valid": 0.0, "fields": 0.0}
    loose = scored("json", '{"a": 1}', 'First {"a": 2}, no: {"a": 1}. Done')
    assert (loose.unparsed, loose.correct_flexible, loose.values["valid"]) == (True, True, 0.0)


def test_a_schema_fetches_nothing():
    options = {"json_schema": {"properties": {"a": {"$ref": "http://127.0.0.1:9/x.json"}}}}
    with pytest.raises(ConfigError, match="leads out of the schema"):
        scored("json", "{}", "{}", options)
    inner = {"$defs": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/n"}}}
    assert scored("json", '{"a": 1}', '{"a": 1}', {"json_schema": inner}).correct


@pytest.mark.parametrize(
    "text", ["9^{9^{9^9}}", "9**9**9**9", "(99^{99999})!", "9" * 500 + "!", "x" * 5000, "{" * 900]
)
def test_mathematics_without_end_comes_to_one(text):
    begun = perf_counter()
    assert not equal(text, "x^2+1")
    assert perf_counter() - begun < 3


def test_equal_by_math_verify_is_near_and_exact_values_are_not():
    assert not equal("0.3333333", r"\frac{1}{3}")
    assert equal(r"\{0.333333\}", r"\{\frac13\}") and not equal(r"\{0.3\}", r"\{\frac13\}")
    keys = [made("math", {}).key(record(text)) for text in ("0.50", r"$\frac12$", "x + 1", "$x+1$")]
    assert keys == ["0.5", "0.5", "x+1", "x+1"]


def test_what_a_text_states_is_the_last_that_it_says():
    assert stated(r"\boxed{1} then \boxed{\frac{1}{2}}") == r"\frac{1}{2}"
    assert stated("#### 1\n#### 2\nbye") == "2"
    assert stated("The answer is **4**.") == "4" and stated("nothing") is None
    assert boxed(r"\boxed{a") is None and final("<think>x</think>\n y ") == "y"


@pytest.mark.parametrize("kind", ["rouge", "math"])
def test_without_its_package_a_scorer_says_what_to_type(kind, monkeypatch):
    monkeypatch.setattr(rouge, "installed", lambda package: package)
    refused = refusal_of(made(kind, {}))
    assert refused is not None and "-m pip install" in str(refused) and "[scorers]" in str(refused)


def test_a_schema_alone_needs_its_package(monkeypatch):
    monkeypatch.setattr(rouge, "installed", lambda package: package)
    assert refusal_of(made("json", {})) is None
    assert refusal_of(made("json", {"json_schema": {"type": "object"}})) is not None


def test_every_scorer_has_described_options_and_metrics_that_can_be():
    for kind in kinds("scorer"):
        scorer = lookup("scorer", kind)
        if kind in kinds("data"):
            continue
        for name, field in getattr(getattr(scorer, "Options", None), "model_fields", {}).items():
            assert field.description and len(field.description) <= 110, (kind, name)
        assert scorer.kind == kind and isinstance(scorer.version, int)
