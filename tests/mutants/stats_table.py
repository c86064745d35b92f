"""Slips in intervals and p values that count seeds, and in p values by inversion."""

from mutant import Mutant

SQUARES = "stats/mean_squares.py"
CROSSED = "stats/crossed.py"
TOST = "stats/tost.py"
FIELLER = "stats/fieller.py"
INVERSION = "stats/inversion.py"
BOOTSTRAP = "stats/bootstrap.py"
_BOOT = "tests/unit/stats/test_bootstrap.py"
_POINT = "test_constant_values_give_a_point"
_VANISHES = "test_a_ratio_whose_denominator_may_vanish_has_no_upper_end"
_LEFT_OUT = "test_draws_that_are_no_number_are_left_out"
_NO_SIZE = "tests/unit/report/test_findings.py::test_where_nothing_could_be_found_no_size_is_named"
_NUMBERS = "tests/unit/report/test_numbers.py::test_numbers"
_TWO = "tests/unit/stats/test_two_level.py"
_GRID = "tests/unit/stats/test_seed_grid.py"
_FIELLER = "tests/unit/stats/test_fieller.py"
_INVERSION = "tests/unit/stats/test_inversion.py"
_COUNTED = f"{_TWO}::test_several_seeds_are_always_counted"
_TEXTBOOK = f"{_TWO}::test_mean_squares_against_the_textbook"
_COVERS = f"{_GRID}::test_it_covers_at_least_94_percent"
_THREE = "for one in (of_items, of_seeds, both))"

SEEDS = [
    Mutant(BOOTSTRAP, "if self.units < 2 or", "if", f"{_BOOT}::test_one_unit_bounds_nothing"),
    Mutant(BOOTSTRAP, "if self.units < 2 or", "if self.units < 11 or", f"{_BOOT}::{_POINT}"),
    Mutant(BOOTSTRAP, "inf if isnan(value) else value", "value", f"{_BOOT}::{_VANISHES}"),
    Mutant(BOOTSTRAP, "draws[~np.isnan(draws)]", "draws", f"{_BOOT}::{_LEFT_OUT}"),
    Mutant(
        BOOTSTRAP,
        "not np.isfinite(left_out).all()",
        "False",
        f"{_BOOT}::{_VANISHES}",
    ),
    Mutant("report/findings.py", "if min(gap.span", "if max(gap.span", _NO_SIZE),
    Mutant("report/findings.py", "min(gap.span.estimate, 1.0)", "gap.span.estimate", _NO_SIZE),
    Mutant("core/names.py", "count == 1 else", "count < 2 else", f"{_NUMBERS}[none of them]"),
    Mutant(  # the switch that dropped the noise of seeds where it was not seen
        SQUARES,
        "if self.seeds == 1:\n            return (self._error(*of_items),)",
        "if self.seeds == 1 or self.of_seeds <= 2 * self.of_error:\n"
        "            return (self._error(*of_items),)",
        f"{_COVERS}[3x128-0.1-0.08]",
    ),
    Mutant(SQUARES, _THREE, "for one in (of_items, both))", _COUNTED),
    Mutant(SQUARES, _THREE, "for one in (of_items, of_seeds))", f"{_COVERS}[5x1000-1-0.15]"),
    Mutant(SQUARES, _THREE, "for one in (of_seeds, both))", _COUNTED),
    Mutant(
        SQUARES,
        "self.of_items + self.of_seeds - self.of_error",
        "self.of_items + self.of_seeds + self.of_error",
        _TEXTBOOK,
    ),
    Mutant(
        SQUARES,
        "of_seeds = (self.of_seeds, self.seeds - 1)",
        "of_seeds = (self.of_seeds, self.items - 1)",
        f"{_COVERS}[3x128-0.1-0.1]",
    ),
    Mutant(
        SQUARES,
        "of_seeds = items * float(((columns - mean) ** 2).sum()) / (seeds - 1)",
        "of_seeds = items * float(((columns - mean) ** 2).sum()) / seeds",
        _COUNTED,
    ),
    Mutant(
        SQUARES,
        "ceil(total**2 / spread)",
        "int(total**2 / spread)",
        f"{_GRID}::test_it_is_no_wider_than_few_seeds_make_it[2-4.25]",
    ),
    Mutant(
        SQUARES,
        "sqrt(max(0.0, self.of_seeds - self.of_error) / self.items)",
        "sqrt(max(0.0, self.of_seeds) / self.items)",
        _TEXTBOOK,
    ),
]

