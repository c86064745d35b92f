"""Faults of the staircase: its clock, its lengths, its speed, what rows identify, its examples."""

from mutant import Mutant

_FIGURES = "tests/unit/dialogue/test_figures.py"
_LATENCY = "tests/unit/graph/test_latency.py"
_RULES = "tests/unit/report/test_verdict_rules.py"
_IDENTIFIED = "tests/papers/staircase/test_identified.py"
_EXAMPLES = "tests/papers/staircase/test_aggregation.py"
_SERVING = "tests/unit/serve/test_serving.py"

CLOCK = [
    Mutant(  # latency at a forced length beside quality at the natural one
        "report/ensemble/figures.py",
        'if row["length"] is None:',
        'if row["arm"] in timed:',
        f"{_FIGURES}::test_forced_lengths_touch_no_figure_that_stands_beside_quality",
    ),
    Mutant(  # total time in the place of tokens a second
        "report/ensemble/figures.py",
        '_RATE = ("tokens", "total")',
        '_RATE = ("round", "total")',
        f"{_FIGURES}::test_tokens_a_second_count_the_tokens_that_were_written",
    ),
    Mutant(  # the reference's tokens for both
        "report/ensemble/figures.py",
        "ratio_interval(tokens[0], seconds[0], tokens[1], seconds[1])",
        "ratio_interval(tokens[1], seconds[0], tokens[1], seconds[1])",
        f"{_FIGURES}::test_tokens_a_second_count_the_tokens_that_were_written",
    ),
    Mutant(  # the line of what is left, not of what is cut
        "report/ensemble/figures.py",
        "line=max(0.0, 1 - first / tokens),",
        "line=max(0.0, first / tokens),",
        f"{_FIGURES}::test_what_is_paid_by_the_token_alone_lies_on_the_line",
    ),
    Mutant(  # a staircase stops drafts early: theirs are not the length of a draft
        "report/ensemble/figures.py",
        "tokens = _drafted(base) if length is None",
        "tokens = _drafted(mine) if length is None",
        f"{_FIGURES}::test_every_length_stands_beside_the_line_that_it_was_chosen_with",
    ),
    Mutant(  # all drafts together as the length of one
        "report/ensemble/figures.py",
        'np.sum([row["drafts"] for row in base])',
        "len(base)",
        f"{_FIGURES}::test_every_length_stands_beside_the_line_that_it_was_chosen_with",
    ),
    Mutant(  # ends are passed over always
        "stages/stand.py",
        'words: dict[str, Any] = {} if length is None else {"ignore_eos": True}',
        'words: dict[str, Any] = {"ignore_eos": True}',
        f"{_LATENCY}::test_without_a_length_every_draft_ends_where_it_ends",
    ),
    Mutant(  # drafts keep their own budget
        "stages/stand.py",
        '"sampler": (voice.sampler or sampler).model_copy(update={"max_tokens": length})',
        '"sampler": voice.sampler',
        f"{_LATENCY}::test_a_forced_length_is_that_of_answers_and_drafts_alike",
    ),
    Mutant(  # every round asks the first problem
        "stages/latency.py",
        "stand.requests[round_ % len(stand.requests)]",
        "stand.requests[0]",
        f"{_LATENCY}::test_every_round_asks_another_problem_and_all_arms_the_same",
    ),
    Mutant(  # the first arm always goes first
        "stages/latency.py",
        "turn = round_ % len(places)",
        "turn = 0",
        f"{_LATENCY}::test_the_order_turns_from_round_to_round",
    ),
    Mutant(  # lengths are no part of what was measured
        "stages/latency.py",
        '"tokens": list(_lengths(given)),\n            # It',
        "# It",
        f"{_LATENCY}::test_what_was_measured_otherwise_is_measured_again[lengths]",
    ),
    Mutant(  # the picture of one answer is of a forced one
        "stages/ensemble_report.py",
        "if arm in found and length is None:",
        "if arm in found:",
        f"{_LATENCY}::test_the_report_joins_quality_with_answers_that_ended_by_themselves",
    ),
    Mutant(  # the metric counts pieces
        "serve/metrics.py",
        "self.tokens.inc(now - before)",
        "self.tokens.inc()",
        f"{_SERVING}::test_tokens_are_counted_and_not_the_pieces_that_they_come_in",
    ),
]

