"""Faults in the report on trainings in planned batches, and in the verdicts that rest on it."""

from mutant import Mutant

_P = "papers/b3/report/"
POINTS, READ, MEETING, CONTRASTS, FIGURES, ROOM, SAID, PLANS, WRITTEN = (
    f"{_P}{name}.py"
    for name in (
        *("points", "read", "meeting", "contrasts", "figures", "room", "said", "plans", "written"),
    )
)
TABLES, STAGE = f"{_P}tables.py", "papers/b3/stages/retrieval_report.py"
_V = "papers/b3/verdicts/"
BATCH, CHEAP, BESIDE, GAIN, INSIDE = (
    f"{_V}{name}.py"
    for name in ("batch_equivalence", "cheaper", "beside", "greater_gain", "optimum_inside")
)
SHARED, SAME, SCHEMA, RUN_TEST = (
    f"report/verdict/{name}.py" for name in ("gap", "equivalence", "schema", "run_test")
)
CROSSED = "stats/crossed.py"
_W = "tests/papers/b3/test_retrieval_verdicts.py::"
_R = "tests/papers/b3/test_retrieval_report.py::"
_TRUTH = f"{_W}test_ratios_and_batches_of_equal_quality_hold_the_truth"
_WORTH = f"{_W}test_a_mined_batch_is_worth_a_larger_random_one"
_WORSE = f"{_W}test_a_mined_batch_that_is_worse_is_contradicted_and_one_beyond_all_is_said_so"
_BY_COST = f"{_W}test_what_is_cheaper_by_samples_may_not_be_by_seconds"
_NEVER = f"{_W}test_an_arm_that_never_gets_there_is_contradicted"
_LESS = f"{_W}test_an_arm_that_gets_there_within_less_than_its_control_spent_is_cheaper"
_GAIN = f"{_W}test_the_gain_is_greater_in_small_batches_and_the_other_way_round_is_contradicted"
_INSIDE = f"{_W}test_a_best_value_inside_an_edge_and_a_flat_top_are_told_apart"
_PAIRS = f"{_W}test_the_shared_tests_take_graded_metrics_groups_seeds_and_a_control_for_each_arm"
_GROUPS = f"{_W}test_groups_widen_intervals_of_the_shared_tests"
_REFUSED = f"{_W}test_findings_that_could_not_be_tested_are_refused"
_PLANTED = f"{_R}test_figures_hold_what_was_planted"
_ROOM = f"{_R}test_the_room_is_said_first"

