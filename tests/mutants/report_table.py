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

_MEASURE = "report/measure.py"
_DECODED = "report/figures/decoded.py"
_ROWS = "tests/unit/report/test_report_stage.py::"
_SAY = f"{_ROWS}test_the_rows_of_results_say_what_the_figures_say"
_HAND = "tests/unit/report/test_measure.py::"
_COMPARE = "tests/unit/report/test_compare.py::"

SHOWN = [
    Mutant(  # the speed over the reference is said to be over the target
        _DECODED,
        "if one.against in targets), None)",
        "if one.against), None)",
        _SAY,
    ),
    Mutant(  # nobody is the target
        _DECODED,
        'arms = found.marked("target")',
        "arms = ()",
        f"{_HAND}test_a_speed_up_is_over_the_target_of_the_same_temperature",
    ),
    Mutant(  # a share that was asked for stands for the one that was had
        _DECODED,
        '"asked_share": share.expected if share',
        '"asked_share": share.span.estimate if share',
        _SAY,
    ),
    Mutant(  # gained and lost change places
        "report/difference.py",
        "yield names.GAINED, Span(estimate=self.gained)",
        "yield names.GAINED, Span(estimate=self.lost)",
        f"{_HAND}test_the_difference_pairs_by_id_and_not_by_order",
    ),
    Mutant(  # the arm is compared with the reference of the others
        _MEASURE,
        "        against = own.get(name, reference)\n",
        "        against = reference\n",
        f"{_HAND}test_an_arm_is_compared_with_its_own_reference",
    ),
    Mutant(  # two points off count as missed
        _DECODED,
        "MISS = 0.03 + 1e-9",
        "MISS = 0.02 + 1e-9",
        f"{_HAND}test_a_draft_share_three_points_off_is_flagged",
    ),
    Mutant(  # a figure of an arm beside another arm than its reference
        "report/figures/by_arm.py",
        "next((one for one in found if one.against == against), None)",
        "next(iter(found), None)",
        "tests/golden/report/test_golden.py::test_a_page_says_what_it_said[report.md]",
    ),
    Mutant(  # a comparison is turned round
        "claims/compare/model.py",
        "self.figures.find(quantity, self.second.name, self.first.name)",
        "self.figures.find(quantity, self.first.name, self.second.name)",
        f"{_COMPARE}test_swapping_the_sides_negates_everything",
    ),
    Mutant(  # speed is compared across runs
        "claims/compare/pair.py",
        "    if one.run == other.run:\n",
        "    if True:\n",
        f"{_COMPARE}test_speed_is_compared_within_a_run_alone",
    ),
    Mutant(  # a metric that one side lacks is a row
        "claims/compare/pair.py",
        "for metric in first.files.metrics if metric in second.files.metrics]",
        "for metric in first.files.metrics]",
        "tests/unit/report/test_declared_metrics.py"
        "::test_a_comparison_shows_the_metrics_that_both_sides_have",
    ),
]

_PICTURES = "tests/unit/report/test_brought_pictures.py::"
_AXIS = f"{_PICTURES}test_an_axis_says_its_quantity_and_its_unit"
_SWEEPS = f"{_PICTURES}test_every_sweep_has_an_axis_of_its_own_and_three_are_the_most"

AXES = [
    Mutant("report/axes.py", '{"share": "%", "times": "×"}', '{"share": "%"}', _AXIS),
    Mutant("report/axes.py", "if unit and unit != whole else", "if unit else", _AXIS),
    Mutant("report/axes.py", "whole if figure.metric else", "whole if not whole else", _AXIS),
    Mutant(  # shares are drawn as they are, under a title of percent
        "report/axes.py",
        'if figure.unit in ("share", "points") else',
        'if figure.unit in ("points",) else',
        f"{_PICTURES}test_shares_are_drawn_in_percent",
    ),
    Mutant(  # all sweeps lie on the axis of the first
        "report/brought.py",
        "if one.setting == setting and one.at is not None:",
        "if one.setting and one.at is not None:",
        _SWEEPS,
    ),
    Mutant("report/brought.py", "    if len(over) > MOST:\n", "    if False:\n", _SWEEPS),
]

_TRAINING = "tests/golden/report/test_golden.py::test_a_page_says_what_it_said[training.md]"
_STREAM = "tests/unit/dialogue/test_figures.py::"
_KEPT = f"{_STREAM}test_the_page_of_a_committed_result_is_what_its_figures_say"

STAGES = [
    Mutant(  # the gain is that over the reference
        "report/training/page.py",
        'own.get(names.GAIN), own.get(f"{names.ACCURACY_GAP} {AFTER}")',
        'own.get(f"{names.ACCURACY_GAP} {AFTER}"), own.get(names.GAIN)',
        _TRAINING,
    ),
    Mutant(  # one seed is as good as several
        "report/training/page.py",
        'return " (one seed: indicative)" if figure.lone else ""',
        'return ""',
        _TRAINING,
    ),
    Mutant(  # outputs before and after change places
        "report/training/tables.py",
        'return _of(f"{quantity} {BEFORE}", show), _of(f"{quantity} {AFTER}", show)',
        'return _of(f"{quantity} {AFTER}", show), _of(f"{quantity} {BEFORE}", show)',
        _TRAINING,
    ),
    Mutant(  # a training is an arm of the table of accuracies
        "report/training/tables.py",
        "tuple(row for row in rows if {*row[1 + counts :]} != {NONE})",
        "tuple(rows)",
        _TRAINING,
    ),
    Mutant(  # the total time over the reference's is a total time
        "report/ensemble/by_arm.py",
        "beside = one.quantity == names.TOTAL and one.against",
        "beside = False",
        _KEPT,
    ),
    Mutant(  # a single model is said to stream
        "report/ensemble/page.py",
        "if name not in singles and reference in known and",
        "if reference in known and",
        _KEPT,
    ),
    Mutant(  # the other way round
        "report/ensemble/page.py",
        '"beats" if gain.span.below(0) else',
        '"beats" if gain.span.above(0) else',
        _KEPT,
    ),
    Mutant(  # one length is a sweep
        "report/ensemble/by_arm.py",
        "        if len(mine) > 1:\n",
        "        if mine:\n",
        f"{_STREAM}test_a_length_at_which_the_reference_was_not_timed_has_no_cut",
    ),
]
