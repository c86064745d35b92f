"""Faults in features of answers: lists, counting, what is compared, and what may be claimed."""

from mutant import Mutant

_ROOM = "papers/inference_scaling/"
THINKING = f"{_ROOM}thinking.py"
LEXICON = f"{_ROOM}features/lexicon.py"
COUNTING = f"{_ROOM}features/counting.py"
MEASURED = f"{_ROOM}features/measured.py"
PROBLEMS = f"{_ROOM}features/problems.py"
ASSOCIATION = f"{_ROOM}features/association.py"
CLUSTERED = f"{_ROOM}features/clustered.py"
HELD_OUT = f"{_ROOM}features/held_out.py"
RULES = f"{_ROOM}features/rules.py"
VOTES = f"{_ROOM}features/votes.py"
LOGIT = "stats/conditional_logit.py"

_T = "tests/papers/inference_scaling/"
_SPLIT = f"{_T}test_split_thinking.py::"
_LISTS = f"{_T}test_lexicons.py::"
_COUNT = f"{_T}test_marker_counting.py::"
_MEASURE = f"{_T}test_measured_features.py::"
_BESIDE = f"{_T}test_feature_association.py::"
_RULES = f"{_T}test_feature_rules.py::"
_VOTES = f"{_T}test_feature_votes.py::"
_TABLE = f"{_T}test_marker_table.py::"
_LOGIT = "tests/unit/stats/test_conditional_logit.py::"

