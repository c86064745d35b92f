"""Each verdict test says its words where the figures do, and nothing where they cannot."""

import pytest
from scaled import N, able, around, gap, plain, verdict

from llmx.papers.inference_scaling import figure_names

MATCHED = figure_names.matched("majority", "revise", "completion")
MIXTURE = figure_names.matched("majority", "mixture", "completion")
OVER = (figure_names.OVER_PLAIN, figure_names.OVER_RANDOM)
HEDGES = {one: figure_names.density("hedging", one) for one in ("a", "b")}


def lead(mean, quantity=MATCHED, at=2, **kinds):
    return gap(quantity, around(mean), setting="rounds", at=at, **kinds)


def behind(mean, at, arm="direct"):
    values = around(mean, seed=at)
    return gap(figure_names.CATCHING_UP, values, arm, "worked", figure_names.DRAWS, at)


def price(times, at=16, arm="direct"):
    quantity = figure_names.CATCHING_UP_COST
    return plain(quantity, times, arm, "worked", figure_names.DRAWS, at, unit="times")


def doubled(mean, at, spread=0.05):
    values = around(mean, spread=spread)
    return gap(figure_names.DOUBLING, values, setting=figure_names.DRAWS, at=at)


def tokens(mean, within=False):
    quantity = figure_names.SHORTER_WITHIN if within else figure_names.SHORTER
    found = gap(quantity, around(mean, spread=30))
    return found.model_copy(update={"unit": "tokens"})


def cut_at(mean, at, against=None):
    quantity = figure_names.BESIDE_SINGLE if against else figure_names.BESIDE_FULL
    return gap(quantity, around(mean), against=against, setting=figure_names.KEPT, at=at)


AT_LEAST = {"test": "at_least", "arms": ["worked"], "than": ["revise"]}
CATCH = {"test": "never_catches_up", "pairs": [["direct", "worked"]]}
FULL = {"test": "saturates", "arms": ["worked"]}
SHORT = {"test": "shorter_when_right", "arms": ["worked"]}
VOTE = {"test": "feature_vote", "arms": ["worked"], "features": ["length"]}
CUT = {"test": "truncation_hurts", "pairs": [["worked", "direct"]]}
BOTH = [*able("worked"), *able("direct", 0.3)]


def voted(plain_gain, over_random):
    return [
        gap(figure_names.vote_gain("length (filter)", over), around(mean, spread=0.1))
        for over, mean in zip(OVER, (plain_gain, over_random), strict=True)
    ]


def marked(first, second):
    values = {"a": first, "b": second}
    return [gap(HEDGES[one], around(mean, spread=2)) for one, mean in values.items()]


HEDGING = {
    "test": "markers_when_right", "arms": ["worked"], "markers": "hedging", "filings": ["a", "b"],
}  # fmt: skip

