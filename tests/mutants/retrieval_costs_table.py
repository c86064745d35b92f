"""Faults in what stages of retrieval say: an audit of a search, and the plan of a training."""

from mutant import Mutant

RETRIEVE, COST, EMBED = "stages/retrieve.py", "stages/contrastive_cost.py", "stages/embed.py"
_T = "tests/unit/stages/test_retrieval_costs.py::"
_TWICE = f"{_T}test_a_query_that_is_asked_twice_fails"
_FILE = f"{_T}test_rows_that_train_are_counted_in_the_file_where_no_number_is_given"
_TOKENS = f"{_T}test_a_stage_trains_tokens_where_its_student_is_static"

AUDIT_OF_A_SEARCH = [
    Mutant(RETRIEVE, "again = len(names) - len(set(names))", "again = 0", _TWICE),
    Mutant(RETRIEVE, 'check="asked twice", level="fail"', 'check="asked twice", level="warn"',
           _TWICE),
    Mutant(RETRIEVE, "found=asked - len(names),", "found=asked,",
           f"{_T}test_queries_without_a_target_are_a_warning"),
    Mutant(RETRIEVE, "checks = (*trained_checks(training), *own)", "checks = own",
           f"{_T}test_what_failed_in_the_training_fails_the_search"),
    Mutant(RETRIEVE, 'one.level == "fail" and one.passed is False for one in checks',
           "one.passed is False for one in checks",
           f"{_T}test_what_failed_in_the_training_fails_the_search"),
    Mutant(RETRIEVE, "passed=None, detail=told", "passed=True, detail=told",
           f"{_T}test_what_a_model_from_elsewhere_has_seen_is_not_known"),
    Mutant(RETRIEVE, 'if training is None or not (training / "audit.json").exists():',
           "if training is None:",
           f"{_T}test_what_a_model_from_elsewhere_has_seen_is_not_known"),
]  # fmt: skip

COUNTED = [
    Mutant(COST, 'len(pair_rows(spec, "train"))', 'len(pair_rows(spec, "test"))', _FILE),
    Mutant(COST, "spec.train or _counted(spec)", "_counted(spec) or spec.train", _FILE),
    Mutant(COST, "except LlmxError:\n        return 0", "except LlmxError:\n        return 1",
           f"{_T}test_rows_that_cannot_be_read_yet_are_not_known"),
    Mutant(COST, "return int(steps) * _batch(given)", "return int(steps)",
           f"{_T}test_steps_are_batches_of_the_plan"),
    Mutant(COST, "_texts(given) + options.annotated", "_texts(given)",
           f"{_T}test_every_text_of_a_row_takes_its_time"),
    Mutant(COST, "return 2 + next(", "return 2 * next(",
           f"{_T}test_every_text_of_a_row_takes_its_time"),
]  # fmt: skip

TOKENS = [
    Mutant(EMBED, 'return own is not None and own.options.get("student"',
           'return own is None or own.options.get("student"', _TOKENS),
    Mutant(EMBED, 'own.options.get("student", "static")', 'own.options.get("student")', _TOKENS),
    Mutant(EMBED, 'own.options.get("student", "static") == "static"',
           'own.options.get("student", "static") != "whole"', _TOKENS),
    Mutant(EMBED, "stages.get(model.removeprefix(STAGE))", "stages.get(model)", _TOKENS),
]  # fmt: skip
