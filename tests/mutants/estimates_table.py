"""Faults of estimates: what makes a large model look cheap, and what trusts a foreign file."""

from mutant import Mutant

_TESTS = "tests/unit/graph/test_estimates.py"
_BUDGET, _MACHINE, _NEEDS = "stages/budget.py", "store/machine.py", "graph/needs.py"
_DAMAGED = f"{_TESTS}::test_a_file_that_is_damaged_or_of_another_machine_counts_for_nothing"
ESTIMATES = [
    Mutant(  # weights that nobody reads
        _BUDGET,
        "max(moved, calculated)",
        "calculated",
        f"{_TESTS}::test_one_token_costs_at_least_the_reading_of_all_weights",
    ),
    Mutant(  # the old model: layers alone
        _BUDGET,
        "return max(_of_calls(arm, rows), by_size)",
        "return _of_calls(arm, rows)",
        f"{_TESTS}::test_a_model_gets_as_many_problems_as_its_size_affords",
    ),
    Mutant(  # a stop-watch decides what is asked
        _BUDGET,
        "_steps(arm, rows, ASSUMED, spec_size)",
        "_steps(arm, rows, machine_rates(), spec_size)",
        f"{_TESTS}::test_no_measurement_changes_what_is_asked_or_a_name",
    ),
    Mutant(  # whatever is unknown costs nothing
        _BUDGET,
        "if budgets and any(_of_no_size(arm) for arm in arms):",
        "if False:",
        f"{_TESTS}::test_a_hub_model_of_no_known_size_gets_the_fewest",
    ),
    Mutant(
        _BUDGET,
        "if not size(name).parameters:",
        "if size(name).layers < 0:",
        f"{_TESTS}::test_what_nobody_knows_is_not_known_and_why",
    ),
    Mutant(  # what is put around a question is free
        _BUDGET,
        "_QUESTION_TOKENS + len(around) / _LETTERS",
        "_QUESTION_TOKENS",
        f"{_TESTS}::test_more_tokens_more_problems_and_longer_prompts_are_never_cheaper",
    ),
    Mutant(  # a GPU is taken for a core
        _BUDGET,
        'automatic = engine.device == "auto" and bool(machine()["accelerators"])',
        "automatic = False",
        f"{_TESTS}::test_a_machine_with_a_gpu_is_not_estimated_by_its_processor",
    ),
    Mutant(  # a model of 70 B by the rates of a laptop
        _BUDGET,
        "has is None or weights <= has",
        "has is None or weights <= 8 * has",
        f"{_TESTS}::test_no_rate_is_of_a_model_that_the_machine_cannot_hold",
    ),
    Mutant(
        _MACHINE,
        'if kept["machine"] != machine():',
        'if kept["machine"] == {}:',
        _DAMAGED,
    ),
    Mutant(_MACHINE, "not 0 <= value < 1e30", "value < 0", _DAMAGED),
    Mutant(_MACHINE, 'if "torch" not in forwards:', "if not forwards:", _DAMAGED),
    Mutant(
        _NEEDS,
        "if not known.gated:",
        "if True:",
        f"{_TESTS}::test_a_plan_of_a_hub_model_says_what_it_needs",
    ),
    Mutant(
        _NEEDS,
        "if not arm.engine.is_elsewhere:",
        "if True:",
        f"{_TESTS}::test_models_of_others_need_nothing_here",
    ),
    Mutant(
        _NEEDS,
        "return 4 if arm.engine.dtype",
        "return 4 if arm.engine.kind",
        f"{_TESTS}::test_what_this_machine_holds_needs_no_gpu",
    ),
]