WORDS = [
    (AT_LEAST, [*BOTH, lead(0.05)], "shown here"),
    (AT_LEAST, [*BOTH, lead(0.01)], "shown here"),  # 0.015 of standard error, 0.02 of margin
    (AT_LEAST, [*BOTH, lead(0.006)], "shown here"),  # one-sided p of 0.04
    (AT_LEAST, [*BOTH, lead(0.0025)], "not shown here"),  # of 0.07
    (AT_LEAST, [*BOTH, lead(-0.01)], "not shown here"),
    (AT_LEAST, [*BOTH, lead(-0.05)], "contradicted here"),
    ({**AT_LEAST, "margin": 0.1}, [*BOTH, lead(-0.02)], "shown here"),
    ({**AT_LEAST, "more": True}, [*BOTH, lead(0.01)], "not shown here"),
    ({**AT_LEAST, "more": True}, [*BOTH, lead(0.05)], "shown here"),
    ({**AT_LEAST, "cost": "calls"}, [*BOTH, lead(0.05)], "not comparable"),
    ({**AT_LEAST, "than": ["revise", "mixture"]}, [*BOTH, lead(0.05), lead(-0.05, MIXTURE)],
     "contradicted here"),
    ({**AT_LEAST, "than": ["revise", "mixture"]}, [*BOTH, lead(0.05), lead(-0.02, MIXTURE)],
     "not shown here"),
    (CATCH, [*BOTH, behind(-0.2, 1), behind(-0.1, 16), price(12)], "shown here"),
    (CATCH, [*BOTH, behind(-0.2, 1), behind(-0.01, 16), price(12)], "not shown here"),
    (CATCH, [*BOTH, behind(-0.01, 1), behind(-0.2, 16), price(12)], "not shown here"),
    (CATCH, [*BOTH, behind(-0.2, 1), behind(0.1, 16), price(12)], "contradicted here"),
    (CATCH, [*BOTH, behind(-0.2, 1), behind(-0.1, 16), price(0.9)], "not testable here"),
    ({**CATCH, "times": 10}, [*BOTH, behind(-0.1, 16), price(7)], "not testable here"),
    (CATCH, [*BOTH, behind(-0.2, 16)], "not testable here"),  # nobody counted what it cost
    (CATCH, BOTH, "not comparable"),
    (FULL, [*BOTH, doubled(0.05, 2), doubled(0.002, 16)], "shown here"),
    (FULL, [*BOTH, doubled(0.05, 16)], "contradicted here"),
    (FULL, [*BOTH, doubled(0.008, 16)], "not shown here"),
    ({**FULL, "bound": 0.1}, [*BOTH, doubled(0.05, 16)], "shown here"),
    (SHORT, [tokens(-10), tokens(0.2, within=True)], "shown here"),
    ({**SHORT, "within": True}, [tokens(-10), tokens(0.2, within=True)], "not shown here"),
    (SHORT, [tokens(10), tokens(-20, within=True)], "contradicted here"),
    (SHORT, [], "not comparable"),
    (HEDGING, marked(-1, -1), "shown here"),
    (HEDGING, marked(-1, 0), "not shown here"),  # one filing is not enough
    (HEDGING, marked(-1, 1), "contradicted here"),
    ({**HEDGING, "more": True}, marked(1, 1), "shown here"),
    ({**HEDGING, "more": True}, marked(-1, -1), "contradicted here"),
    (VOTE, [*BOTH, *voted(0.03, 0.03)], "shown here"),
    (VOTE, [*BOTH, *voted(0.03, 0.002)], "not shown here"),  # a random feature gains as much
    (VOTE, [*BOTH, *voted(0.002, 0.03)], "not shown here"),
    (VOTE, [*BOTH, *voted(-0.03, 0.01)], "contradicted here"),
    (VOTE, [*BOTH, voted(0.03, 0.03)[0]], "not comparable"),  # no control
    (CUT, [*BOTH, cut_at(-0.4, 50), cut_at(-0.1, 0, "direct")], "shown here"),
    (CUT, [*BOTH, cut_at(-0.4, 50), cut_at(0.01, 0, "direct")], "not shown here"),
    (CUT, [*BOTH, cut_at(-0.4, 50), cut_at(0.1, 0, "direct")], "contradicted here"),
    (CUT, [*BOTH, cut_at(0.1, 50), cut_at(-0.1, 0, "direct")], "contradicted here"),
    ({**CUT, "kept": 25}, [*BOTH, cut_at(-0.4, 50), cut_at(0.0, 25)], "not shown here"),
]  # fmt: skip


@pytest.mark.parametrize(("finding", "figures", "word"), WORDS)
def test_a_word_follows_from_the_figures(finding, figures, word):
    found = verdict(finding, figures)
    assert found.word == word, found.reason
    assert (found.p is not None) == (word in ("shown here", "contradicted here"))


@pytest.mark.parametrize(
    ("finding", "figures"),
    [case[:2] for case in WORDS if case[2] == "shown here" and case[0]["test"] != SHORT["test"]],
)
def test_an_arm_at_the_floor_decides_nothing_of_accuracy(finding, figures):
    others = [one for one in figures if one not in able("worked")]
    found = verdict(finding, [*able("worked", 0.05), *others])
    of_texts = finding["test"] == HEDGING["test"]
    assert found.word == ("shown here" if of_texts else "not testable here")
    assert of_texts or "floor" in found.reason


def test_of_several_pairs_the_one_at_the_floor_is_left_out():
    finding = {**CATCH, "pairs": [["direct", "worked"], ["tiny", "worked"]]}
    figures = [*BOTH, *able("tiny", 0.05), behind(-0.2, 16), price(12)]
    figures += [behind(0.5, 16, "tiny"), price(12, arm="tiny")]  # if it decided, it would be this
    found = verdict(finding, figures, arms=("worked", "direct", "tiny"))
    assert found.word == "shown here" and "Left out" in found.reason and "`tiny`" in found.reason


