"""Slips in what a report shows: arms that a sweep does not vary, figures as tables read them."""

from mutant import Mutant

_ARMS = "tests/unit/config/test_arm_stages.py::"
_ONE_ARM = f"{_ARMS}test_a_sweep_over_a_stage_with_nothing_to_do_for_an_arm_leaves_it_one_arm"
_POINTS = "config/points.py"

IDLE = [
    Mutant(  # every point of a sweep over a stage is one arm
        "config/stages.py",
        "return not lookup(",
        "return None is lookup(",
        _ONE_ARM,
    ),
    Mutant(  # the arm keeps the name of one of its points
        _POINTS,
        "    del point.swept[key]\n    held",
        "    held",
        _ONE_ARM,
    ),
    Mutant(  # and what it sets
        _POINTS,
        'held.get(name, {}).pop(".".join((option, *inner)), None)',
        "held.get(name, {})",
        _ONE_ARM,
    ),
    Mutant(  # all points of the arm, whatever else is swept
        _POINTS,
        "found.setdefault((point.arm, repr(point.swept)), point)",
        'found.setdefault((point.arm, ""), point)',
        f"{_ARMS}test_such_an_arm_keeps_what_else_is_swept",
    ),
    Mutant(  # each point stays, and the sweep gives one name twice
        _POINTS,
        "return list(found.values()), {key",
        "return list(points), {key",
        _ONE_ARM,
    ),
    Mutant(  # it is not said of which arms
        _POINTS,
        "idle.setdefault(key, {})[point.arm] = None",
        "idle.setdefault(key, {})",
        _ONE_ARM,
    ),
]
