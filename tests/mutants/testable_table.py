"""Slips in what a run can test at all, and two that the null worlds are there for."""

from mutant import Mutant

FLOOR = "report/verdict/floor.py"
TRACES = "report/verdict/testable.py"
MUST_FAIL = "report/verdict/testable.py"
MOVED = "report/verdict/testable.py"
CAN = "report/verdict/testable.py"
POWER = "report/verdict/testable.py"
_TESTS = "tests/unit/report/test_testable.py"
_PAGE = "tests/unit/report/test_training_page.py"
_WORLDS = "tests/unit/report/test_null_worlds.py"
TESTABLE = [
    Mutant(
        FLOOR,
        "span.low <= floor",
        "span.estimate <= floor",
        f"{_TESTS}::test_an_interval_that_reaches_a_limit_is_at_it",
    ),
    Mutant(
        FLOOR,
        "span.high >= _ALL",
        "span.high > 1",
        f"{_TESTS}::test_an_interval_that_reaches_a_limit_is_at_it",
    ),
    Mutant(
        FLOOR,
        "most = max(answers.values(), default=0)",
        "most = min(answers.values(), default=0)",
        f"{_TESTS}::test_the_best_constant_answer_is_right_most_often_of_all_constants",
    ),
    Mutant(
        FLOOR,
        " if score.expected)",
        ")",
        f"{_TESTS}::test_the_best_constant_answer_is_right_most_often_of_all_constants",
    ),
    Mutant(
        TRACES,
        "whole.estimate >= LEAST",
        "whole.estimate > LEAST",
        f"{_TESTS}::test_half_of_the_outputs_have_to_be_whole_traces",
    ),
    Mutant(  # what is not known counts as right
        TRACES,
        'return Unfit(name, "the run does not say how many of its outputs are whole traces", ())',
        "return None",
        f"{_TESTS}::test_without_a_report_on_trainings_nothing_is_known_of_traces",
    ),
    Mutant(
        MUST_FAIL,
        "worse, kept = found.interval.below(-margin), found.non_inferior",
        "worse, kept = not found.non_inferior, found.non_inferior",
        f"{_TESTS}::test_a_control_that_is_not_shown_to_fail_withholds_it_too",
    ),
    Mutant(
        MUST_FAIL,
        "worse, kept = found.interval.below(-margin), found.non_inferior",
        "worse, kept = found.interval.below(0), found.non_inferior",
        f"{_TESTS}::test_the_margin_of_the_control_is_that_of_the_finding_or_of_its_test",
    ),
    Mutant(  # an arm that is better than its target by more than the margin
        MUST_FAIL,
        "worse, kept = found.interval.below(-margin), found.non_inferior",
        "worse, kept = not found.equivalent, found.non_inferior",
        f"{_TESTS}::test_equivalence_is_withheld_where_the_control_that_should_fail_passes",
    ),
    Mutant(
        MUST_FAIL,
        'said = "passes" if kept else',
        'said = "passes" if not kept else',
        f"{_TESTS}::test_a_control_that_is_not_shown_to_fail_withholds_it_too",
    ),
    Mutant(
        MUST_FAIL,
        ' or verdict.word == "contradicted here"',
        "",
        f"{_TESTS}::test_equivalence_is_withheld_where_the_control_that_should_fail_passes",
    ),
    Mutant(
        MUST_FAIL,
        'margin = float(finding.get("margin", MARGIN))',
        "margin = MARGIN",
        f"{_TESTS}::test_the_margin_of_the_control_is_that_of_the_finding_or_of_its_test",
    ),
    Mutant(
        MOVED,
        "adjusted = holm([p for _, p in found])",
        "adjusted = [p for _, p in found]",
        f"{_TESTS}::test_a_correlation_says_something_only_where_training_moved_an_arm",
    ),
    Mutant(
        MOVED,
        "p < LEVEL and _beyond(arm)",
        "p < LEVEL",
        f"{_TESTS}::test_a_correlation_says_something_only_where_training_moved_an_arm",
    ),
    Mutant(
        MOVED,
        "e.figures.of(names.GAIN, known.over)",
        "e.figures.of(names.GAIN)",
        f"{_TESTS}::test_an_arm_outside_of_the_correlation_moves_nothing_in_it",
    ),
    Mutant(
        CAN,
        " and name not in exempt]",
        "]",
        f"{_TESTS}::test_an_arm_that_was_broken_on_purpose_needs_no_traces_and_may_fall",
    ),
    Mutant(
        "papers/backtracking/verdicts/__init__.py",
        "    together=True,",
        "    together=False,",
        f"{_TESTS}::test_the_best_of_several_is_not_looked_for_without_one_of_them",
    ),
    Mutant(
        CAN,
        'if e.tuned_on == "validation" or verdict.word not in DECIDED:',
        "if verdict.word not in DECIDED:",
        f"{_TESTS}::test_an_arm_that_was_broken_on_purpose_needs_no_traces_and_may_fall",
    ),
    Mutant(
        CAN,
        '_WITHOUT_WORD = {"p": None, "leans": None}',
        '_WITHOUT_WORD = {"leans": None}',
        f"{_TESTS}::test_settings_chosen_on_test_problems_make_a_verdict_exploratory",
    ),
    Mutant(
        POWER,
        "if half <= asked:",
        "if half <= margin:",
        f"{_TESTS}::test_a_size_that_would_seldom_show_equal_arms_to_be_so_is_named",
    ),
    Mutant(
        "report/training/build.py",
        "runs for name, runs in arms.items() if name not in broken}",
        "runs for name, runs in arms.items()}",
        f"{_PAGE}::test_arms_that_were_broken_or_fell_to_the_floor_at_both_times_are_no_part_of_a_correlation",
    ),
    Mutant(
        "report/training/prediction.py",
        " if not _at_the_floor(runs)}",
        "}",
        f"{_PAGE}::test_arms_that_were_broken_or_fell_to_the_floor_at_both_times_are_no_part_of_a_correlation",
    ),
    Mutant(  # seeds of a training are means of items
        "report/paired_table.py",
        "return values if table.trained and table.seeds > 1 else values.mean(1)",
        "return values.mean(1)",
        f"{_WORLDS}::test_five_equal_arms_are_seldom_called_different",
    ),
    Mutant(  # one training decides
        "report/verdict/decide.py",
        "if half.sure and not half.lone:",
        "if half.sure:",
        f"{_WORLDS}::test_one_training_decides_nothing",
    ),
]