def test_a_direct_model_at_the_floor_leaves_the_loss_to_be_tested():
    figures = [*able("worked"), *able("direct", 0.05), cut_at(-0.4, 50), cut_at(0.3, 0, "direct")]
    found = verdict(CUT, figures)
    assert found.word == "shown here" and "the loss alone" in found.reason


@pytest.mark.parametrize("share", [0.21, 0.2])
@pytest.mark.parametrize(
    ("finding", "figures"),
    [
        (FULL, [doubled(0.002, 16)]),
        (SHORT, [tokens(-10)]),
        (AT_LEAST, [lead(0.05)]),
        (CATCH, [behind(-0.1, 16), price(12)]),
    ],
)
def test_draws_that_the_cap_cut_withhold_a_word(finding, figures, share):
    found = verdict(finding, [*able("worked", cut=share), *able("direct", 0.3), *figures])
    assert found.word == ("withheld" if share > 0.2 else "shown here")
    assert share <= 0.2 or "length cap" in found.reason


def test_the_draws_of_the_other_method_count_too():
    cut = plain(figure_names.cut("revise"), 0.5, setting="rounds", at=2)
    assert verdict(AT_LEAST, [*BOTH, lead(0.05), cut]).word == "withheld"


def test_an_arm_without_an_audit_says_nothing():
    assert verdict(AT_LEAST, [*BOTH, lead(0.05)], audited=False).word == "withheld"
    assert verdict(CATCH, [*BOTH, behind(-0.1, 16), price(12)], audited=False).word == "withheld"


def test_a_rehearsal_and_a_handful_say_nothing():
    few = gap(MATCHED, around(0.3, n=8), setting="rounds", at=2)
    assert verdict(AT_LEAST, [*BOTH, few]).word == "withheld"
    assert verdict(AT_LEAST, [*BOTH, lead(0.05)], rehearsal=True).word == "withheld"


def test_one_seed_of_a_training_is_indicative():
    one = gap(MATCHED, around(0.05), setting="rounds", at=2, trained=True)
    found = verdict(AT_LEAST, [*BOTH, one])
    assert (found.word, found.leans) == ("indicative", "shown here")


def test_seeds_of_a_training_are_counted():
    seeds = around(0.05)[:, None] + [[-0.2, 0.2, 0.0]]
    several = gap(MATCHED, seeds, setting="rounds", at=2, trained=True)
    assert verdict(AT_LEAST, [*BOTH, several]).word == "not shown here"
    drawn = gap(MATCHED, seeds, setting="rounds", at=2)
    assert verdict(AT_LEAST, [*BOTH, drawn]).word == "shown here"


def test_both_differences_stand_beside_each_other():
    pooled, within = tokens(-10), tokens(-0.2, within=True)
    for finding in (SHORT, {**SHORT, "within": True}):
        found = verdict(finding, [pooled, within])
        assert {one.what for one in found.numbers} == {pooled.quantity, within.quantity}
        assert found.reason.index("pooled") < found.reason.index("within problems")


def test_a_pooled_difference_does_not_rest_on_how_many_problems_are_mixed():
    few = gap(figure_names.SHORTER_WITHIN, around(-0.2, n=8, spread=30))
    found = verdict(SHORT, [tokens(-10), few])
    assert (found.word, found.problems) == ("shown here", N)
    assert verdict({**SHORT, "within": True}, [tokens(-10), few]).word == "withheld"


def test_what_holds_no_marker_at_all_is_not_testable():
    none = [plain(figure_names.seen("hedging", one), 0, unit="markers") for one in ("a", "b")]
    found = verdict(HEDGING, [*marked(-1, -1), *none])
    assert found.word == "not testable here" and "hedging" in found.reason


def test_a_verdict_names_where_votes_stop_adding():
    found = verdict(FULL, [*BOTH, doubled(0.05, 2), doubled(0.002, 4), doubled(0.002, 8)])
    assert "From 2 votes on" in found.reason


def test_one_of_many_comparisons_that_is_small_by_chance_does_not_contradict():
    """p of 0.03 alone is 0.3 among ten."""
    small = [lead(-0.033, at=1)] + [lead(0.0, at=size) for size in range(2, 11)]
    assert verdict({**AT_LEAST, "margin": 0.001}, [*BOTH, small[0]]).word == "contradicted here"
    assert verdict({**AT_LEAST, "margin": 0.001}, [*BOTH, *small]).word == "not shown here"


def test_what_rests_on_problems_says_how_many():
    assert verdict(AT_LEAST, [*BOTH, lead(0.05)]).problems == N
