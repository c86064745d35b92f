"""Faults in what a model cannot follow, in stopping while answers are drawn, and in seconds."""

from mutant import Mutant

_P = "papers/inference_scaling/"
FIT, AT_LEAST, CUT = (f"{_P}verdicts/{name}.py" for name in ("fit", "at_least", "truncation_hurts"))
_T = "tests/papers/inference_scaling/"
_FLOOR = f"{_T}test_methods_at_the_floor.py"

FOLLOWED = [
    Mutant(  # what a model cannot follow decides like anything else
        AT_LEAST,
        "figure_names.matched(method, other, cost): able.of(other)",
        "figure_names.matched(method, other, cost): able.arms",
        f"{_FLOOR}::test_what_is_left_is_decided_and_what_is_not_is_named",
    ),
    Mutant(  # the draw that is there is taken for the method's smallest size
        FIT,
        "(one.at or 0) >= figure_names.least(method)",
        "(one.at or 0) >= 0",
        f"{_FLOOR}::test_what_a_model_cannot_follow_decides_nothing",
    ),
    Mutant(  # a vote over a chain that nothing of the model's is in
        FIT,
        "reply = _REPLIES.get(method, method)",
        "reply = method",
        f"{_FLOOR}::test_what_a_model_cannot_follow_decides_nothing",
    ),
    Mutant(  # a judge that gives no number is one that errs
        FIT,
        "unscored.span.estimate > MOST_UNSCORED",
        "unscored.span.estimate > 1.0",
        f"{_FLOOR}::test_what_a_model_cannot_follow_decides_nothing",
    ),
    Mutant(  # half of the replies are enough to be left out
        FIT,
        "unscored.span.estimate > MOST_UNSCORED",
        "unscored.span.estimate >= MOST_UNSCORED",
        f"{_FLOOR}::test_what_a_model_cannot_follow_decides_nothing",
    ),
    Mutant(  # one arm that cannot follow speaks for all
        FIT,
        "any((arm, one) not in lost for one in methods)",
        "not lost",
        f"{_FLOOR}::test_a_method_is_left_out_of_the_arms_that_cannot_follow_it_alone",
    ),
    Mutant(  # what is left out anyway holds back what is left
        FIT,
        'asked = ("single", *(one for one in methods if (arm, one) not in lost))',
        'asked = ("single", *methods)',
        f"{_FLOOR}::test_replies_that_the_cap_cut_are_said_to_be_so_and_hold_nothing_else_back",
    ),
    Mutant(  # a reply that never ended is said not to follow
        FIT,
        "if cut > MOST_CUT:",
        "if cut > 1.0:",
        f"{_FLOOR}::test_replies_that_the_cap_cut_are_said_to_be_so_and_hold_nothing_else_back",
    ),
    Mutant(  # nothing is left, and the run is said to hold nothing
        AT_LEAST,
        "if not found and able.lost:",
        "if not found and not able.arms:",
        f"{_FLOOR}::test_where_only_what_cannot_be_followed_ran_nothing_is_decided",
    ),
    Mutant(  # the loss itself is taken for a model that cannot follow
        FIT,
        "if one.at == _WHOLE), None)",
        "if one.at != 0), None)",
        f"{_FLOOR}::test_cut_thinking_at_the_floor",
    ),
    Mutant(  # a direct model is beaten by one that was never taught to answer from so little
        CUT,
        "beside = [one for one in least if not _floored(e, one)]",
        "beside = least",
        f"{_FLOOR}::test_cut_thinking_at_the_floor",
    ),
    Mutant(  # verdicts of the same figures keep the words of before
        "stages/verdicts.py",
        "if (found := finding_test(name).version) > 1}",
        "if (found := finding_test(name).version) > 2}",
        "tests/unit/report/test_enough.py"
        "::test_a_test_that_has_said_other_words_has_its_version_in_the_name",
    ),
]
