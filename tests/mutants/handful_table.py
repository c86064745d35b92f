"""Slips in what a handful may say, in sweeps, trainings without signal, and a paper's table."""

from mutant import Mutant

ENOUGH = "report/verdict/enough.py"
SWEEPS = "report/sweeps.py"
SIGNAL = "report/training/signal.py"
SUMMARY = "claims/reproduce/summary.py"
FIGURES = "claims/reproduce/table.py"
_ENOUGH = "tests/unit/report/test_enough.py"
_SWEEPS = "tests/unit/report/test_swept_keys.py"
_SIGNAL = "tests/unit/report/test_signal.py"
_TABLE = "tests/unit/report/test_reproduce_table.py"
_FAMILY = "tests/unit/report/test_verdict_family.py"
HANDFUL = [
    Mutant(
        ENOUGH,
        "level = LEVEL / max(1, comparisons)",
        "level = LEVEL",
        f"{_ENOUGH}::test_a_test_of_several_arms_takes_more_problems",
    ),
    Mutant(
        ENOUGH,
        "ceil(z * z * (1 - margin) / margin)",
        "ceil(z * (1 - margin) / margin)",
        f"{_ENOUGH}::test_the_interval_of_equal_answers_fits_a_margin_from_the_fewest_problems_on",
    ),
    Mutant(
        ENOUGH,
        "(every if _undecided(verdict) else some)",
        "every",
        f"{_ENOUGH}::test_where_no_interval_could_fit_the_margin_not_shown_is_not_said_but_contradicted_is",
    ),
    Mutant(
        ENOUGH,
        "    if e.rehearsal:",
        "    if e.rehearsal and verdict.problems < every:",
        f"{_ENOUGH}::test_a_rehearsal_gives_no_verdict_whatever_its_size",
    ),
    Mutant(
        ENOUGH,
        " or seeds > 1:",
        ":",
        f"{_ENOUGH}::test_with_several_seeds_an_interval_may_fit_its_margin_on_fewer",
    ),
    Mutant(
        "stages/verdicts.py",
        "small = 0 < min(asked, default=0) <",
        "small = 0 < min(asked, default=0) <=",
        f"{_ENOUGH}::test_the_verdicts_of_a_small_run_have_a_name_of_their_own_and_others_keep_theirs",
    ),
    Mutant(
        "report/outcomes/encode.py",
        "rehearsal=rehearsal,",
        "rehearsal=False,",
        f"{_ENOUGH}::test_outcomes_give_the_verdict_again_and_say_where_they_are_of_a_rehearsal",
    ),
    Mutant(
        "report/findings.py",
        "verdict.statement or verdict.reason",
        "verdict.reason",
        f"{_FAMILY}::test_what_is_said_of_several_verdicts_is_said_once_and_a_long_reason_is_cut_at_a_sentence",
    ),
]
SWEPT = [
    Mutant(
        SWEEPS,
        "best = max(own, key=",
        "best = min(own, key=",
        f"{_SWEEPS}::test_the_best_point_is_said_with_its_interval_and_of_how_many_it_was_picked",
    ),
    Mutant(
        SWEEPS,
        "for part in family(name)",
        "for part in name",
        f"{_SWEEPS}::test_a_point_is_read_from_the_name_of_its_arm",
    ),
    Mutant(
        SWEEPS,
        "key=lambda point: numbers[point[0]] or 0.0",
        "key=lambda point: point[0]",
        f"{_SWEEPS}::test_points_of_numbers_stand_in_their_order_and_an_arm_without_the_key_is_none",
    ),
    Mutant(
        SWEEPS,
        "if len(own) > 1}",
        "}",
        f"{_SWEEPS}::test_numbers_are_drawn_as_curves_and_names_as_lines_of_intervals",
    ),
    Mutant(
        "report/tables.py",
        "    if len(found) == 1:",
        "    if not found:",
        f"{_SWEEPS}::test_where_all_rows_have_one_reference_headings_name_that_very_arm",
    ),
    Mutant(
        "report/findings.py",
        "if len(names_of) == 1 else of",
        "if not names_of else of",
        f"{_SWEEPS}::test_where_all_rows_have_one_reference_headings_name_that_very_arm",
    ),
]
SILENT = [
    Mutant(
        SIGNAL,
        "if not curve or any(",
        "if not curve or all(",
        f"{_SIGNAL}::test_a_training_has_no_signal_where_no_group_of_any_step_had_one",
    ),
    Mutant(
        SIGNAL,
        "if all(point.get(_CUT, 0) >= 1",
        "if any(point.get(_CUT, 0) >= 1",
        f"{_SIGNAL}::test_a_training_has_no_signal_where_no_group_of_any_step_had_one",
    ),
    Mutant(
        SIGNAL,
        'key.partition("/")[2] == arm',
        'key.partition("/")[2] in ("", arm)',
        f"{_SIGNAL}::test_answers_rest_on_every_training_behind_their_model",
    ),
    Mutant(
        SIGNAL,
        "for why in _behind(one, known)",
        "for why in [_own(one)]",
        f"{_SIGNAL}::test_answers_rest_on_every_training_behind_their_model",
    ),
    Mutant(
        "report/verdict/run_test.py",
        "enough(verdict, finding, e) if empty is None else empty",
        "enough(empty or verdict, finding, e)",
        f"{_SIGNAL}::test_a_verdict_that_rests_on_it_is_not_testable",
    ),
    Mutant(
        "train/course/watch.py",
        "return before + 1 if",
        "return 1 if",
        "tests/training/test_trackers.py::test_a_training_without_signal_is_warned_of_while_it_runs",
    ),
]
PAPER_TABLE = [
    Mutant(
        FIGURES,
        "            place += 1",
        "            break",
        f"{_TABLE}::test_each_table_of_the_paper_is_its_own_and_no_figure_is_lost_where_two_have_one_place",
    ),
    Mutant(
        FIGURES,
        "or metric.endswith(unit)",
        "",
        f"{_TABLE}::test_bounds_are_said_and_a_metric_that_names_its_unit_does_so_once",
    ),
    Mutant(
        FIGURES,
        '{"gt": "> ", "le": "up to "}',
        '{"gt": "< ", "le": "up to "}',
        f"{_TABLE}::test_bounds_are_said_and_a_metric_that_names_its_unit_does_so_once",
    ),
    Mutant(
        SUMMARY,
        "if tested.grade is not None]",
        "]",
        f"{_TABLE}::test_the_summary_counts_statements_by_what_is_said_of_them",
    ),
    Mutant(
        SUMMARY,
        "return telling or list(tested.judged[:1])",
        "return list(tested.judged)",
        f"{_TABLE}::test_a_run_that_says_nothing_takes_no_word_from_one_that_does",
    ),
    Mutant(
        SUMMARY,
        "if len(set(values)) > 1",
        "if values",
        f"{_TABLE}::test_two_recipes_that_judge_one_statement_differently_say_why",
    ),
]
