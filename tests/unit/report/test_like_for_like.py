"""What two arms differ in besides their rule takes the word from a verdict on them."""

import numpy as np
import pytest
from answered import answered, beside, blocks, verdict

from llmx.core.spec import SamplerSpec
from llmx.report.verdict.run_test import like_for_like
from llmx.report.verdict.schema import pairs_of

SD = SamplerSpec(algorithm="speculative")
FUZZY = SamplerSpec(algorithm="fuzzy", threshold=0.1)
COLD = FUZZY.model_copy(update={"temperature": 0.0})
BETTER = {"test": "more_accurate", "arms": ["a", "b"], "control": "sd"}


def arms(trained=False):
    better, base = beside(40, 2)
    return {name: answered(better, trained=trained) for name in ("a", "b")} | {
        "sd": answered(base, trained=trained)
    }


def test_like_for_like_a_verdict_stays_as_it_was():
    found = verdict(BETTER, arms())
    assert found.word == "shown here"
    assert like_for_like(found, BETTER, {"a": FUZZY, "b": FUZZY, "sd": SD}) is found
    assert like_for_like(found, BETTER, {"a": None, "b": FUZZY, "sd": None}) is found


def test_one_arm_that_is_not_takes_the_word_and_leaves_the_figures():
    found = verdict(BETTER, arms())
    fallen = like_for_like(found, BETTER, {"a": COLD, "b": FUZZY, "sd": SD})
    assert (fallen.word, fallen.p) == ("not comparable", None)
    assert fallen.numbers == found.numbers
    assert fallen.reason.startswith(
        "Not like for like: `a` and `sd` have temperature 0 and 0.6, drafts greedy and sampled. "
    )
    assert fallen.reason.endswith(found.reason)
    assert "`b` and" not in fallen.reason.partition(found.reason)[0]


def test_what_only_points_somewhere_falls_too():
    found = verdict(BETTER, arms(trained=True))
    assert (found.word, found.leans) == ("indicative", "shown here")
    fallen = like_for_like(found, BETTER, {"a": COLD, "b": FUZZY, "sd": SD})
    assert (fallen.word, fallen.leans) == ("not comparable", None)


def test_what_claims_nothing_keeps_its_word_and_says_so():
    finding = {"test": "costs_and_gains", "pairs": [["a", "sd"]]}
    found = verdict(finding, arms(), [*blocks("a", [1, 2, 3]), *blocks("sd", [1, 2, 3])])
    told = like_for_like(found, finding, {"a": COLD, "sd": SD})
    assert told.word == "measured" and told.reason.startswith("Not like for like")


def test_an_arm_without_a_figure_is_none_of_its_business():
    found = verdict(BETTER, {k: v for k, v in arms().items() if k != "a"})
    samplers = {"a": COLD, "b": FUZZY, "sd": SD}
    assert like_for_like(found, BETTER, samplers) is found


@pytest.mark.parametrize(
    ("finding", "pairs"),
    [
        ({"arms": ["a", "b"], "control": "c"}, {("a", "c"), ("b", "c")}),
        ({"arms": ["a", "b"], "reference": "c"}, {("a", "c"), ("b", "c")}),
        ({"arm": "a", "target": "c"}, {("a", "c")}),
        ({"arms": ["a", "b", "c"]}, {("a", "b"), ("a", "c"), ("b", "c")}),
        ({"arms": {"a": 0, "b": 1}}, {("a", "b")}),
        ({"pairs": [["a", "b"], ["c", "b"]]}, {("a", "b"), ("c", "b")}),
        ({"tolerance": 0.05}, set()),
    ],
)
def test_the_pairs_that_a_finding_compares(finding, pairs):
    assert set(pairs_of({"id": "x", "test": "y", **finding})) == pairs
    assert np.all([len(pair) == 2 for pair in pairs_of(finding)])
