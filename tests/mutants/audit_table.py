"""Faults planted by hand, one for each thing that the project claims of its figures."""

from mutant import Mutant

AUDIT = [
    Mutant(  # accepted by q/p
        "decoding/accept.py",
        "return u * q < p\n",
        "return u * p < q\n",
        (
            "tests/unit/decoding/test_every_law.py"
            "::test_every_rule_with_every_draft_and_block[sd-sampled-1]"
        ),
    ),
    Mutant(  # the residual's weights read as probabilities
        "decoding/draw.py",
        "u * cdf[:, -1:], right=True",
        "u * 1.0, right=True",
        (
            "tests/unit/decoding/test_every_law.py"
            "::test_every_rule_with_every_draft_and_block[sd-sampled-1]"
        ),
    ),
    Mutant(  # the residual is all of p
        "decoding/draw.py",
        "left = (target - draft).clamp_(min=0)",
        "left = target",
        (
            "tests/unit/decoding/test_every_law.py"
            "::test_every_rule_with_every_draft_and_block[sd-sampled-1]"
        ),
    ),
    Mutant(  # no bonus behind a block that stands
        "decoding/rounds.py",
        "RoundTokens(tokens, run + 1 - over,",
        "RoundTokens(tokens, run + 1 - ((run == valid) & (run > 0)),",
        (
            "tests/unit/decoding/test_decode_loop.py"
            "::test_research_at_infinity_emits_gamma_and_one_a_round[1-research]"
        ),
    ),
    Mutant(  # at the threshold itself a token falls
        "decoding/accept.py",
        "return d <= threshold",
        "return d < threshold",
        "tests/unit/decoding/test_decode_loop.py::test_a_draft_that_is_the_target[sampled]",
    ),
    Mutant(  # Jensen-Shannon in bits
        "papers/fsd/divergence.py",
        "return 0.5 * (q.exp() * (ratio - rise)",
        "return 0.5 / 0.6931471805599453 * (q.exp() * (ratio - rise)",
        "tests/papers/fsd/test_divergence.py::test_agrees_with_float64[ag]",
    ),
    Mutant(  # both KL the wrong way round
        "papers/fsd/divergence.py",
        "return (q.exp() * (q - p)).sum(-1)",
        "return (p.exp() * (p - q)).sum(-1)",
        "tests/papers/fsd/test_divergence.py::test_agrees_with_float64[kl]",
    ),
    Mutant(  # all seeds draw the same
        "core/philox.py",
        'f"{seed}|{name}"',
        'f"{name}"',
        "tests/unit/decoding/test_philox.py::test_keys_are_the_hash_of_seed_and_id",
    ),
    Mutant(  # what drew a token decides on it too
        "decoding/verify.py",
        "u = rows.draws(Purpose.ACCEPT, ",
        "u = rows.draws(Purpose.DRAFT, ",
        (
            "tests/unit/decoding/test_every_law.py"
            "::test_every_rule_with_every_draft_and_block[sd-sampled-1]"
        ),
    ),
    Mutant(  # the warped divergence with a raw q
        "papers/fsd/fuzzy.py",
        "warped_log_probs(drafted_probs(proposal, options))",
        "log_probs(proposal.logits)",
        "tests/unit/decoding/test_every_law.py::test_every_option[warped-nucleus-sampled]",
    ),
    Mutant(  # strict tokens as free as any
        "papers/fsd/fuzzy.py",
        ("tight = most * options.strict_scale if options.strict_scale else np.zeros_like(most)"),
        "tight = most",
        "tests/unit/decoding/test_every_law.py::test_every_option[strict-sampled]",
    ),
    Mutant(  # McNemar of one side
        "stats/mcnemar.py",
        "return min(1.0, 2 * tail / total)",
        "return min(1.0, tail / total)",
        "tests/unit/stats/test_mcnemar.py::test_exact_agrees_with_scipy",
    ),
    Mutant(  # pairs are pulled apart
        "stats/paired.py",
        '_like(first, finite_vector(second, "second"))',
        'np.sort(_like(first, finite_vector(second, "second")))',
        ("tests/unit/stats/test_bootstrap.py::test_paired_counts_and_test_are_those_of_mcnemar"),
    ),
    Mutant(  # Wilson with n - 1
        "stats/proportion.py",
        "half = z * sqrt(share * (1 - share) / n +",
        "half = z * sqrt(share * (1 - share) / max(1, n - 1) +",
        "tests/unit/stats/test_proportion.py::test_wilson_agrees_with_scipy[81-263-0.8]",
    ),
    Mutant(  # power of one side
        "stats/power.py",
        "rejected = 2 * _tail(pairs, 0.5, middle) <= level",
        "rejected = _tail(pairs, 0.5, middle) <= level",
        ("tests/unit/stats/test_power.py::test_power_is_the_sum_over_all_outcomes[12-0.5-0.3]"),
    ),
    Mutant(  # half of the detectable effect
        "stats/power.py",
        ("found else (middle, high)\n    return high\n"),
        ("found else (middle, high)\n    return high / 2\n"),
        ("tests/unit/stats/test_power.py::test_the_effect_is_the_smallest_with_the_asked_power"),
    ),
    Mutant(  # Holm without its factor
        "stats/multiple.py",
        "min(1.0, (len(p_values) - rank) * p_values[place])",
        "p_values[place]",
        "tests/unit/stats/test_holm.py::test_between_no_correction_and_bonferroni",
    ),
    Mutant(  # clusters are drawn item by item
        "stats/paired.py",
        "    if clusters is None:\n",
        "    if True:\n",
        "tests/unit/stats/test_bootstrap.py::test_clusters_of_copies_count_once",
    ),
    Mutant(  # the noise of both arms adds up, paired or not
        "stats/rates.py",
        (
            "effects = (columns / columns.mean(axis=0)) @ _signs(columns.shape[1])\n"
            "    error = float(effects.std(ddof=1)) / sqrt(rounds)"
        ),
        (
            "effects = (columns / columns.mean(axis=0)) * _signs(columns.shape[1])\n"
            "    error = sqrt(float(effects.var(axis=0, ddof=1).sum()) / rounds)"
        ),
        ("tests/unit/stats/test_rates.py::test_noise_that_hits_both_arms_of_a_round_cancels[3]"),
    ),
    Mutant(  # the last number anywhere is an answer in the asked form
        "scoring/gsm.py",
        "return scored(record, sample, self.reference(sample), strict, flexible)",
        "return scored(record, sample, self.reference(sample), flexible, flexible)",
        "tests/unit/scoring/test_gsm.py::test_verdicts[right without mark]",
    ),
    Mutant(  # accepted of what was drafted
        "report/measure.py",
        "    tokens = sum(out.tokens for out in outputs)\n    counts",
        "    tokens = sum(out.drafted for out in outputs)\n    counts",
        "tests/unit/report/test_measure.py::test_length_columns_are_ratios_of_totals",
    ),
    Mutant(  # time to anybody's first piece
        "dialogue/timing.py",
        "first, last = shown[0].at, shown[-1].at",
        ('first = next(one.at for one in events if one.what == "piece")\n    last = shown[-1].at'),
        (
            "tests/unit/dialogue/test_conversing.py"
            "::test_the_first_token_waits_for_first_chunks_alone"
        ),
    ),
    Mutant(  # time to the request
        "dialogue/timing.py",
        "first, last = shown[0].at, shown[-1].at",
        "first, last = events[0].at, shown[-1].at",
        (
            "tests/unit/dialogue/test_conversing.py"
            "::test_the_first_token_waits_for_first_chunks_alone"
        ),
    ),
    Mutant(  # no prompt takes any time
        "papers/staircase/simulate/server_model.py",
        "seconds = self.speed.prefill_overhead + self.speed.prefill_token * job.prefill",
        "seconds = 0.0",
        (
            "tests/papers/staircase/test_explored.py"
            "::test_a_first_token_after_whole_drafts_takes_their_length_and_after_chunks_the_"
            "chunks"
        ),
    ),
    Mutant(  # prompt tokens cost nothing
        "papers/staircase/simulate/server_model.py",
        " + self.speed.prefill_token * job.prefill",
        "",
        (
            "tests/papers/staircase/test_prompt_costs.py"
            "::test_a_first_token_takes_the_prompt_and_each_further_one_a_step"
        ),
    ),
    Mutant(  # the fit leaves out both prompts and what was heard
        "papers/staircase/simulate/predict.py",
        "rows.plain_ttft - 2 * rows.single_ttft - heard",
        "rows.plain_ttft",
        (
            "tests/papers/staircase/test_predicted.py"
            "::test_the_plain_form_of_what_was_fitted_gives_the_rows_it_was_fitted_on"
            "[Assumed(draft_length=1.0, later_chunk=16, prompt_token=0.0, proposers=3)]"
        ),
    ),
    Mutant(  # a torn line takes the one before with it
        "store/files.py",
        "        for line in handle:\n            if line.endswith",
        (
            "        lines = list(handle)\n"
            '        torn = bool(lines) and not lines[-1].endswith(b"\\n")\n'
            "        for line in lines[:-2] if torn else lines:\n            if line.endswith"
        ),
        (
            "tests/unit/store/test_files.py"
            "::test_a_torn_last_line_is_dropped_and_the_next_record_starts_a_line[1]"
        ),
    ),
    Mutant(  # a torn line is cut off with the one before
        "store/files.py",
        "        self._handle.truncate(end)",
        (
            "        self._handle.seek(0)\n"
            "        content = self._handle.read()\n"
            "        torn = end < len(content)\n"
            '        self._handle.truncate(content.rfind(b"\\n", 0, max(end - 1, 0)) + 1 if'
            " torn else end)"
        ),
        (
            "tests/unit/store/test_files.py"
            "::test_a_torn_last_line_is_dropped_and_the_next_record_starts_a_line[1]"
        ),
    ),
    Mutant(  # what an operation gives is not looked at
        "papers/backtracking/traces/countdown.py",
        "if apply(move.left, move.operator, move.right) != move.value:",
        "if False:",
        (
            "tests/papers/backtracking/test_mutations.py"
            "::test_a_digit_changed_in_the_text_is_seen[countdown]"
        ),
    ),
    Mutant(  # an answer can be reached from what is given up
        "papers/backtracking/traces/replay.py",
        "if not self.puzzle.dead(self.states[to + 1]):",
        "if False:",
        (
            "tests/papers/backtracking/test_given_up.py"
            "::test_a_state_that_the_answer_can_be_reached_from_is_not_given_up[countdown]"
        ),
    ),
    Mutant(  # a return into a dead end
        "papers/backtracking/traces/replay.py",
        "if self.puzzle.dead(self.states[to]):",
        "if False:",
        (
            "tests/papers/backtracking/test_given_up.py::test_a_return_into_a_dead_end_is_refused[arc_1d]"
        ),
    ),
    Mutant(  # the mask begins a token early
        "train/post_training/encoded.py",
        "(*(0 for _ in prompt), *(1 for _ in rest))",
        "(*(0 for _ in prompt[1:]), 1, *(1 for _ in rest))",
        "tests/training/test_audit_before.py::test_the_mask_is_on_the_answer_and_its_end",
    ),
    Mutant(  # the question is learned too
        "train/examples.py",
        '"labels": [IGNORED] * len(prompt_ids) + ids[len(prompt_ids) :]}',
        '"labels": list(ids)}',
        ("tests/unit/train/test_examples.py::test_the_mask_covers_the_prompt_and_nothing_else"),
    ),
    Mutant(  # no reward for the form
        "data/tasks/rewards.py",
        "_FORM = 0.1",
        "_FORM = 0.0",
        ("tests/unit/train/test_puzzle_rewards.py::test_right_wrong_and_formless[countdown]"),
    ),
    Mutant(  # rewards scaled by the batch
        "train/course/job.py",
        "settings = {**job.settings, **(more or {})}",
        'settings = {**job.settings, **(more or {}), "scale_rewards": "batch"}',
        "tests/training/test_rollouts.py::test_the_advantage_of_grpo_by_hand",
    ),
    Mutant(  # half of the advantage
        "train/post_training/reward_func.py",
        "advantage=advantage,",
        "advantage=advantage / 2,",
        "tests/training/test_rollouts.py::test_the_advantage_of_grpo_by_hand",
    ),
    Mutant(  # all seeds have one key
        "stages/requests.py",
        '        "seed": arm.seed,\n',
        "",
        (
            "tests/unit/graph/test_identities.py"
            "::test_what_an_answer_depends_on_is_in_its_identity[decode-seed]"
        ),
    ),
    Mutant(  # one latency for all questions and seeds
        "stages/latency.py",
        '"asked": {name: _asked_identity(arm) for name, arm in timed.items()},',
        "",
        (
            "tests/unit/graph/test_identities.py"
            "::test_what_an_answer_depends_on_is_in_its_identity[ensemble_latency-seed]"
        ),
    ),
    Mutant(  # a number that is not there is used
        "papers/backtracking/traces/countdown.py",
        "        _take(left, move.right)\n",
        ("        if move.right in left:\n            _take(left, move.right)\n"),
        (
            "tests/papers/backtracking/test_countdown_steps.py"
            "::test_a_number_that_is_not_there_or_used_up_is_refused"
        ),
    ),
    Mutant(  # only the interval is of unpaired items
        "stats/paired.py",
        "columns = cluster_sums(gaps, clusters)",
        (
            "columns = cluster_sums(\n"
            '        finite_vector(first, "first") - np.sort(finite_vector(second,'
            ' "second")), clusters\n'
            "    )"
        ),
        "tests/unit/stats/test_bootstrap.py::test_pairing_removes_what_the_arms_share",
    ),
    Mutant(  # an interval of items alone
        "stats/mean_squares.py",
        "return tuple(self._error(*one) for one in (of_items, of_seeds, both))",
        "return (self._error(*of_items),)",
        "tests/unit/stats/test_fieller.py::test_seeds_that_disagree_widen_it",
    ),
    Mutant(  # clusters are drawn item by item in a report
        "report/difference.py",
        "return as_span(paired_difference(gaps, [0.0] * len(gaps), labels).difference)",
        "return as_span(paired_difference(gaps, [0.0] * len(gaps)).difference)",
        (
            "tests/unit/report/test_measure.py"
            "::test_items_that_only_say_again_what_their_cluster_said_narrow_nothing"
        ),
    ),
    Mutant(  # an audit that failed takes no arm away
        "report/verdict/evidence.py",
        (
            "    failed = {name: text for name, files in found.arms.items() if (text :="
            " _failure(files))}\n"
        ),
        "    failed: dict[str, str] = {}\n",
        "tests/unit/report/test_verdicts.py::test_a_failed_audit_withholds[fsd]",
    ),
    Mutant(  # a correlation with the noise of its measurement
        "report/training/disattenuation.py",
        "true = observed - noise.covariance",
        "true = observed",
        "tests/unit/report/test_disattenuation.py::test_it_decides_where_arms_differ",
    ),
    Mutant(  # an excursion is made twice
        "papers/backtracking/traces/replay.py",
        "if excursion in self.given_up:",
        "if False:",
        (
            "tests/papers/backtracking/test_given_up.py"
            "::test_an_excursion_that_was_given_up_is_not_made_again[arc_1d]"
        ),
    ),
    Mutant(  # a backtrack more than asked
        "papers/backtracking/traces/replay.py",
        "if k is not None and walk.backtracks != k:",
        "if k is not None and walk.backtracks not in (k, k + 1):",
        (
            "tests/papers/backtracking/test_given_up.py"
            "::test_a_trace_has_as_many_backtracks_as_asked_not_one_more_or_less[arc_1d]"
        ),
    ),
    Mutant(  # equivalence with half of its error rate
        "stats/tost.py",
        "found = two_level(table, 1 - 2 * alpha)",
        "found = two_level(table, 1 - alpha)",
        "tests/unit/stats/test_two_level.py::test_decision_and_interval_and_p_agree",
    ),
    Mutant(  # equivalence of one seed with half of its error rate
        "stats/tost.py",
        "interval = paired_score_interval(*counts, 1 - 2 * alpha)",
        "interval = paired_score_interval(*counts, 1 - alpha)",
        (
            "tests/unit/stats/test_two_level.py"
            "::test_means_over_seeds_of_right_and_wrong_are_no_counts"
        ),
    ),
    Mutant(  # a ratio the wrong way up
        "stats/rates.py",
        "np.array([1.0, -1.0, -1.0, 1.0])",
        "np.array([1.0, -1.0, 1.0, -1.0])",
        "tests/unit/stats/test_rates.py::test_the_ratio_is_the_quotient_of_the_rates",
    ),
    Mutant(  # a stall from the request on
        "serve/metrics.py",
        ".observe(now - last)",
        ".observe(now - began)",
        (
            "tests/unit/serve/test_server_times.py"
            "::test_a_first_token_is_timed_from_the_request_and_each_further_one_from_the_las"
            "t"
        ),
    ),
]
