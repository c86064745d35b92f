"""Faults in inference-time scaling: means, comparisons, frontiers, verdicts, the stage, budgets."""

from mutant import Mutant

_P = "papers/inference_scaling/"
CONTRAST, PAIRS, ARMS = (f"{_P}{name}.py" for name in ("contrast", "comparisons", "arm_points"))
FRONTIERS, STAGE, DOCUMENT = (f"{_P}{name}.py" for name in ("frontiers", "stage", "document"))
ASSOCIATED, CALIBRATED = (f"{_P}{name}.py" for name in ("associations", "calibration"))
GATHERED, WRITTEN = (f"{_P}{name}.py" for name in ("gathered", "written"))
_V = f"{_P}verdicts/"
FIT, LEAD, AT_LEAST, CATCH = (
    f"{_V}{name}.py" for name in ("fit", "lead", "at_least", "never_catches_up")
)
FULL, SHORT, VOTE, CUT = (
    f"{_V}{name}.py"
    for name in ("saturates", "shorter_when_right", "feature_vote", "truncation_hurts")
)
PRICED, BUDGET = "report/priced.py", "runs/budget.py"
_T = "tests/papers/inference_scaling/"
_WORDS = f"{_T}test_scaling_verdicts.py"
_NULLS = f"{_T}test_scaling_nulls.py"
_STAGE = f"{_T}test_scaling_stage.py"
_RIGHT = f"{_T}test_right_and_wrong.py"
_BROUGHT = "tests/unit/report/test_brought_pictures.py"
_BUDGET = "tests/unit/cli/test_budget_verb.py"

MEANS = [
    Mutant(  # problems of a template as if they were of several
        CONTRAST,
        "two_level(used, LEVEL, clusters)",
        "two_level(used, LEVEL)",
        f"{_NULLS}::test_intervals_of_a_mean_cover_it_and_clusters_count",
    ),
    Mutant(  # the narrowest error counts
        CONTRAST,
        "reach = max(one.reach(LEVEL) for one in widened)",
        "reach = min(one.reach(LEVEL) for one in widened)",
        f"{_NULLS}::test_intervals_of_a_mean_cover_it_and_clusters_count",
    ),
    Mutant(  # a seed of the sampler is drawn like a model
        CONTRAST,
        "table.shape[1], trained and table.shape[1] > 1",
        "table.shape[1], table.shape[1] > 1",
        f"{_WORDS}::test_seeds_of_a_training_are_counted",
    ),
    Mutant(  # one seed of a training is as good as several
        CONTRAST,
        '"lone": trained and seeds == 1',
        '"lone": False',
        f"{_WORDS}::test_one_seed_of_a_training_is_indicative",
    ),
    Mutant(  # what Monte Carlo adds is left out
        CONTRAST,
        "hypot(one.standard_error, error)",
        "hypot(one.standard_error, 0.0)",
        f"{_NULLS}::test_what_monte_carlo_adds_widens_the_interval",
    ),
    Mutant(  # the smallest error gives p
        "report/figures/p_at.py",
        "return max(StudentError(*error).p_value(gap) for error in basis.errors)",
        "return min(StudentError(*error).p_value(gap) for error in basis.errors)",
        f"{_NULLS}::test_interval_and_p_value_decide_alike",
    ),
    Mutant(  # wrong answers are added where they are to be taken off
        ASSOCIATED,
        "means[0] - means[1] + size * (parts[0] - parts[1])",
        "means[0] - means[1] + size * (parts[0] + parts[1])",
        f"{_RIGHT}::test_its_interval_is_about_the_bootstraps",
    ),
    Mutant(  # a tie of the leading answers is right
        CALIBRATED,
        "float(one.right[first].mean())",
        "float(one.right[first].max())",
        f"{_RIGHT}::test_the_leading_answer_and_its_share",
    ),
    Mutant(  # of the answers that were read, not of all draws
        CALIBRATED,
        "float(counts.max() / one.draws)",
        "float(counts.max() / counts.sum())",
        f"{_RIGHT}::test_the_leading_answer_and_its_share",
    ),
]

