"""Faults in InData: conventions of engines, typing, necessity, answers, rules, causes, plans."""

from mutant import Mutant

HOME = "papers/indata/"
EXPR, SQL, SCALARS = (f"{HOME}executors/{n}.py" for n in ("expressions", "sql_text", "scalars"))
POLARS, DUCKDB = (f"{HOME}executors/{n}_executor.py" for n in ("polars", "duckdb"))
CHECK, SESSION, ANSWERS = (f"{HOME}{n}.py" for n in ("check", "session", "answers"))
RULES, CAUSES = f"{HOME}disclosure/policies.py", f"{HOME}taxonomy.py"
NEEDED, ITEM, DATA = f"{HOME}items/necessity.py", f"{HOME}items/item.py", f"{HOME}dataset.py"
PROGRAM, PLAN = f"{HOME}program.py", f"{HOME}planner/plan_text.py"
SCORER = f"{HOME}planner/scorer.py"
_T = "tests/papers/indata/"
_GOLDEN = f"{_T}test_conventions.py::test_every_engine_keeps_the_conventions"
_AGREE = f"{_T}test_three_executors.py::test_three_executors_agree_step_by_step"
_I, _S = f"{_T}test_question_items.py::", f"{_T}test_tool_session.py::"
_FAULT = f"{_S}test_every_fault_has_its_code_and_place_and_says_no_cell"
_D, _C = f"{_T}test_disclosure_rules.py::", f"{_T}test_failure_causes.py::"
_EQUAL = f"{_T}test_answer_rules.py::test_what_is_equal"
_P = f"{_T}test_planner_plans.py::"

CONVENTIONS = [
    Mutant(EXPR, "pl.when(found.is_finite()).then(found)", "found", _GOLDEN),
    Mutant(EXPR, "one - other * down", "one + other * down", _GOLDEN),
    Mutant(SQL, "coalesce(sum({held}){rows}, 0)", "sum({held}){rows}", _GOLDEN),
    Mutant(SQL, "if op == \"mod\" else", "if op != \"mod\" else", _GOLDEN),
    Mutant(SCALARS, "-floor(-value + 0.5) if value < 0 else", "floor(value) if value < 0 else",
           _GOLDEN),
    Mutant(EXPR, "std(ddof=1)", "std(ddof=0)", _GOLDEN),
]  # fmt: skip

ENGINES = [
    Mutant(POLARS, "nulls_last=True, maintain_order=True\n        )\n        if self.watch",
           "nulls_last=False, maintain_order=True\n        )\n        if self.watch", _GOLDEN),
    Mutant(POLARS, "return found.sort(ID)", "return found", _GOLDEN),
    Mutant(DUCKDB, "\"intersection\": \"IN\", \"difference\": \"NOT IN\"",
           "\"intersection\": \"NOT IN\", \"difference\": \"IN\"", _AGREE),
    Mutant(DUCKDB, "if call.method == \"ordinal\" else \"\"", "if call.method == \"min\" else \"\"",
           _AGREE),
    Mutant(EXPR, "found = held.cum_max().forward_fill()", "found = held.cum_max()", _AGREE),
]  # fmt: skip

TYPING = [
    Mutant(CHECK, "if not table.ordered:", "if table.ordered and False:", _FAULT),
    Mutant(CHECK, "if left.base != right.base:", "if left.base == \"\":",
           f"{_S}test_rows_of_two_tables_are_not_combined_though_their_columns_are_alike"),
    Mutant(CHECK, "if not table.aggregated:", "if False:", _FAULT),
    Mutant(f"{HOME}literals.py", "given not in column.values", "given == column.name", _FAULT),
    Mutant(CHECK, "if column.name in table.names:", "if column.name == \"\":", _FAULT),
]  # fmt: skip

ITEMS = [
    Mutant(PROGRAM, "steps <= 2 and self.branches == 0", "steps <= 3 and self.branches == 0",
           f"{_C}test_a_level_is_what_its_definition_says"),
    Mutant(PROGRAM, "max(len(step.needs) - 1, 0)", "len(step.needs)",
           f"{_C}test_steps_depth_and_branches_are_counted"),
    Mutant(NEEDED, "if _comes_to(other, executor, answer_type, answer):", "if False:",
           f"{_I}test_a_step_that_changes_nothing_is_found"),
    Mutant(DATA, "(name in out) == (split == \"heldout\")", "(name in out) != (split == \"test\")",
           f"{_I}test_no_two_splits_share_a_question_or_a_table_and_held_out_templates_stay_out"),
    Mutant(DATA, "answer = UNKNOWN if without else found.answer", "answer = found.answer",
           f"{_I}test_a_question_without_what_it_needs_cannot_be_answered"),
    Mutant(DATA, "seed=f\"{self.spec.seed}/{split}/{at}\"", "seed=f\"{self.spec.seed}/{at}\"",
           f"{_I}test_no_two_splits_share_a_question_or_a_table_and_held_out_templates_stay_out"),
]  # fmt: skip