SPEED = [
    Mutant(  # not corrected for the arms that were looked at
        "report/verdict/over_rounds.py",
        "adjusted = holm([_p(one, aim) for one in there])",
        "adjusted = [_p(one, aim) for one in there]",
        f"{_RULES}::test_a_speed_end_to_end_of_one_arm_is_not_shown_among_several",
    ),
    Mutant(  # p of "as fast", where "1.6 times" is asked
        "report/figures/p_at.py",
        "return p_beyond(at, 1 - value if basis.saved else value)",
        "return p_beyond(at, 1 - value if basis.saved else 1.0)",
        f"{_RULES}::test_a_speed_end_to_end_of_one_arm_is_not_shown_among_several",
    ),
    Mutant(  # faster than the reference is enough
        "report/verdict/over_rounds.py",
        "self.span.low is not None and self.span.low >= aim",
        "self.span.low is not None and self.span.estimate >= aim",
        f"{_RULES}::test_speed_end_to_end_is_judged_at_what_is_asked",
    ),
    Mutant(  # one slow arm contradicts for all
        "report/verdict/over_rounds.py",
        "every(o.missed(aim) for o in found)",
        "some(o.missed(aim) for o in found)",
        f"{_RULES}::test_one_arm_that_is_not_slow_leaves_nothing_contradicted",
    ),
    Mutant(  # the halves of a statement are taken for the whole
        "report/verdict/run_test.py",
        " + _half(finding)",
        "",
        f"{_RULES}::test_a_verdict_on_half_a_statement_says_which",
    ),
]

WORLD = [
    Mutant(  # a span that is narrow beside the bounds counts as known
        "papers/staircase/simulate/predict.py",
        "all(high - low <= MOVES * self.middle for",
        "any(high - low <= MOVES * self.middle for",
        f"{_IDENTIFIED}::test_a_figure_that_one_open_assumption_moves_is_not_identified",
    ),
    Mutant(  # parts by another assumption
        "papers/staircase/simulate/predict.py",
        "parts.setdefault(getattr(assumed, what), []).append(value)",
        "parts.setdefault(assumed.later_chunk, []).append(value)",
        f"{_IDENTIFIED}::test_a_figure_that_one_open_assumption_moves_is_not_identified",
    ),
    Mutant(  # an error is stated all the same
        "papers/staircase/simulation.py",
        '"error": one.error if known else None',
        '"error": one.error',
        f"{_IDENTIFIED}::test_no_error_is_stated_of_what_is_not_identified_on_any_page",
    ),
    Mutant(  # partial drafts, and the whole answer is practised
        "papers/staircase/aggregation.py",
        "answer = answer[: cuts[last]]",
        "answer = answer[:]",
        f"{_EXAMPLES}::test_no_answer_is_learned_further_than_partial_drafts_reach[L0]",
    ),
    Mutant(  # whole drafts, and the end of the answer is not learned
        "papers/staircase/aggregation.py",
        "and drafts and last < len(cuts) - 1:",
        "and drafts:",
        f"{_EXAMPLES}::test_whole_drafts_leave_the_whole_answer_to_learn_however_short_they_are",
    ),
    Mutant(  # questions that nothing answers any more
        "papers/staircase/aggregation.py",
        "len(drafts) == len(problem.drafts) and problem.solution in texts",
        "len(drafts) == len(problem.drafts)",
        f"{_EXAMPLES}::test_digits_stay_where_no_draft_is_right",
    ),
    Mutant(  # the answer keeps its digits
        "papers/staircase/aggregation.py",
        "question.translate(exchanged), solution.translate(exchanged)",
        "question.translate(exchanged), solution",
        f"{_EXAMPLES}::test_digits_are_exchanged_alike_in_question_drafts_and_answer[1.0]",
    ),
    Mutant(  # older recipes get other examples
        "papers/staircase/aggregation.py",
        '"scrambled" in told and rng.random() < told["scrambled"]',
        'rng.random() < told.get("scrambled", 0.0)',
        f"{_EXAMPLES}::test_options_that_a_recipe_does_not_name_change_none_of_its_examples",
    ),
    Mutant(  # the share without drafts is what it always was
        "papers/staircase/aggregation.py",
        "if rng.random() < alone:",
        "if rng.random() < _ALONE:",
        f"{_EXAMPLES}::test_the_share_without_drafts_is_the_one_that_is_asked_for",
    ),
]

STAIRCASE = [*CLOCK, *SPEED, *WORLD]