COMPARED = [
    Mutant(  # a vote that costs more stands beside
        PAIRS,
        "return vote.of(ids).cost(kind) <= _SLACK * other.of(ids).cost(kind)",
        "return vote.of(ids).cost(kind) <= 2 * other.of(ids).cost(kind)",
        f"{_STAGE}::test_a_vote_stands_beside_what_costs_at_least_as_much",
    ),
    Mutant(  # the smallest vote that is cheap enough
        PAIRS,
        "low, found = middle, vote",
        "low, found = high, vote",
        f"{_STAGE}::test_a_vote_stands_beside_what_costs_at_least_as_much",
    ),
    Mutant(  # the vote's problems, not those of the other method
        ARMS,
        "shared = set(first.ids).intersection(*(one.ids for one in others))",
        "shared = set(first.ids)",
        f"{_STAGE}::test_methods_on_some_of_the_problems_are_compared_on_those",
    ),
    Mutant(  # the oracle is a method
        FRONTIERS,
        "if one.method not in _EXCLUDED and kind in one.costs",
        "if kind in one.costs",
        f"{_STAGE}::test_the_oracle_is_a_bound_and_on_no_frontier",
    ),
    Mutant(  # the frontier of a class is that of all
        FRONTIERS,
        "for scope in (ALL, *([arm.kind] if arm.kind else []), arm.arm):",
        "for scope in (ALL, arm.arm):",
        f"{_STAGE}::test_a_point_has_its_costs_and_its_place_on_the_frontiers",
    ),
    Mutant(  # a bound can be run
        DOCUMENT,
        "bound=table.method == figure_names.ORACLE",
        "bound=False",
        f"{_STAGE}::test_the_oracle_is_a_bound_and_on_no_frontier",
    ),
    Mutant(  # money that nobody asked for is free
        GATHERED,
        'if model.price_in is None and "money" in found and not found["money"].any():',
        'if model.price_in is None and "money" in found and found["money"].any():',
        f"{_STAGE}::test_methods_with_calls_are_points_and_their_shares_figures",
    ),
    Mutant(  # the axis is always tokens
        WRITTEN,
        'marks = {f"{AXIS}{self.cost}"',
        'marks = {f"{AXIS}completion"',
        f"{_STAGE}::test_a_longest_chain_on_the_axis_changes_pictures_and_frontiers",
    ),
]

ASKED = [
    Mutant(  # an arm without a class takes part
        STAGE,
        "bare = next((name for name in names if kinds[name] is None), None)",
        "bare = next((name for name in names if kinds[name] == 'none'), None)",
        f"{_STAGE}::test_what_no_run_could_do_is_refused_by_its_plan",
    ),
    Mutant(  # a pool that has one draw less is large enough
        STAGE,
        "if most > draws:",
        "if most > 2 * draws:",
        f"{_STAGE}::test_what_no_run_could_do_is_refused_by_its_plan",
    ),
    Mutant(  # greedy draws are draws
        STAGE,
        "arm.sampler.temperature == 0:",
        "arm.sampler.temperature < 0:",
        f"{_STAGE}::test_a_pool_of_greedy_draws_is_refused",
    ),
    Mutant(  # the axis of the first arm
        STAGE,
        "if len(named) > 1:",
        "if len(named) > 9:",
        f"{_STAGE}::test_arms_with_different_axes_are_refused",
    ),
    Mutant(  # reasoning arms have to catch up
        STAGE,
        'if (kind, theirs) == ("direct", "reasoning")',
        'if (theirs, kind) == ("direct", "reasoning")',
        f"{_STAGE}::test_pairs_of_classes_are_told_whether_the_weaker_catches_up",
    ),
]

