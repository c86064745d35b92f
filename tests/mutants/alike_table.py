"""Faults of comparing like with like."""

from mutant import Mutant

_ALIKE = "core/spec.py"
_SAYS = "tests/unit/graph/test_alike.py::test_what_two_arms_differ_in_besides_their_rule"
_COLD = "tests/unit/graph/test_alike.py::test_at_temperature_0_a_sampled_draft_is_a_greedy_one"
_FALLS = "tests/unit/report/test_like_for_like.py"
_REFERENCE = "tests/unit/config/test_sweeps.py"
ALIKE = [
    Mutant(
        _ALIKE,
        "sampler.temperature == 0 and sampler.draft",
        "sampler.draft",
        _SAYS,
    ),
    Mutant(
        _ALIKE,
        "if not {first.algorithm, other.algorithm} & {*_PLAIN}:",
        "if {first.algorithm, other.algorithm} & {*_PLAIN}:",
        _SAYS,
    ),
    Mutant(
        _ALIKE,
        "first.temperature == other.temperature == 0",
        "first.temperature == 0",
        "tests/unit/graph/test_alike.py::test_cuts_are_idle_only_where_both_are_greedy",
    ),
    Mutant(
        _ALIKE,
        "if key not in idle",
        "if key in idle or True",
        f"{_COLD}_and_nothing_is_cut",
    ),
    Mutant(
        "report/verdict/run_test.py",
        "if known.issuperset(pair)]",
        "if known.intersection(pair)]",
        f"{_FALLS}::test_an_arm_without_a_figure_is_none_of_its_business",
    ),
    Mutant(
        "report/verdict/run_test.py",
        "or verdict.leans is not None",
        "",
        f"{_FALLS}::test_what_only_points_somewhere_falls_too",
    ),
    Mutant(
        "config/composition.py",
        "wanted = {point.arm: own.get(point.arm, common) for",
        "wanted = {point.arm: common for",
        f"{_REFERENCE}::test_an_arm_may_have_a_reference_of_its_own",
    ),
    Mutant(
        "config/composition.py",
        "return self.first or point",
        "return self.first or point.__class__('a', 'a', {}, {}, {})",
        f"{_REFERENCE}::test_an_arm_whose_own_reference_is_left_out_is_compared_with_none",
    ),
    Mutant(
        "stages/speed.py",
        "if len(paths) > 1:",
        "if len(paths) > 2:",
        "tests/unit/graph/test_alike.py::test_rules_are_not_timed_on_two_forwards",
    ),
    Mutant(
        "report/measure.py",
        "unlike(arms[of].sampler, arms[name].sampler)",
        "unlike(arms[name].sampler, arms[name].sampler)",
        "tests/unit/report/test_measure.py::"
        "test_a_speed_up_is_over_the_target_of_the_same_temperature",
    ),
    Mutant(
        "claims/reproduce/beside.py",
        "if one.against == ours.against}",
        "if one.against}",
        "tests/unit/report/test_reproduce_claims.py::"
        "test_an_arm_beside_another_reference_is_none_of_a_claims",
    ),
]