MEETINGS = [
    Mutant(  # the last place that is reached
        MEETING,
        "for at in range(1, len(means)):",
        "for at in range(len(means) - 1, 0, -1):",
        f"{_W}test_the_first_place_that_is_reached_is_the_first",
    ),
    Mutant(  # an interval of 60 %
        MEETING, "LEVEL = 0.95", "LEVEL = 0.6", _TRUTH
    ),
    Mutant(  # queries of a group are drawn apart
        MEETING,
        "two_level(used(gaps), level, clusters)",
        "two_level(used(gaps), level)",
        f"{_W}test_groups_that_are_forgotten_cover_far_too_rarely",
    ),
    Mutant(  # the first place alone is the interval
        MEETING, "_edge(equal, held[-1], _after(looked, held[-1]))", "held[0]", _TRUTH
    ),
    Mutant(  # what is surely never reached might be reached at the end
        MEETING, "reached=False, outside=1", "reached=False, outside=0", _NEVER
    ),
    Mutant(MEETING, "reached=True, outside=-1", "reached=True, outside=0", _WORSE),
]
CONTRAST = [
    Mutant(  # between two sizes as if by their rows
        CONTRASTS, "steps = [log2(other.size)", "steps = [2 * log2(other.size)", _WORTH
    ),
    Mutant(  # after all that each has seen
        CONTRASTS,
        "min(one.last.amount(kind), other.last.amount(kind), after)",
        "min(max(one.last.amount(kind), other.last.amount(kind)), after)",
        f"{_R}test_encoder_time_is_equal_in_texts_not_in_samples",
    ),
    Mutant(  # seconds are samples
        CONTRASTS,
        "lambda place: arm.spent_at(kind, place) / of",
        'lambda place: arm.spent_at("samples", place) / of',
        _BY_COST,
    ),
    Mutant(  # p of a comparison half-way
        CONTRASTS,
        "_p(one.at(kind, of) - target, one)",
        "_p(one.at(kind, of / 9) - target, one)",
        _PLANTED,
    ),
    Mutant(  # the control's beginning is the target
        CONTRASTS, "target = other.last.values", "target = other.points[0].values", _PLANTED
    ),
    Mutant(  # controls in the order of the recipe's arms
        CONTRASTS,
        "known = sorted(controls, key=lambda one: one.size)",
        "known = sorted(controls, key=lambda one: -one.size)",
        _WORTH,
    ),
]
READER = [
    Mutant(
        POINTS,
        "part = place - below",
        "part = 0.0",
        f"{_R}test_encoder_time_is_equal_in_texts_not_in_samples",
    ),
    Mutant(  # queries of one arm beside others of another
        POINTS,
        "rows = [place[name] for name in ids]",
        "rows = list(range(len(ids)))",
        f"{_W}test_queries_and_seeds_that_one_arm_lacks_are_left_out",
    ),
    Mutant(
        POINTS,
        'name.removesuffix(f"_{size}")',
        'name.rpartition("_")[0]',
        f"{_W}test_a_method_is_an_arm_without_the_size_of_its_batch",
    ),
    Mutant(  # values as they stand, whatever order the seeds have
        READ,
        'if list(line["ids"]) == ids:',
        "if True:",
        f"{_R}test_seeds_become_columns_and_seconds_their_mean",
    ),
    Mutant(  # a query without a right target has a value
        READ,
        "if value is not None and value == value:",
        "if value == value:",
        f"{_R}test_seeds_become_columns_and_seconds_their_mean",
    ),
    Mutant(
        READ,
        "if any(own != steps[0] for own in steps):",
        "if not steps:",
        f"{_R}test_another_split_and_seeds_that_do_not_fit_are_said",
    ),
    Mutant(
        READ,
        'own = [one for one in lines if one["split"] == split]',
        "own = lines",
        f"{_R}test_another_split_and_seeds_that_do_not_fit_are_said",
    ),
    Mutant(  # seconds of the first seed
        READ,
        "float(np.mean([one[name] for one in lines]))",
        "float(lines[0][name])",
        f"{_R}test_seeds_become_columns_and_seconds_their_mean",
    ),
]
VERDICTS = [
    Mutant(BATCH, "[bound * size for size in sizes]", "[bound for size in sizes]", _WORSE),
    Mutant(
        BATCH,
        "if (withheld := unaudited(e, found)) is not None:",
        "if (withheld := unaudited(e, [])) is not None:",
        f"{_W}test_a_batch_of_equal_quality_rests_on_every_control",
    ),
    Mutant(BATCH, "shown = every(one.above()", "shown = every(one.below()", _WORTH),
    Mutant(
        BATCH,
        "some(one.below() for one in adjusted(asked))",
        "some(one.above() for one in adjusted(asked))",
        _WORSE,
    ),
    Mutant(BATCH, "[bound == 1] * len(found)", "[False] * len(found)", f"{_W}test_one_p_is_known"),
    Mutant(
        CHEAP, "names.to_equal(cost), with_base", 'names.to_equal("samples"), with_base', _BY_COST
    ),
    Mutant(
        CHEAP,
        "shown, against = every(o.below() for o in asked)",
        "shown, against = every(o.above() for o in asked)",
        _LESS,
    ),
    Mutant(
        CHEAP,
        "some(o.above() for o in adjusted(asked))",
        "some(o.below() for o in adjusted(asked))",
        _NEVER,
    ),
    Mutant(CHEAP, "if cost not in names.SETTINGS:", "if not cost:", _BY_COST),
    Mutant(  # one seed is as good as several
        BESIDE, "self.p, self.figure.lone)", "self.p, False)", f"{_W}test_one_seed_is_indicative"
    ),
    Mutant(BESIDE, "beyond and self.p <= LEVEL", "beyond", f"{_W}test_one_p_is_known"),
    Mutant(
        BESIDE,
        "problems=one.n",
        "problems=0",
        f"{_W}test_a_mined_batch_is_worth_a_larger_random_one",
    ),
]
GAINS = [
    Mutant(
        GAIN,
        "size_of(metric, len(ids)) * (one - other)",
        "size_of(metric, len(ids)) * (one + other)",
        _GAIN,
    ),
    Mutant(GAIN, "parts = [more, first.above()] if sure else [more]", "parts = [more]", _GAIN),
    Mutant(
        GAIN,
        "values = values.mean(1, keepdims=True)",
        "values = values[:, :1]",
        f"{_W}test_seeds_of_a_sampler_are_one_value_of_a_problem",
    ),
    Mutant(GAIN, "if len(pairs) != 2 or len(found) != 2:", "if len(found) != len(pairs):", _GAIN),
    Mutant(  # groups are forgotten
        GAIN,
        "clusters if clustered else None, of)",
        "None, of)",
        f"{_W}test_groups_widen_the_interval_between_two_gains",
    ),
    Mutant(  # one seed is as good as several
        GAIN,
        "lone = trained and values.shape[1] == 1",
        "lone = False",
        f"{_W}test_one_seed_is_indicative",
    ),
]
OPTIMUM = [
    Mutant(
        INSIDE,
        "ordered = sorted(arms, key=lambda name: arms[name])",
        "ordered = list(arms)",
        f"{_W}test_the_share_of_resamples_is_by_the_order_of_values_not_of_names",
    ),
    Mutant(INSIDE, "max(3, len(arms))", "len(arms)", _INSIDE),
    Mutant(  # better than one of the edges is enough
        INSIDE,
        "some(every(gap.above() for gap in _of(found, first=one)) for one in inner)",
        "some(some(gap.above() for gap in _of(found, first=one)) for one in inner)",
        _INSIDE,
    ),
    Mutant(
        INSIDE,
        "every(gap.below() for gap in _of(found, second=edge))",
        "every(gap.above() for gap in _of(found, second=edge))",
        _INSIDE,
    ),
    Mutant(INSIDE, "(best > 0) & (best < len(values) - 1)", "best < len(values) - 1", _INSIDE),
]
SHARED_TESTS = [
    Mutant(  # intervals know nothing of groups
        SHARED,
        "clusters = table.clusters if clustered else None\n    interval",
        "clusters = None\n    interval",
        _GROUPS,
    ),
    Mutant(
        SAME,
        "clusters = table.clusters if clustered else None\n    return",
        "clusters = None\n    return",
        _GROUPS,
    ),
    Mutant(  # p values know nothing of groups
        SHARED,
        "    clusters = table.clusters if clustered else None\n    if found.ndim == 2:",
        "    clusters = None\n    if found.ndim == 2:",
        _GROUPS,
    ),
    Mutant(  # the error of groups is not one of those that count
        CROSSED, "cluster_errors(table.mean(1), clusters)\n", "()\n", _GROUPS
    ),
    Mutant(
        CROSSED,
        "if len(index) in (1, len(labels)):",
        "if len(index) == 1:",
        f"{_W}test_clusters_of_one_problem_each_change_nothing",
    ),
    Mutant(
        SHARED,
        "*((one, other) for one, other in pairs)",
        "*((two, one) for one, two in pairs)",
        _PAIRS,
    ),
    Mutant(RUN_TEST, '*chain.from_iterable(finding.get("pairs", ()))', "*()", _PAIRS),
    Mutant(
        SCHEMA,
        'alone = "pairs" in finding and "arms" not in finding',
        'alone = "pairs" in finding',
        _REFUSED,
    ),
    Mutant(SCHEMA, 'if finding.get("must_fail") and not', "if not finding and not", _REFUSED),
    Mutant(
        SCHEMA, 'return "" if isinstance(value, bool) else "true or false"', 'return ""', _REFUSED
    ),
    Mutant(
        SAME,
        "gap_number(metric, one.arm, one.reference,",
        'gap_number(metric, one.arm, "",',
        _PAIRS,
    ),
]
STAGES = [
    Mutant(READ, "found[-max(1, len(found) // 10) :]", "found[:1]", _ROOM),
    Mutant(ROOM, "room.in_batch - room.first, \"points\"", 'room.first, "points"', _ROOM),
    Mutant(ROOM, 'if f"stage:{warm}" in models:', "if models:",
           f"{_R}test_a_teacher_that_is_not_the_warm_student_gives_no_room"),
    Mutant(ROOM, 'if stage is not None and stage.kind == "batches":', "if stage is None:", _ROOM),
    Mutant(  # ranks of whatever teacher an arm has
        ROOM,
        "given.stages[one].of_arm(arm) for one",
        "given.stages[one] for one",
        f"{_R}test_an_arm_with_another_teacher_says_nothing_of_the_room",
    ),
    Mutant(ROOM, "found.setdefault((student.resolve(), ranks.resolve()), (family, arm))",
           "found[student / family, ranks] = (family, arm)", _ROOM),
    Mutant(STAGE, "return named or known[-1]", "return named or known[0]",
           f"{_R}test_the_last_training_among_needs_is_reported_and_sizes_are_those_of_its_plan"),
    Mutant(STAGE, 'stage.of_arm(arm).options for name', "stage.options for name",
           f"{_R}test_the_last_training_among_needs_is_reported_and_sizes_are_those_of_its_plan"),
    Mutant(STAGE, "own.get(family(arm), 0.0) + float", "0.0 + float", _PLANTED),
    Mutant(STAGE, 'if not cuts[arm].startswith("random") and', "if",
           f"{_R}test_the_page_has_every_table_and_picture"),
    Mutant(STAGE, "return exact or next(swept, named)", "return named",
           f"{_R}test_points_of_a_sweep_are_sizes_of_one_method"),
    Mutant(FIGURES, "(one for one in self.controls if one.size == arm.size)",
           "iter(self.controls)", f"{_R}test_points_of_a_sweep_are_sizes_of_one_method"),
    Mutant(FIGURES, "over=_names(one.controls)", "over=()", _PLANTED),
    Mutant(FIGURES, "if point.samples > control.last.samples:", "if point.samples > 0:", _PLANTED),
    Mutant(PLANS, '(names.SIZES_BEFORE, held.get("sizes_before_repair"))',
           '(names.SIZES_BEFORE, made["sizes"])',
           f"{_R}test_sizes_of_clusters_are_told_before_and_after_the_repair"),
    Mutant(PLANS, "wilson(count, held[\"asked\"])", 'wilson(count, held["pairs"])',
           f"{_R}test_what_a_sample_is_has_the_interval_of_its_size"),
    Mutant(SAID, "if low is not None and low >= largest:", "if low is None:",
           f"{_R}test_ends_that_were_not_seen_are_named"),
    Mutant(WRITTEN, 'update={"quantity": one.quantity.removesuffix(end)}', "update={}",
           f"{_R}test_of_several_datasets_each_has_its_tables"),
]  # fmt: skip

REPORT = [
    *MEETINGS, *CONTRAST, *READER, *VERDICTS, *GAINS, *OPTIMUM, *SHARED_TESTS, *STAGES,
]  # fmt: skip