VERDICTS = [
    Mutant(  # the floor is nothing right
        FIT,
        "return low <= _floor(e, right.arm).estimate",
        "return low <= 0.0",
        f"{_WORDS}::test_an_arm_at_the_floor_decides_nothing_of_accuracy",
    ),
    Mutant(  # draws that were cut are looked at of the method alone
        FIT,
        'asked = ("single", *(one for one in methods if (arm, one) not in lost))',
        "asked = (*(one for one in methods if (arm, one) not in lost),)",
        f"{_WORDS}::test_draws_that_the_cap_cut_withhold_a_word",
    ),
    Mutant(  # and never of the method
        FIT,
        'asked = ("single", *(one for one in methods if (arm, one) not in lost))',
        'asked = ("single",)',
        f"{_WORDS}::test_the_draws_of_the_other_method_count_too",
    ),
    Mutant(  # the arm that is left is not said to be alone
        FIT,
        'reason = f"{verdict.reason} Left out, as it decides nothing: {named(self.unfit)}."',
        "reason = verdict.reason",
        f"{_WORDS}::test_of_several_pairs_the_one_at_the_floor_is_left_out",
    ),
    Mutant(  # as many comparisons as there are, each at 5 %
        LEAD,
        "holm(raw) if family else raw",
        "raw",
        f"{_WORDS}::test_one_of_many_comparisons_that_is_small_by_chance_does_not_contradict",
    ),
    Mutant(  # a margin's test at 10 %
        LEAD,
        "return Support(one_sided <= LEVEL, one_sided, self.figure.lone)",
        "return Support(one_sided <= 2 * LEVEL, one_sided, self.figure.lone)",
        f"{_WORDS}::test_a_word_follows_from_the_figures",
    ),
    Mutant(  # the side that the estimate does not lie on
        LEAD,
        "one_sided = p / 2 if side else 1 - p / 2",
        "one_sided = p / 2",
        f"{_WORDS}::test_a_word_follows_from_the_figures",
    ),
    Mutant(  # as good by the margin, where better is asked
        AT_LEAST,
        "one.above() if more else one.over(-margin)",
        "one.over(-margin)",
        f"{_WORDS}::test_a_word_follows_from_the_figures",
    ),
    Mutant(  # whatever the cost
        AT_LEAST,
        "figure_names.matched(method, other, cost)",
        'figure_names.matched(method, other, "completion")',
        f"{_WORDS}::test_a_word_follows_from_the_figures",
    ),
    Mutant(  # behind at the most votes is enough
        CATCH,
        "every(one.below() for race in races for one in race.behind)",
        "every(race.last.below() for race in races)",
        f"{_WORDS}::test_a_word_follows_from_the_figures",
    ),
    Mutant(  # a pool that is too small for the price decides
        CATCH,
        "if race.ratio() < times",
        "if race.ratio() < 0",
        f"{_WORDS}::test_a_word_follows_from_the_figures",
    ),
    Mutant(  # a pair of which one arm is at the floor is kept
        CATCH,
        "if {one, other} <= {*able.arms}",
        "if {one, other} & {*able.arms}",
        f"{_WORDS}::test_of_several_pairs_the_one_at_the_floor_is_left_out",
    ),
    Mutant(  # the first doubling, not the last
        FULL,
        "return next(reversed(_doublings(e, arm)), None)",
        "return next(iter(_doublings(e, arm)), None)",
        f"{_WORDS}::test_a_word_follows_from_the_figures",
    ),
    Mutant(  # from the votes that were doubled into
        FULL,
        "votes = (found[from_].figure.at or 0) / 2",
        "votes = found[from_].figure.at or 0",
        f"{_WORDS}::test_a_verdict_names_where_votes_stop_adding",
    ),
    Mutant(  # within and pooled change places
        SHORT,
        "judged = leads(inside if within else pooled)",
        "judged = leads(pooled if within else inside)",
        f"{_WORDS}::test_a_word_follows_from_the_figures",
    ),
    Mutant(  # one filing is enough
        SHORT,
        "decide(every(less), some(greater))",
        "decide(some(less), some(greater))",
        f"{_WORDS}::test_a_word_follows_from_the_figures",
    ),
    Mutant(  # no marker anywhere is fewer markers
        SHORT,
        "any(one.span.estimate > 0 for one in known)",
        "any(one.span.estimate >= 0 for one in known)",
        f"{_WORDS}::test_what_holds_no_marker_at_all_is_not_testable",
    ),
    Mutant(  # the word rests on what stands beside it
        SHORT,
        '_RESTS_ON_NOTHING = {"problems": 0, "seeds": 0}',
        '_RESTS_ON_NOTHING = {"seeds": 0}',
        f"{_WORDS}::test_a_pooled_difference_does_not_rest_on_how_many_problems_are_mixed",
    ),
    Mutant(  # a gain that a random feature has too
        VOTE,
        "both = every((self.plain.above(), self.control.above()))",
        "both = self.plain.above()",
        f"{_WORDS}::test_a_word_follows_from_the_figures",
    ),
    Mutant(  # one vote that loses contradicts
        VOTE,
        "every(one.plain.below() for one in found)",
        "every(one.control.below() for one in found)",
        f"{_WORDS}::test_a_word_follows_from_the_figures",
    ),
    Mutant(  # the least that was kept, where half is asked
        CUT,
        "if (one.at or 0.0) <= kept)",
        "if (one.at or 0.0) < kept)",
        f"{_WORDS}::test_a_word_follows_from_the_figures",
    ),
    Mutant(  # no margin over the direct model
        CUT,
        "*(one.under(margin) for one in over)",
        "*(one.under(1.0) for one in over)",
        f"{_NULLS}::test_at_the_edge_of_its_null_a_test_is_seldom_wrong",
    ),
    Mutant(  # a direct model at the floor is beaten
        CUT,
        "if one in thinking.arms and other in direct.arms]",
        "if one in thinking.arms]",
        f"{_WORDS}::test_a_direct_model_at_the_floor_leaves_the_loss_to_be_tested",
    ),
]

