"""Faults of metrics: the wrong way up, another unit, seeds that do not count, lost values."""

from mutant import Mutant

_T = "tests/unit/report/test_declared_metrics.py::"
_V = "report/verdict/"
_SAME = f"{_T}test_a_metric_that_is_had_or_not_has_the_figures_of_accuracy"
_UNITS = f"{_T}test_neither_unit_nor_direction_nor_summing_changes_a_word"
_FLAT = "tests/unit/stats/test_graded.py::"
_OUTCOMES = f"{_T}test_verdicts_rest_on_the_metric_and_follow_from_the_outcomes"

METRICS = [
    Mutant(  # more is better, whatever the metric says
        "core/record.py",
        'return 1 if self.better == "higher" else -1',
        "return 1",
        _UNITS,
    ),
    Mutant(  # a sum is printed as a mean
        "report/paired_table.py",
        'return items if metric.aggregate == "sum" else 1',
        "return 1",
        f"{_T}test_differences_are_scaled_and_counted_by_what_is_better",
    ),
    Mutant(  # seeds of trainings are taken for more problems
        _V + "gap.py",
        "interval = graded_interval(counted(table, found), low, reach, clusters=clusters)\n",
        "interval = graded_interval(found.mean(1), low, reach, clusters=clusters)\n",
        f"{_T}test_seeds_count_for_a_metric_as_they_do_for_accuracy",
    ),
    Mutant(  # what is had or not is treated as a grade
        "report/measure.py",
        "span = _share(files, table, metric) if metric.boolean else",
        "span = _share(files, table, metric) if metric.name == RIGHT.name else",
        _SAME,
    ),
    Mutant(  # the margin of a sum is that of one problem
        _V + "equivalence.py",
        "    found, reach = scaled_gaps(table, metric)\n",
        "    found, reach = table.gaps(value_of(metric)), metric.reach\n",
        f"{_UNITS}[lossless-made0]",
    ),
    Mutant(  # arms that never differ are surely equal
        "stats/graded.py",
        "Interval(-inf, mean, inf, 1 - 2 * alpha), margin, 1.0, 1.0, alpha)",
        "Interval(mean, mean, mean, 1 - 2 * alpha), margin, 0.0, 0.0, alpha)",
        f"{_T}test_arms_that_all_agree_are_equal_only_as_far_as_bounds_say",
    ),
    Mutant(  # values that are all alike have an interval without width
        "stats/graded.py",
        "    mean, unseen = float(table.mean()), wilson(0, len(table), level).high\n",
        "    mean, unseen = float(table.mean()), 0.0\n",
        f"{_FLAT}test_of_ones_and_noughts_alone_it_is_wilsons_interval",
    ),
    Mutant(  # the p value of one side stands for both
        "stats/graded.py",
        "    upper = _alike_p(margin - mean, reach - mean, len(table))\n",
        "    upper = _alike_p(mean + margin, mean + reach, len(table))\n",
        f"{_FLAT}test_the_p_value_says_what_the_interval_says",
    ),
    Mutant(  # one arm inside the margin is enough
        _V + "equivalence.py",
        "every(one.inside() for one in found), some(",
        "some(one.inside() for one in found), some(",
        f"{_T}test_equivalent_is_lossless_of_every_arm",
    ),
    Mutant(  # of several arms each is tested as if it were alone
        _V + "equivalence.py",
        "    beyond = holm([1 - one.p_equivalent for one in tested])\n",
        "    beyond = [one.p_equivalent for one in tested]\n",
        f"{_T}test_equivalent_is_lossless_of_every_arm",
    ),
    Mutant(  # outcomes keep six digits of a value
        "report/outcomes/columns.py",
        "else map(repr, values)",
        'else map("{:g}".format, values)',
        f"{_T}test_numbers_are_kept_to_their_last_bit",
    ),
    Mutant(  # outcomes forget which metrics there are
        "report/outcomes/encode.py",
        "        metrics=metrics_of(found.arms.values()),\n",
        "",
        _OUTCOMES,
    ),
    Mutant(  # a scorer may leave a value out
        "stages/score.py",
        "        if wrong := misfit(found, self.metrics):\n",
        "        if wrong := misfit(found, [m for m in self.metrics if m.name in found.values]):\n",
        f"{_T}test_the_score_stage_refuses_a_scorer_that_breaks_its_word",
    ),
    Mutant(  # any metric has the margin of accuracy
        _V + "schema.py",
        'if metric != RIGHT.name and "margin" in fields and finding.get("margin") is None:',
        'if metric == RIGHT.name and "margin" in fields and finding.get("margin") is None:',
        f"{_T}test_a_finding_on_a_metric_that_could_not_be_judged_is_refused",
    ),
    Mutant(  # a metric at its bound is compared
        _V + "floor.py",
        "    if metric.name != ACCURACY:\n        return _at_a_bound(name, files, metric)\n",
        "    if metric.name != ACCURACY:\n        return None\n",
        f"{_T}test_a_metric_at_its_bound_decides_nothing",
    ),
]
