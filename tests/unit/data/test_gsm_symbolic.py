"""Splits are disjoint by question, prefixes are stable, answers are normalised."""

import itertools

import pytest

from llmx.core.errors import DataError, LlmxError
from llmx.core.spec import DataSpec
from llmx.data import evaluation_identity, load
from llmx.data.gsm_symbolic import GsmSymbolic, normalise_number
from llmx.data.templated import question_key


def spec(**changes):
    base = {"kind": "gsm_symbolic", "templates": (43, 10, 62), "heldout_templates": (33,)}
    sizes = {"test": 40, "calibration": 20, "train": 300, "heldout": 10}
    return DataSpec(**{**base, **sizes, **changes})


def test_no_question_is_in_two_splits_or_twice_in_one():
    data = GsmSymbolic(spec())
    splits = {name: data.split(name) for name in ("test", "calibration", "heldout", "train")}
    keys = {name: [question_key(s.question) for s in found] for name, found in splits.items()}
    for name, found in keys.items():
        assert len(set(found)) == len(found) == getattr(spec(), name)
    for one, other in itertools.combinations(keys.values(), 2):
        assert not set(one) & set(other)


def test_a_collision_costs_a_training_problem_and_is_counted():
    # template 68 has few distinct questions: the splits must meet
    data = GsmSymbolic(spec(templates=(68,), test=150, train=100))
    data.split("train")
    assert data.collisions["train"] > 0
    assert len(data.split("test")) == 150


def test_the_order_is_fixed_and_a_limit_is_a_prefix():
    whole = load(spec(), "test")
    assert load(spec(), "test", 7) == whole[:7]
    assert load(spec(train=1), "test") == whole
    assert load(spec(seed=1), "test") != whole


def test_heldout_problems_come_from_templates_that_are_never_trained_on():
    data = GsmSymbolic(spec())
    assert {s.cluster for s in data.split("heldout")} == {"template-33"}
    assert "template-33" not in {s.cluster for s in data.split("train")}


def test_the_identity_of_test_does_not_change_with_the_size_of_training():
    assert evaluation_identity(spec(train=5), "test") == evaluation_identity(spec(), "test")
    assert evaluation_identity(spec(seed=5), "test") != evaluation_identity(spec(), "test")
    assert evaluation_identity(spec(test=41), "calibration") != evaluation_identity(
        spec(), "calibration"
    )


@pytest.mark.parametrize(
    ("text", "number"),
    [("60.0", "60"), ("1,000", "1000"), ("$5.50", "5.5"), ("-3", "-3"), ("0", "0"), ("20%", "20")],
)
def test_numbers_have_one_form(text, number):
    assert normalise_number(text) == number


@pytest.mark.parametrize(
    "make",
    [
        lambda: GsmSymbolic(spec(templates=())),
        lambda: GsmSymbolic(spec(templates=(43, 1000))),
        lambda: GsmSymbolic(spec(templates=(43, 33))),
        lambda: GsmSymbolic(spec()).split("dev"),
        lambda: normalise_number("twelve"),
        lambda: load(spec(kind="gsm_symbolik"), "test"),
    ],
    ids=["no template", "unknown template", "trained and held out", "split", "number", "kind"],
)
def test_bad_input_is_one_line(make):
    with pytest.raises(LlmxError) as error:
        make()
    assert "\n" not in str(error.value)


def test_data_error_is_for_people():
    assert DataError("x", "y").exit_code == 2