ANSWERED = [
    Mutant(ANSWERS, "if isinstance(expected, bool) or isinstance(given, bool):", "if False:",
           _EQUAL),
    Mutant(ANSWERS, "== len(given) == len(expected)", "== len(expected)", _EQUAL),
    Mutant(ANSWERS, "RELATIVE = 1e-6", "RELATIVE = 1e-4", _EQUAL),
    Mutant(ANSWERS, "if len(found) != 1:", "if not found:",
           f"{_T}test_answer_rules.py::test_what_is_read"),
    Mutant(ANSWERS, "0.5 * 10.0**-decimals", "5 * 10.0**-decimals",
           f"{_T}test_answer_rules.py::test_decimals_that_are_asked_for_are_enough"),
]  # fmt: skip

DISCLOSURE = [
    Mutant(RULES, "left == 0 or left >= self.spec.minimum", "left >= 0",
           f"{_D}test_the_complement_is_as_large_as_the_minimum"),
    Mutant(RULES, "if 0 < apart < self.spec.minimum:", "if apart < 0:",
           f"{_D}test_differencing_recovers_until_overlap_and_a_tracker_until_the_audit"),
    Mutant(RULES, "self.held = self.held + new * new", "self.held = self.held + new",
           f"{_D}test_the_space_determines_exactly_what_elimination_does"),
    Mutant(RULES, "return len(np.unique(rows))", "return len(rows)",
           f"{_D}test_a_row_that_is_there_several_times_is_one"),
    Mutant(RULES, "query.op not in ADDITIVE or not super()", "not super()",
           f"{_D}test_what_is_no_sum_is_refused_by_the_audit_alone"),
]  # fmt: skip

SESSIONS = [
    Mutant(SESSION, "hmac.new(self.key,", "hmac.new(b\"key\",",
           f"{_S}test_handles_are_of_one_episode_and_cannot_be_guessed"),
    Mutant(SESSION, "seen = self.observation in (\"scalar\", \"full\")", "seen = True",
           f"{_S}test_how_much_is_seen"),
    Mutant(SESSION, "frame[FROM if FROM in frame.columns else ID]", "frame[ID]",
           f"{_S}test_rows_are_followed_through_joins"),
    Mutant(SESSION, "if whole.get(row, True):", "if True:",
           f"{_S}test_a_group_that_is_too_small_is_left_out"),
    Mutant(SESSION, "if self._closed or self.answer is not None:", "if self._closed:",
           f"{_S}test_an_answer_is_a_literal_or_a_result_and_ends_the_episode"),
]  # fmt: skip

TAXONOMY = [
    Mutant(CAUSES, "attempt.repeated >= _STUCK", "attempt.repeated > 99",
           f"{_C}test_each_cause_is_told_by_the_first_call_that_parts"),
    Mutant(CAUSES, "if not lost:\n        return \"wrong_reference\"",
           "if not lost:\n        return \"wrong_tool\"",
           f"{_C}test_a_gold_program_holds_all_of_its_own_calls"),
    Mutant(CAUSES, "names[new] = f\"{step.tool}:", "names[new] = f\"{new}{step.tool}:",
           f"{_C}test_names_of_results_and_derived_columns_say_nothing"),
    Mutant(CAUSES, "if strange[0].tool in later", "if strange",
           f"{_C}test_a_tool_that_is_none_of_the_gold_program_is_a_wrong_one"),
    Mutant(CAUSES, "if \"stale_handle\" in attempt.errors:", "if False:",
           f"{_C}test_a_handle_that_was_stale_is_a_wrong_reference"),
]  # fmt: skip

PLANS = [
    Mutant(PLAN, "named = value in self._names and name not in _PLAIN",
           "named = value in self._names", f"{_P}test_what_is_learned_is_right"),
    Mutant(PLAN, "found.append(f\"{name}:\")", "found.append(f\"{name}\")",
           f"{_P}test_a_program_is_what_its_words_say"),
    Mutant(PLAN, "if left:\n            raise DataError", "if False:\n            raise DataError",
           f"{_P}test_what_is_no_plan_is_unparsed_and_wrong"),
    Mutant(PLAN, "name: f\"@{at}\"", "name: f\"@0\"",
           f"{_P}test_symbols_are_drawn_anew_and_stand_for_what_the_prompt_says"),
    Mutant(SCORER, "given = UNKNOWN if text == \"unknown\" else", "given =",
           f"{_P}test_what_is_learned_is_right"),
]  # fmt: skip