P_VALUES = [
    Mutant(
        CROSSED,
        "return max(error.p_value(self.interval.estimate - null)",
        "return min(error.p_value(self.interval.estimate - null)",
        f"{_TWO}::test_the_interval_at_one_minus_p_ends_at_the_null",
    ),
    Mutant(
        CROSSED,
        "error.p_value(self.interval.estimate - null)",
        "error.p_value(self.interval.estimate)",
        f"{_TWO}::test_p_of_one_seed_is_that_of_the_t_test",
    ),
    Mutant(
        CROSSED,
        "return half if self.interval.estimate >= bound else 1 - half",
        "return half",
        f"{_TWO}::test_one_sided_p_and_interval_decide_alike",
    ),
    Mutant(
        CROSSED,
        "return half if self.interval.estimate <= bound else 1 - half",
        "return half if self.interval.estimate >= bound else 1 - half",
        f"{_TWO}::test_one_sided_p_and_interval_decide_alike",
    ),
    Mutant(
        "stats/student.py",
        "max(0.0, 1 - coverage(abs(gap) / self.standard_error, self.freedom))",
        "max(0.0, 1 - coverage(abs(gap) / self.standard_error, self.freedom)) / 2",
        f"{_TWO}::test_p_of_one_seed_is_that_of_the_t_test",
    ),
    Mutant(  # nothing varies, and what is there is not what is tested
        "stats/student.py",
        "return 0.0\n",
        "return 1.0\n",
        f"{_TWO}::test_p_values_where_nothing_varies",
    ),
    Mutant(
        TOST,
        "found = two_level(table, 1 - 2 * alpha)",
        "found = two_level(table.reshape(len(table), -1).mean(1), 1 - 2 * alpha)",
        f"{_TWO}::test_equivalence_counts_seeds_unless_it_is_given_the_items_means",
    ),
    Mutant(
        TOST,
        "found.p_below(margin)",
        "found.p_below(-margin)",
        f"{_TWO}::test_decision_and_interval_and_p_agree",
    ),
]

RATIOS = [
    Mutant(
        FIELLER,
        "below = two_level(other, level)",
        "below = two_level(other.mean(1), level)",
        f"{_FIELLER}::test_what_may_be_zero_divides_nothing",
    ),
    Mutant(
        FIELLER,
        "interval = paired_two_level(one, ratio * other, level).interval",
        "interval = two_level((one - ratio * other).mean(1), level).interval",
        f"{_FIELLER}::test_it_ends_where_the_p_value_falls_below_one_minus_the_level",
    ),
    Mutant(
        FIELLER,
        "inside, outside = (middle, outside) if holds(middle) else (inside, middle)",
        "inside, outside = (inside, middle) if holds(middle) else (middle, outside)",
        f"{_FIELLER}::test_one_seed_is_fiellers_interval",
    ),
    Mutant(
        FIELLER,
        "        if not holds(outside):\n            break\n",
        "        break\n",
        f"{_FIELLER}::test_a_wide_ratio_is_followed_as_far_as_it_goes",
    ),
    Mutant(
        INVERSION,
        "return interval.above(bound) or interval.below(bound)",
        "return interval.above(bound)",
        f"{_INVERSION}::test_it_finds_the_p_value_that_is_known",
    ),
    Mutant(
        INVERSION,
        "return 1 - low\n",
        "return (1 - low) / 2\n",
        f"{_INVERSION}::test_it_finds_the_p_value_that_is_known",
    ),
    Mutant(
        INVERSION,
        "(middle, high) if _beyond(interval_at(middle), bound) else (low, middle)",
        "(low, middle) if _beyond(interval_at(middle), bound) else (middle, high)",
        f"{_INVERSION}::test_p_is_below_alpha_exactly_where_the_interval_leaves_the_bound_out",
    ),
    Mutant(  # the outermost of the resamples as a bound that no level can pass
        BOOTSTRAP,
        'if self.method == "expanded" else z',
        'if self.method == "none" else z',
        f"{_INVERSION}::test_a_few_rounds_that_all_say_faster_are_no_certainty",
    ),
    Mutant(
        BOOTSTRAP,
        "bias + (bias + z) / (1 - self.skew * (bias + z))",
        "bias + (bias + z) / (1 + self.skew * (bias + z))",
        "tests/unit/stats/test_bootstrap.py::test_it_agrees_with_scipy[bca-BCa]",
    ),
]

STATS = [*SEEDS, *P_VALUES, *RATIOS]