MARKERS = [
    Mutant(  # the first closing tag ends the thinking, and its rest is said
        THINKING,
        "closings[-1].span() if closings",
        "closings[0].span() if closings",
        f"{_SPLIT}test_the_parts_joined_are_the_text_and_the_scorers_read_the_same_final_part",
    ),
    Mutant(  # any heading of a page is the mark of a worked answer
        THINKING,
        "if not mark or len(final.strip().splitlines()) > 1:",
        "if not mark:",
        f"{_SPLIT}test_parts_of_a_text",
    ),
    Mutant(  # white space is thought
        THINKING,
        "if record.reasoning.strip():",
        "if record.reasoning:",
        f"{_SPLIT}test_white_space_is_no_thinking",
    ),
    Mutant(  # a word stands in two lists, and the later one counts
        LEXICON,
        "    if key in seen:",
        "    if False:",
        f"{_LISTS}test_bad_lexicons_are_refused_in_one_line",
    ),
    Mutant(  # a hyphen makes another word
        LEXICON,
        'return " ".join(marker.replace("-", " ").split())',
        'return " ".join(marker.split())',
        f"{_LISTS}test_bad_lexicons_are_refused_in_one_line",
    ),
    Mutant(  # filings of different words are compared
        LEXICON,
        "    _have_the_same_words(filed)\n",
        "",
        f"{_LISTS}test_bad_lexicons_are_refused_in_one_line",
    ),
    Mutant(  # "so-called" is a "so"
        COUNTING,
        r"(?!\w|['-]\w)))",
        r"(?!\w)))",
        f"{_COUNT}test_whole_words_and_the_longest_phrase",
    ),
    Mutant(  # a sum of money opens a formula
        COUNTING,
        r"(?<=\S)\$(?!\d)",
        r"\$",
        f"{_COUNT}test_sums_of_money_are_no_formula",
    ),
    Mutant(  # the phrase that comes first in the text wins over the longer one
        COUNTING,
        "return -len(self.lexicons.entries[one.entry]), category[one.entry], one.start",
        "return one.start, category[one.entry], 0",
        f"{_COUNT}test_what_is_found_is_what_trying_all_places_finds",
    ),
    Mutant(  # the precedence is turned around
        COUNTING,
        "category[one.entry], one.start\n",
        "-category[one.entry], one.start\n",
        f"{_COUNT}test_of_equally_long_markers_that_overlap_the_precedence_decides",
    ),
    Mutant(  # what is taken out joins its neighbours to a phrase
        COUNTING,
        r'_GAP = " \0 "',
        '_GAP = " "',
        f"{_COUNT}test_no_phrase_reaches_over_a_formula",
    ),
    Mutant(  # a draw without a thinking part has thought nothing
        MEASURED,
        "known = np.where(has[:, place] > 0, value, np.nan)",
        "known = value",
        f"{_MEASURE}test_a_draw_that_does_not_think_has_no_value_of_that_part",
    ),
    Mutant(  # a phrase reaches from the thinking into the final part
        MEASURED,
        r'whole = f"{thinking}\0{final}"',
        'whole = f"{thinking}{final}"',
        f"{_MEASURE}test_no_phrase_reaches_from_one_part_into_the_next",
    ),
    Mutant(  # the feature is standardised over all draws, so difficulty votes
        PROBLEMS,
        "    gaps = centred(where, values[there])",
        "    gaps = values[there] - values[there].mean()",
        f"{_BESIDE}test_a_standardised_feature_has_mean_0_and_deviation_1_in_each_problem",
    ),
    Mutant(  # ties have the least of their ranks
        PROBLEMS,
        "middle = np.cumsum(often) - (often + 1) / 2",
        "middle = np.cumsum(often) - often",
        f"{_BESIDE}test_ranks_are_scipys_from_0_to_1",
    ),
    Mutant(  # difficulty comes back: the difference within is that over all draws
        ASSOCIATION,
        "    gaps = gaps_within(problem, correct, value)",
        "    gaps = gaps_within(problem * 0, correct, value)",
        f"{_BESIDE}test_every_estimate_is_what_pair_by_pair_gives",
    ),
    Mutant(  # a tie is a win
        ASSOCIATION,
        "found[which] = (ends[0] + ends[1]) / (2 * len(others))",
        "found[which] = ends[1] / len(others)",
        f"{_BESIDE}test_every_estimate_is_what_pair_by_pair_gives",
    ),
    Mutant(  # problems of one cluster are drawn one by one
        CLUSTERED,
        "units = summed(columns[counts], self._labels(counts))",
        "units = summed(columns[counts], None)",
        f"{_BESIDE}test_whole_clusters_are_drawn_together",
    ),
    Mutant(  # the set of right draws may be any
        LOGIT,
        "chosen = problems.chosen.sum(axis=1)\n    rows",
        "chosen = problems.chosen.sum(axis=1) * 0 + 1\n    rows",
        f"{_LOGIT}test_the_fit_is_the_optimum_of_the_enumerated_likelihood",
    ),
    Mutant(  # wrong draws of an easy problem count as right ones
        LOGIT,
        "filled[row, : len(one)] = (-1 if many else 1) * (",
        "filled[row, : len(one)] = (",
        f"{_LOGIT}test_the_fit_is_the_optimum_of_the_enumerated_likelihood",
    ),
    Mutant(  # a fit that runs to infinity is a fit
        LOGIT,
        "settled = left < _LEFT and bool((np.diag(inverse) < _VAGUE**2).all())",
        "settled = left < _LEFT",
        f"{_LOGIT}test_features_that_tell_all_leave_no_best_weight",
    ),
    Mutant(  # what is set is set on the problems that it is tried on
        HELD_OUT,
        "left: Floats = values.sum(axis=0) - held",
        "left: Floats = values.sum(axis=0) - 0 * held",
        f"{_VOTES}test_a_vote_is_set_on_the_other_folds_alone",
    ),
    Mutant(  # noise moves the setting
        HELD_OUT,
        "np.where(total > spread + _ROUNDING, best[:, 0], 0)",
        "np.where(total > _ROUNDING, best[:, 0], 0)",
        f"{_VOTES}test_the_first_setting_stays_where_noise_may_be_all",
    ),
    Mutant(  # a cluster is torn over the folds
        HELD_OUT,
        "if alone or not one else one for",
        "for",
        f"{_VOTES}test_folds_hold_clusters_together_and_are_about_as_large",
    ),
    Mutant(  # a draw without an answer is kept in the place of another
        RULES,
        "values = np.where(read, z, np.inf)",
        "values = z",
        f"{_RULES}test_draws_without_an_answer_are_not_kept_in_the_place_of_others",
    ),
    Mutant(  # the first of classes that tie is the answer
        RULES,
        "tied = (totals >= most * (1 - _ROUNDING)) & (totals > 0)",
        "tied = np.arange(totals.shape[-1]) == totals.argmax(axis=-1)[..., None]",
        f"{_RULES}test_a_weighted_vote_counts_weights",
    ),
    Mutant(  # the weight grows with what should shrink it
        RULES,
        "np.exp(-np.array(LAMBDAS)",
        "np.exp(np.array(LAMBDAS)",
        f"{_RULES}test_a_weighted_vote_counts_weights",
    ),
    Mutant(  # the weights that a vote of fewer draws gets are others
        VOTES,
        "weights = np.exp(-settings[ballots.problem] * z)",
        "weights = np.exp(-settings[ballots.problem] * value)",
        f"{_VOTES}test_weights_are_those_of_the_vote",
    ),
    Mutant(  # the logit sees the problems that it is tried on
        VOTES,
        "_beta(problem, correct, features, fold != at)",
        "_beta(problem, correct, features, fold >= 0)",
        f"{_VOTES}test_a_logit_is_fitted_on_the_other_folds_alone",
    ),
    Mutant(  # a gain is claimed that the random control has too
        VOTES,
        "    if not found.excess.above(0.0):",
        "    if False:",
        f"{_VOTES}test_what_is_said_of_a_gain",
    ),
    Mutant(  # each of many votes is tested as if it were the only one
        f"{_ROOM}features/vote_table.py",
        "adjusted = holm([found.p for found in gains])",
        "adjusted = [found.p for found in gains]",
        f"{_TABLE}test_p_values_are_those_of_all_votes_that_were_tried",
    ),
    Mutant(  # votes by what no text has make the other claims harder
        f"{_ROOM}features/vote_table.py",
        "told = [name for name in names if standardised(problem, values[name]).any()]",
        "told = names",
        f"{_TABLE}test_votes_stand_beside_length_and_a_random_feature",
    ),
    Mutant(  # the random feature is the order of the draws
        VOTES,
        "return np.random.default_rng([seed, name]).standard_normal(one.draws)",
        "return np.random.default_rng(seed).standard_normal(one.draws)",
        f"{_VOTES}test_the_same_seed_gives_the_same_vote_and_a_random_feature_goes_by_name",
    ),
]
