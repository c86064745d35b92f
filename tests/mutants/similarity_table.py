"""Faults in similarities beside people's, in fabricated and published pairs, and in wrong texts."""

from mutant import Mutant

RHO, STAGE = "scoring/rank_correlation.py", "stages/similarity.py"
NLI, STS, MADE = "data/pairs/nli.py", "data/pairs/sts.py", "data/pairs/fabricated.py"
PLAN, PAIRS = "train/contrastive/plan.py", "train/contrastive/pairs.py"
COURSE, PLACE, ROWS = "stages/contrastive.py", "engines/embed/place.py", "data/pairs/pairs.py"
_R = "tests/unit/scoring/test_rank_correlation.py::"
_S = "tests/unit/stages/test_similarity_stage.py::"
_D = "tests/unit/data/test_inference_pairs.py::"
_A = "tests/unit/train/contrastive/test_annotated.py::"
_SLOPE = f"{_R}test_an_influence_is_the_slope_towards_more_weight_of_its_pair"

SIMILARITY = [
    Mutant(RHO, "moved = one * other + _above(", "moved = one * other + 0 * _above(", _SLOPE),
    Mutant(RHO, "slope -= rho / 2 *", "slope -= rho *", _SLOPE),
    Mutant(RHO, "(np.cumsum(held) - held / 2)[place]", "np.cumsum(held)[place]",
           f"{_R}test_the_mean_of_the_pseudo_values_is_the_correlation_of_scipy"),
    Mutant(RHO, "rng.multinomial(size, equal) / size", "equal",
           f"{_R}test_the_spread_of_the_mean_is_that_of_drawing_pairs_again"),
    Mutant(RHO, 'side = "people" if', 'side = "the model" if',
           f"{_R}test_what_has_no_correlation_is_refused"),
    Mutant(STAGE, "influences() * count / len(at)", "influences()",
           f"{_S}test_the_spread_of_the_mean_over_datasets_is_that_of_their_correlations"),
    Mutant(STAGE, "mean[list(at)] += moved / len(held)", "mean[list(at)] += moved",
           f"{_S}test_the_spread_of_the_mean_over_datasets_is_that_of_their_correlations"),
    Mutant(STAGE, "found: NDArray[Any] = above[0] == above[1]", "found: NDArray[Any] = above[1]",
           f"{_S}test_a_record_a_score_and_a_problem_a_pair"),
    Mutant(STAGE, "if bare is not None:", "if bare is None and False:",
           f"{_S}test_what_cannot_be_scored_is_refused"),
    Mutant(STAGE, "issubclass(kind, PairData)", "issubclass(kind, object)",
           f"{_S}test_pairs_that_are_none_are_refused_at_composition"),
    Mutant(NLI, "if premise and entailment and contradiction:", "if premise:",
           f"{_D}test_a_triple_is_a_row_with_its_contradiction_as_a_negative"),
    Mutant(NLI, "if not is_commit(self.spec.revision):", "if False:",
           f"{_D}test_a_commit_is_looked_up_once_and_rows_are_refused_without_one"),
    Mutant(NLI, "group=normal(premise)", "group=normal(entailment)",
           f"{_D}test_a_triple_is_a_row_with_its_contradiction_as_a_negative"),
    Mutant(STS, "if len(found) != place.pairs:", "if len(found) > place.pairs:",
           f"{_D}test_rows_that_are_not_as_published_are_refused"),
    Mutant(STS, "{'fabricated-' if fabricated else ''}", "",
           f"{_D}test_fabricated_rows_say_so_and_follow_from_the_seed"),
    Mutant(MADE, "action = (1 - parts[1][0], parts[1][1])", "action = parts[1]",
           f"{_D}test_what_contradicts_has_another_action_at_the_same_place"),
    Mutant(ROWS, "held if row.grade is None else (", "held if True else (",
           f"{_D}test_a_grade_is_part_of_what_rows_are_and_rows_without_keep_their_hash"),
    Mutant(PLAN, "* (1 + np.arange(self.annotated))", "* np.arange(self.annotated)",
           f"{_A}test_each_row_of_a_batch_brings_its_own_texts_by_number"),
    Mutant(PLAN, "[own] if drawn is None else [drawn, own]", "[own]",
           f"{_A}test_hard_negatives_of_the_plan_come_first"),
    Mutant(PAIRS, "if text not in known:", "if True:",
           f"{_A}test_equal_texts_have_equal_numbers_wherever_they_stand"),
    Mutant(COURSE, "len(row.negatives) < annotated", "len(row.negatives) > annotated",
           f"{_A}test_a_row_that_brings_none_is_named"),
    Mutant(COURSE, '("annotated", "pixels") if not getattr', '("pixels",) if not getattr',
           f"{_A}test_an_option_at_rest_changes_no_name"),
    Mutant(PLACE, "return elsewhere or Path(name).is_dir() or", "return True or",
           f"{_A}test_a_model_of_the_hub_that_is_not_here_is_planned_and_refused"),
]  # fmt: skip