BUDGETS = [
    Mutant(  # the oracle is affordable
        PRICED,
        "runnable = [one for one in points if not one.bound and one.behind is not None]",
        "runnable = [one for one in points if one.behind is not None]",
        f"{_BUDGET}::test_nobody_can_run_a_bound",
    ),
    Mutant(  # the most accurate, whatever it costs
        PRICED,
        "key=lambda one: (one.costs[kind], -_behind(one))",
        "key=lambda one: (-_behind(one), one.costs[kind])",
        f"{_BUDGET}::test_the_cheapest_near_the_best_by_a_cost",
    ),
    Mutant(  # from the best vote, not from the best
        PRICED,
        "best = max((_behind(one) for one in runnable), default=0.0)",
        "best = 0.0",
        f"{_BUDGET}::test_the_cheapest_near_the_best_by_a_cost",
    ),
    Mutant(  # shares are points
        BUDGET,
        "chosen = cheapest_within(found, gain / 100, asked)",
        "chosen = cheapest_within(found, gain, asked)",
        f"{_BUDGET}::test_json_and_the_call_say_the_same",
    ),
    Mutant(  # tokens, whatever the run is drawn by
        BUDGET,
        "asked = kind or found.cost",
        'asked = kind or "completion"',
        f"{_BUDGET}::test_the_table_has_a_row_for_the_cheapest_and_for_the_best",
    ),
]

TABLES = [
    Mutant(  # a report's tables are in no name
        "stages/report.py",
        'found["tables"] = {name: brought_table(name).version for name in names}',
        'found["tables"] = {}',
        f"{_STAGE}::test_the_tables_of_the_paper_are_in_the_name_of_a_report",
    ),
    Mutant(  # an empty table is shown
        "report/brought.py",
        "return tuple(one for one in made if one.rows)",
        "return tuple(made)",
        f"{_BROUGHT}::test_only_tables_that_are_filled_are_shown",
    ),
    Mutant(  # rows that fail are met on the page
        "report/brought.py",
        "rows_ = tuple(one.rows(figures))",
        "rows_ = one.rows(figures)",
        f"{_BROUGHT}::test_a_bad_table_is_an_error_of_one_line",
    ),
    Mutant(  # the first size, not the largest
        f"{_P}report_tables.py",
        "return found[-1] if found else None",
        "return found[0] if found else None",
        f"{_STAGE}::test_the_report_has_tables_of_the_figures",
    ),
    Mutant(  # votes of any pair
        f"{_P}report_tables.py",
        "mine = [one for one in known if (one.arm, one.against) == (arm, against)]",
        "mine = known",
        f"{_STAGE}::test_the_report_has_tables_of_the_figures",
    ),
]
