"""Faults that a seeded draw found among all one-operator changes; see :mod:`draw`."""

from mutant import Mutant

DRAWN = [
    # simulator
    Mutant(
        "papers/staircase/simulate/server_model.py",
        ("return self.dice.lognormvariate(-self.speed.variance / 2, self.speed.variance**0.5)"),
        ("return self.dice.lognormvariate((self.speed.variance) / 2, self.speed.variance**0.5)"),
        (
            "tests/papers/staircase/test_prompt_costs.py::test_luck_keeps_the_mean_and_has_the_variance"
        ),
    ),
    Mutant(
        "papers/staircase/simulate/model.py",
        "if place > 1:",
        "if place >= 1:",
        (
            "tests/papers/staircase/test_explored.py"
            "::test_shorter_chunks_later_compute_more_prompts_again_and_stall_less"
        ),
    ),
    Mutant(
        "papers/staircase/simulate/model.py",
        "return min(shared, len(prompt) - 1) // BLOCK * BLOCK",
        "return max(shared, len(prompt) - 1) // BLOCK * BLOCK",
        (
            "tests/papers/staircase/test_explored.py"
            "::test_a_first_token_after_whole_drafts_takes_their_length_and_after_chunks_the_"
            "chunks"
        ),
    ),
    # traces
    Mutant(
        "papers/backtracking/traces/arc_blocks.py",
        "row = list(on) or [0] * size",
        "row = list(on) or [0] / size",
        (
            "tests/papers/backtracking/test_arc_rules.py"
            "::test_a_rule_gives_the_examples[block_touch_dot_1pix]"
        ),
    ),
    Mutant(
        "papers/backtracking/traces/replay.py",
        "self.stuck = True",
        "self.stuck = False",
        (
            "tests/papers/backtracking/test_dead_ends.py"
            "::test_what_a_trace_gives_up_is_dead_for_every_chain[False]"
        ),
    ),
    Mutant(
        "papers/backtracking/traces/arc_moves.py",
        "if len(found) < 2 or len({run.colour for run in found}) != 1:",
        "if len(found) < 2 and len({run.colour for run in found}) != 1:",
        (
            "tests/papers/backtracking/test_arc_rules.py"
            "::test_a_rule_is_for_rows_that_have_what_it_moves_and_no_others"
            "[sort_blocks-row1-None]"
        ),
    ),
    Mutant(
        "papers/backtracking/traces/wording.py",
        "return [*map(self._event, lines), Conclude(_inside(rest[: -len(ANSWERED)]))]",
        "return [*map(self._event, lines), Conclude(_inside(rest[: (len(ANSWERED))]))]",
        (
            "tests/papers/backtracking/test_observe.py::test_a_trace_is_observed_as_what_it_is[True-arc_1d]"
        ),
    ),
    # rewards
    Mutant(
        "scoring/number.py",
        "return found[-1].value if found else None",
        "return found[-1].value if not (found) else None",
        "tests/unit/scoring/test_gsm.py::test_readings[no mark]",
    ),
    Mutant(
        "data/tasks/rewards.py",
        '"correct": 1.0 - _FORM if right else 0.0,',
        '"correct": 2.0 - _FORM if right else 0.0,',
        ("tests/unit/train/test_puzzle_rewards.py::test_right_wrong_and_formless[countdown]"),
    ),
    Mutant(
        "data/tasks/tags.py",
        "if begin > end or not text[begin:end].strip() or first < end or first > last:",
        "if begin > end or (text[begin:end].strip()) or first < end or first > last:",
        (
            "tests/unit/scoring/test_puzzle_verifiers.py"
            "::test_the_scorer_parts_form_and_answer"
            "[<think>x</think><answer>4 + 3</answer>-q-3 + 4-True-True]"
        ),
    ),
    Mutant(
        "data/tasks/arithmetic.py",
        "if len(text) > _LONGEST or not _ALLOWED.fullmatch(text) or _BIG.search(text):",
        "if len(text) > _LONGEST or not _ALLOWED.fullmatch(text) and _BIG.search(text):",
        (
            "tests/unit/scoring/test_puzzle_verifiers.py"
            "::test_what_python_reads_and_the_task_does_not_is_no_expression[0x10]"
        ),
    ),
    Mutant(
        "data/tasks/verifiers.py",
        ("if not words or not all(re.fullmatch(_INT, one) and len(one) < 20 for one in words):"),
        ("if not words or not all(re.fullmatch(_INT, one) and len(one) < 21 for one in words):"),
        (
            "tests/unit/scoring/test_puzzle_verifiers.py"
            "::test_a_verifier[self_reference-00000000000000000003-3-False]"
        ),
    ),
    # masks
    Mutant(
        "train/post_training/rows.py",
        'settings = data or DataSpec(kind="")',
        'settings = data and DataSpec(kind="")',
        ("tests/training/test_audit_before.py::test_overlap_is_refused_before_a_model_loads"),
    ),
    Mutant(
        "train/post_training/rows.py",
        "if not isinstance(found, str):",
        "if (isinstance(found, str)):",
        "tests/training/test_audit_before.py::test_the_mask_is_on_the_answer_and_its_end",
    ),
    Mutant(
        "train/post_training/encoded.py",
        ("prompt, rest = encode_prompts(tokenizer, [row.prompt])[0], _ended(tokenizer, answer)"),
        ("prompt, rest = encode_prompts(tokenizer, [row.prompt])[1], _ended(tokenizer, answer)"),
        "tests/training/test_audit_before.py::test_a_plain_prompt_is_sent_as_it_is",
    ),
    Mutant(
        "train/examples.py",
        'longest = max(len(example["input_ids"]) for example in examples)',
        'longest = min(len(example["input_ids"]) for example in examples)',
        ("tests/unit/train/test_examples.py::test_a_batch_is_padded_on_the_right_without_loss"),
    ),
    # cache keys
    Mutant(
        "graph/graph.py",
        'yield (f"{need}/{of_arm}" if arm is None and of_arm else need), found',
        'yield (f"{need}/{of_arm}" if arm is None or of_arm else need), found',
        ("tests/unit/graph/test_graph.py::test_a_setting_that_is_off_changes_no_fingerprint[off0]"),
    ),
    Mutant(
        "store/fingerprint.py",
        "text = json.dumps(_stable(value, ()), sort_keys=True, ensure_ascii=False)",
        "text = json.dumps(_stable(value, ()), sort_keys=False, ensure_ascii=False)",
        ("tests/unit/graph/test_graph.py::test_a_setting_that_is_off_changes_no_fingerprint[off0]"),
    ),
    Mutant(
        "engines/size.py",
        "return _stage(rest, stages or {})",
        "return _stage(stages or {}, rest)",
        (
            "tests/unit/engines/test_locate.py"
            "::test_a_name_is_of_the_zoo_of_a_stage_of_a_folder_or_of_the_hub"
        ),
    ),
    Mutant(
        "engines/size.py",
        'if kind == "zoo":',
        'if kind != "zoo":',
        (
            "tests/unit/graph/test_identities.py"
            "::test_every_file_that_decides_an_output_is_in_the_identity"
            "[generation_config.json]"
        ),
    ),
    # kernels
    Mutant(
        "kernels/plan.py",
        '"TEMPERED": self.scale != 1.0 or edged,',
        '"TEMPERED": self.scale != 1.0 and edged,',
        "tests/unit/kernels/test_kernels.py::test_kernels_through_the_interpreter",
    ),
    Mutant(
        "kernels/plan.py",
        "return -(-self.vocab // self.tile)",
        "return -(-self.vocab * self.tile)",
        "tests/unit/kernels/test_kernels.py::test_kernels_through_the_interpreter",
    ),
    Mutant(
        "kernels/reference.py",
        "return 0.5 * (p.exp() - q.exp()).abs().sum(-1)",
        "return 1.0 * (p.exp() - q.exp()).abs().sum(-1)",
        (
            "tests/unit/kernels/test_kernels.py"
            "::test_reference_is_the_textbook[speculative-0.0-False]"
        ),
    ),
    # serve
    Mutant(
        "serve/app.py",
        'Route("/v1/chat/completions", self.chat, methods=["POST"]),',
        'Route(self.chat, "/v1/chat/completions", methods=["POST"]),',
        "tests/unit/serve/test_serving.py::test_a_whole_answer",
    ),
    Mutant(
        "serve/metrics.py",
        "_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)",
        "_SECONDS = (0.01, 0.025, 0.1, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)",
        (
            "tests/unit/serve/test_server_times.py"
            "::test_bounds_rise_from_a_hundredth_to_minutes_and_no_gap_is_wide"
            "[llmx_ttft_seconds]"
        ),
    ),
    Mutant(
        "serve/reply.py",
        'return self.event({}, self.finish) + usage + "data: [DONE]\\n\\n"',
        'return self.event({}, self.finish) - usage + "data: [DONE]\\n\\n"',
        "tests/unit/serve/test_serving.py::test_a_streamed_answer",
    ),
    Mutant(
        "serve/chat.py",
        'if self.messages[-1].role != "user":',
        'if not (self.messages[-1].role != "user"):',
        "tests/unit/serve/test_serving.py::test_a_whole_answer",
    ),
    # ensembles
    Mutant(
        "dialogue/timing.py",
        (
            'shown = [one for one in events if one.who == ANSWER and one.what == "piece" and'
            " one.tokens]"
        ),
        (
            'shown = [one for one in events if one.who != ANSWER and one.what == "piece" and'
            " one.tokens]"
        ),
        (
            "tests/unit/dialogue/test_conversing.py"
            "::test_the_first_token_waits_for_first_chunks_alone"
        ),
    ),
    Mutant(
        "dialogue/layout.py",
        "rounds = _by_round(heard, 0, len(heard.rounds))",
        "rounds = _by_round(0, heard, len(heard.rounds))",
        (
            "tests/unit/dialogue/test_conversing.py"
            "::test_everything_is_said_once_and_in_order[moa-plain-L1b]"
        ),
    ),
    Mutant(
        "dialogue/waiting.py",
        "if len(errors) == len(drafts):",
        "if errors:",
        ("tests/unit/dialogue/test_conversing.py::test_a_source_that_fails_is_left_out[plain]"),
    ),
    Mutant(
        "dialogue/redundancy.py",
        "return sum(gram in known for gram in new) / len(new) if new else 0.0",
        "return sum(gram in known for gram in new) / len(new) if new else 1.0",
        "tests/unit/dialogue/test_figures.py::test_repetition_by_n_grams",
    ),
    # timing
    Mutant(
        "stages/stand.py",
        "cast = open_cast(ensemble_of(asked), asked.engine, inputs)",
        "cast = open_cast(asked.engine, ensemble_of(asked), inputs)",
        (
            "tests/unit/graph/test_latency_stand.py"
            "::test_a_stand_has_the_arms_engine_inputs_and_words_and_so_many_tokens[hf]"
        ),
    ),
    Mutant(
        "report/timing.py",
        ("rounds = common_rounds(table, arm, base)\n    if not rounds:"),
        ("rounds = common_rounds(table, arm, base)\n    if (rounds):"),
        "tests/unit/report/test_compare.py::test_flips_by_hand",
    ),
    Mutant(
        "stages/latency.py",
        "timing: ClassVar[bool] = True",
        "timing: ClassVar[bool] = False",
        (
            "tests/unit/graph/test_graph.py"
            "::test_measurements_and_what_follows_them_are_not_shared[ensemble_latency]"
        ),
    ),
    Mutant(
        "dialogue/timing.py",
        "per_token=(last - first) / (tokens - 1) if tokens > 1 else 0.0,",
        "per_token=(last - first) / (tokens - 1) if tokens > 1 else 1.0,",
        (
            "tests/unit/dialogue/test_figures.py"
            "::test_an_answer_of_one_token_has_no_time_a_token_and_no_stall"
        ),
    ),
    # decoding
    Mutant(
        "decoding/api.py",
        "while not self.rows.done.all():",
        "while not self.rows.done.any():",
        (
            "tests/papers/fsd/test_decode_calibrate.py"
            "::test_share_never_falls_as_the_threshold_rises[research]"
        ),
    ),
    Mutant(
        "papers/fsd/calibrate.py",
        "return min(pairs, key=lambda pair: abs(pair[1] - share))",
        "return min(pairs, key=lambda pair: (pair[1] - share))",
        ("tests/papers/fsd/test_decode_calibrate.py::test_solved_threshold_gives_the_share[0.1]"),
    ),
    Mutant(
        "papers/fsd/replay.py",
        "empty = np.zeros((0, gamma))",
        "empty = np.zeros((1, gamma))",
        (
            "tests/papers/fsd/test_decode_calibrate.py"
            "::test_share_never_falls_as_the_threshold_rises[research]"
        ),
    ),
    Mutant(
        "decoding/block_model.py",
        "d, chance, p, q, lead, *aside = np.full((7, rows, width), np.nan, np.float32)",
        "d, chance, p, q, lead, *aside = np.full(np.nan, (7, rows, width), np.float32)",
        (
            "tests/unit/decoding/test_alone_or_beside.py"
            "::test_slots_order_and_neighbours_change_no_answer"
        ),
    ),
    # statistics
    Mutant(
        "stats/fieller.py",
        (
            "step = paired_two_level(one, estimate * other, level).reach /"
            " abs(below.interval.estimate)"
        ),
        ("step = paired_two_level(one, estimate * other, level).reach / (below.interval.estimate)"),
        (
            "tests/unit/stats/test_fieller.py"
            "::test_the_signs_of_both_means_turn_the_interval_round_and_widen_nothing[0]"
        ),
    ),
    Mutant(
        "stats/crossed.py",
        "reach = max(error.reach(level) for error in errors)",
        "reach = min(error.reach(level) for error in errors)",
        (
            "tests/unit/stats/test_fieller.py"
            "::test_it_ends_where_the_p_value_falls_below_one_minus_the_level"
        ),
    ),
    Mutant(
        "stats/power.py",
        "if not 0 < discordant_rate <= 1 or abs(difference) > discordant_rate:",
        "if not 0 < discordant_rate <= 2 or abs(difference) > discordant_rate:",
        (
            "tests/unit/stats/test_power.py"
            "::test_a_difference_beyond_its_discordant_pairs_is_refused[1.5-0.1]"
        ),
    ),
    Mutant(
        "stats/rates.py",
        "if len(columns) < FEW_ROUNDS:",
        "if not (len(columns) < FEW_ROUNDS):",
        "tests/unit/stats/test_rates.py::test_the_ratio_is_the_quotient_of_the_rates",
    ),
    # advantages
    Mutant(
        "train/post_training/reward_func.py",
        "return [self._function(name, last=name == names[-1]) for name in names]",
        "return [self._function(name, last=name != names[-1]) for name in names]",
        "tests/training/test_rollouts.py::test_a_rollout_is_complete",
    ),
    Mutant(
        "train/post_training/reward_func.py",
        "log(_PARTS, [json.dumps(parts) for parts in joined])",
        "log([json.dumps(parts) for parts in joined], _PARTS)",
        "tests/training/test_rollouts.py::test_a_rollout_is_complete",
    ),
    Mutant(
        "train/post_training/rollouts.py",
        "if not path.exists():",
        "if (path.exists()):",
        "tests/training/test_rollouts.py::test_cutting_back_keeps_what_came_before",
    ),
    Mutant(
        "train/post_training/reward_func.py",
        "if last:",
        "if not (last):",
        "tests/training/test_rollouts.py::test_a_rollout_is_complete",
    ),
    # verdicts
    Mutant(
        "report/verdict/gap.py",
        (
            "return (span.high - span.low) / 2 * (1 + normal_quantile(0.8) /"
            " two_sided_z(span.level))"
        ),
        (
            "return (span.high - span.low) / 2 / (1 + normal_quantile(0.8) /"
            " two_sided_z(span.level))"
        ),
        (
            "tests/unit/report/test_testable.py"
            "::test_where_no_difference_is_shown_the_one_that_would_be_is_named"
            "[more_accurate]"
        ),
    ),
    Mutant(
        "papers/fsd/verdicts/transfer.py",
        "worst = max(off, key=lambda row: abs(row.span.estimate - _asked(row)))",
        "worst = max(off, key=lambda row: (row.span.estimate - _asked(row)))",
        (
            "tests/unit/report/test_verdict_rules.py"
            "::test_the_furthest_share_is_named_above_or_below"
        ),
    ),
    Mutant(
        "papers/fsd/verdicts/transfer.py",
        "return 0.0",
        "return 1.0",
        (
            "tests/unit/report/test_verdict_rules.py"
            "::test_a_share_whose_interval_holds_what_was_asked_is_not_away"
            "[0.6-not shown here]"
        ),
    ),
    Mutant(
        "report/verdict/run_test.py",
        ('reason = f"The audit failed: {audits}." if lost else f"The run leaves out {missing}."'),
        (
            'reason = f"The audit failed: {audits}." if not (lost) else f"The run leaves out'
            ' {missing}."'
        ),
        "tests/unit/report/test_verdicts.py::test_a_failed_audit_withholds[fsd]",
    ),
    Mutant(
        "report/verdict/testable.py",
        "return arm.span.above(0) or arm.span.below(0)",
        "return arm.span.above(0) and arm.span.below(0)",
        (
            "tests/unit/report/test_testable.py"
            "::test_a_correlation_says_something_only_where_training_moved_an_arm"
            "[gains0-contradicted here]"
        ),
    ),
    Mutant(
        "report/difference.py",
        'metric.aggregate == "mean" and table.seeds == 1',
        'metric.aggregate == "mean" and table.seeds == 2',
        (
            "tests/unit/report/test_seeds.py"
            "::test_pooled_rows_count_every_seed_and_pair_by_item_and_seed"
        ),
    ),
    # resume
    Mutant(
        "store/files.py",
        "if not path.exists():",
        "if (path.exists()):",
        "tests/unit/store/test_files.py::test_json_and_lines_come_back",
    ),
    Mutant(
        "graph/parts.py",
        "self.bar.advance(max(there - self.shown, 0))",
        "self.bar.advance(min(there - self.shown, 0))",
        (
            "tests/unit/graph/test_parts_progress.py"
            "::test_a_part_that_another_did_meanwhile_is_counted_once"
        ),
    ),
    Mutant(
        "graph/parts.py",
        "if self.shown is None:",
        "if self.shown is not None:",
        "tests/unit/graph/test_parts_progress.py::test_one_bar_shows_the_parts_as_one_stage",
    ),
]
