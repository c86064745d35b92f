"""Faults in the rules that make a word, and in who is paired with whom."""

from mutant import Mutant

RULES = "tests/unit/report/test_verdict_rules.py"
SEEDS = "tests/unit/report/test_verdict_seeds.py"
FAMILY = "tests/unit/report/test_verdict_family.py"
TRAINED = "tests/unit/graph/test_trained_arms.py"
GAP = "report/verdict/gap.py"
DECIDE = "report/verdict/decide.py"
TABLE = "report/paired_table.py"
BOTH = "papers/fsd/verdicts/non_inferior.py"

_PAIRED = "tests/unit/report/test_measure.py::test_the_difference_pairs_by_id_and_not_by_order"
_SEVERAL = f"{RULES}::test_what_one_comparison_decides_several_do_not"
_TWIN = f"{SEEDS}::test_the_same_answers_are_shown_of_a_sampler_and_not_of_trainings"
_LONE = f"{SEEDS}::test_one_seed_of_a_training_is_never_shown_or_contradicted"
_SPEED = f"{RULES}::test_a_speed_that_one_arm_shows_is_not_shown_among_several"

VERDICT = [
    Mutant(  # the interval is not asked
        GAP,
        "beyond = self.span.above(0) if side > 0",
        "beyond = self.span.estimate > 0 if side > 0",
        f"{RULES}::test_a_small_p_value_decides_nothing_while_the_interval_holds_zero",
    ),
    Mutant(
        GAP,
        "if side > 0 else self.span.below(0)",
        "if side > 0 else self.span.estimate < 0",
        f"{RULES}::test_a_small_p_value_decides_nothing_while_the_interval_holds_zero",
    ),
    Mutant(  # the p value is not asked
        GAP,
        "Support(self.p <= LEVEL and beyond, self.p, self.table.lone)",
        "Support(beyond, self.p, self.table.lone)",
        f"{RULES}::test_an_interval_without_zero_decides_nothing_while_p_is_large",
    ),
    Mutant(  # faster by the estimate
        BOTH,
        "return speed.p if speed.span.estimate > 1 else 1.0",
        "return 0.0 if speed.span.estimate > 1 else 1.0",
        f"{RULES}::test_faster_is_what_the_whole_interval_says_and_not_the_estimate",
    ),
    Mutant(  # Holm out of every accuracy verdict
        GAP,
        "holm([gap_p(table, of, clustered) for _, _, table in there])",
        "[gap_p(table, of, clustered) for _, _, table in there]",
        _SEVERAL,
    ),
    Mutant(  # problems by their place in the file
        TABLE,
        "[[value(run.scores[name]) for run in runs] for name in self.ids]",
        "[[value([*run.scores.values()][at]) for run in runs] for at in range(len(self.ids))]",
        _PAIRED,
    ),
    Mutant(  # seeds by their place
        "report/verdict/steadier.py",
        "[mine[seed] - base[seed] for seed in mine if seed in base]",
        "[a - b for a, b in zip(mine.values(), base.values(), strict=False)]",
        "tests/unit/report/test_training_verdicts.py"
        "::test_seeds_are_paired_by_name_and_missing_ones_left_out",
    ),
    Mutant(
        TABLE,
        "    return tuple(found[seed] for seed in seeds)",
        "    return tuple(found.values())[: len(seeds)]",
        "tests/unit/report/test_seeds.py"
        "::test_seeds_are_paired_by_their_names_and_one_without_a_partner_is_left_out",
    ),
    Mutant(  # Detectable of several seeds halved
        "report/difference.py",
        "detectable=detectable(span),",
        "detectable=detectable(span) / 2,",
        f"{SEEDS}::test_what_three_seeds_would_find_is_as_wide_as_their_interval",
    ),
    Mutant(  # accepted over drafted tokens
        "report/verdict/evidence.py",
        "emitted = sum(score.tokens for score in scores)",
        "emitted = sum(score.drafted for score in scores)",
        f"{RULES}::test_a_draft_share_is_of_emitted_tokens",
    ),
    Mutant(  # seeds of trainings do not count
        TABLE,
        "values if table.trained and table.seeds > 1 else values.mean(1)",
        "values.mean(1)",
        _TWIN,
    ),
    Mutant(  # seeds of a sampler count as models
        TABLE,
        "values if table.trained and table.seeds > 1 else values.mean(1)",
        "values if table.seeds > 1 else values.mean(1)",
        _TWIN,
    ),
    Mutant(  # the p value alone knows nothing of seeds
        GAP,
        "    if found.ndim == 2:\n        return two_level(found, clusters=clusters).p_value()\n",
        "    found = found.mean(1) if found.ndim == 2 else found\n",
        _TWIN,
    ),
    Mutant(  # a pair is of trainings only if both arms are
        TABLE,
        "self.first.trained or self.second.trained",
        "self.first.trained and self.second.trained",
        f"{SEEDS}::test_a_pair_is_of_trainings_if_either_arm_is",
    ),
    Mutant(  # one seed of a training decides
        TABLE,
        "return self.trained and self.seeds == 1",
        "return self.trained and self.seeds == 0",
        _LONE,
    ),
    Mutant(
        DECIDE,
        "        if half.sure and not half.lone:\n",
        "        if half.sure:\n",
        f"{RULES}::test_a_word_is_decisive_only_if_it_is_sure_and_not_of_one_seed",
    ),
    Mutant(
        DECIDE,
        "sure=all(one.sure for one in found)",
        "sure=any(one.sure for one in found)",
        f"{RULES}::test_all_of_several_are_as_sure_as_the_least",
    ),
    Mutant(  # one seed hides what several say of another arm
        DECIDE,
        "min(firm or sure, key",
        "min(sure, key",
        f"{RULES}::test_one_of_several_is_as_sure_as_the_best_that_is_not_of_one_seed",
    ),
    Mutant(  # one seed narrows the range of the best
        "papers/backtracking/verdicts/optimum.py",
        "if not beaten[name].sure or beaten[name].lone]",
        "if not beaten[name].sure]",
        f"{SEEDS}::test_the_range_of_the_best_is_not_narrowed_by_one_seed",
    ),
    Mutant(  # a 90 % interval without 0 contradicts
        "report/verdict/equivalence.py",
        "found.interval.above(found.margin) or found.interval.below(-found.margin)",
        "found.interval.above(0) or found.interval.below(0)",
        f"{RULES}::test_a_difference_contradicts_only_beyond_the_margin",
    ),
    Mutant(
        "report/verdict/equivalence.py",
        "found.interval.above(found.margin) or found.interval.below(-found.margin)",
        "found.interval.below(-found.margin)",
        f"{RULES}::test_a_difference_contradicts_only_beyond_the_margin",
    ),
    Mutant(
        "report/verdict/equivalence.py",
        "Support(beyond, 1 - found.p_equivalent, lone)",
        "Support(beyond, found.p_equivalent, lone)",
        f"{RULES}::test_a_difference_contradicts_only_beyond_the_margin",
    ),
    Mutant(BOTH, "        holm(slow),\n", "        slow,\n", _SPEED),
    Mutant(  # accuracy of one arm and speed of another
        BOTH,
        "max(pair) for pair in zip(equal, slow, strict=True)",
        "min(pair) for pair in zip(equal, slow, strict=True)",
        f"{RULES}::test_the_p_value_of_an_arm_that_passes_is_that_of_its_weakest_test",
    ),
    Mutant(
        BOTH,
        "return Support(self.p_both <= LEVEL, self.p_both, lone)",
        "return Support(self.faster, self.p_both, lone)",
        f"{RULES}::test_an_arm_has_to_pass_accuracy_and_speed_itself",
    ),
    Mutant(
        BOTH,
        "return speed.p if speed.span.estimate > 1 else 1.0",
        "return speed.p",
        f"{RULES}::test_an_arm_that_is_surely_slower_is_one_comparison_more_all_the_same",
    ),
    Mutant(
        "report/verdict/length.py",
        "holm([one.p for one in ratios])",
        "[one.p for one in ratios]",
        f"{RULES}::test_an_answer_that_one_arm_lengthens_is_not_shown_among_several",
    ),
    Mutant(
        "report/paired_table.py",
        "if counted(table, first).ndim == 1:",
        "if first.ndim == 2:",
        f"{SEEDS}::test_lengths_of_trainings_count_seeds",
    ),
    Mutant(
        "report/verdict/over_rounds.py",
        "holm([_p(one, aim) for one in there])",
        "[_p(one, aim) for one in there]",
        f"{RULES}::test_a_cut_that_one_arm_shows_is_not_shown_among_several",
    ),
    Mutant(  # the p value of any cut at all
        "report/figures/p_at.py",
        "return p_beyond(at, 1 - value if basis.saved else value)",
        "return p_beyond(at, 1.0 if basis.saved else value)",
        f"{RULES}::test_a_cut_that_one_arm_shows_is_not_shown_among_several",
    ),
    Mutant(
        "papers/fsd/verdicts/transfer.py",
        "holm([_p(row, tolerance) for row in rows])",
        "[_p(row, tolerance) for row in rows]",
        f"{RULES}::test_a_threshold_that_moves_among_several_needs_more",
    ),
    Mutant(
        "report/figures/p_at.py",
        "first - 2 * share * both + share**2 * second",
        "first + share**2 * second",
        f"{RULES}::test_the_p_value_of_a_share_is_students_of_what_is_missing",
    ),
    Mutant(  # a finding that decides nothing was not tried
        "report/verdict/decide.py",
        '(*DECISIVE, "not shown here", "indicative")',
        '(*DECISIVE, "indicative")',
        f"{FAMILY}::test_every_tested_finding_counts_and_no_other_does",
    ),
    Mutant(
        "report/verdict/decide.py",
        "holm([1.0 if p is None else p for p in known])",
        "[1.0 if p is None else p for p in known]",
        f"{FAMILY}::test_every_tested_finding_counts_and_no_other_does",
    ),
    Mutant(  # each run of a page by itself
        "claims/reproduce/page.py",
        "    return _over_all(found)\n",
        "    return tuple(found)\n",
        f"{FAMILY}::test_a_page_counts_the_findings_of_all_of_its_runs",
    ),
    Mutant(  # problems of the arms, whatever was measured
        "report/verdict/model.py",
        "min((n for number in numbers if (n := getattr(number, what))), default=0)",
        "max((n for number in numbers if (n := getattr(number, what))), default=0)",
        f"{RULES}::test_a_verdict_says_what_it_was_measured_on",
    ),
    Mutant(
        "claims/reproduce/grows.py",
        "len(steps) * _missed(one, other))",
        "_missed(one, other))",
        "tests/unit/report/test_reproduce_trainings.py"
        "::test_one_step_that_falls_contradicts_at_a_price_for_each_step",
    ),
    Mutant(  # a model that is shared by all arms
        "core/spec.py",
        'return not one_run or stage is None or stage.over == "arm"',
        "return not one_run or stage is None or bool(stage.over)",
        f"{TRAINED}::test_a_model_of_a_stage_over_arms_is_trained_for_the_arm",
    ),
    Mutant(
        "core/spec.py",
        'return not one_run or stage is None or stage.over == "arm"',
        'return stage is None or stage.over == "arm"',
        f"{TRAINED}::test_each_arm_is_judged_by_its_own_model",
    ),
    Mutant(  # voices of an ensemble are forgotten
        "core/spec.py",
        "(spec.used_model, *(voice.model for voice in voices))",
        "(spec.used_model,)",
        f"{TRAINED}::test_a_model_of_a_stage_over_arms_is_trained_for_the_arm",
    ),
]
