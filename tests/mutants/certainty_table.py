"""Faults in log-probabilities of engine hf, and in votes by the certainty that they give."""

from mutant import Mutant

LOGPROBS = "decoding/logprobs.py"
ROUNDS = "decoding/rounds.py"
ROWS = "decoding/rows.py"
HF = "engines/hf.py"
_ROOM = "papers/inference_scaling/"
ROOM = f"{_ROOM}certainty.py"

_KEPT = "tests/unit/decoding/test_log_probabilities.py::"
_LAW = f"{_KEPT}test_they_are_the_targets_before_temperature_nucleus_and_penalties"
_SURE = "tests/papers/inference_scaling/test_certainty.py::"

LOG_PROBABILITIES = [
    Mutant(  # of what is drawn from, penalties included
        ROUNDS,
        "log_probabilities(logits, tokens)",
        "log_probabilities(scores, tokens)",
        _LAW,
    ),
    Mutant(  # of a block's scores with penalties, or of a mixture
        ROUNDS,
        "log_probabilities(verdict.logits, tokens)",
        "log_probabilities(verdict.scores, tokens)",
        _LAW,
    ),
    Mutant(  # a drafted block has the values of what was drafted, replaced tokens too
        ROUNDS,
        "log_probabilities(verdict.logits, tokens)",
        "log_probabilities(verdict.logits, np.c_[drafted, final.token])",
        _LAW,
    ),
    Mutant(  # not normalised
        LOGPROBS,
        "chosen - top[..., 0] - np.log(total)",
        "chosen - top[..., 0]",
        f"{_KEPT}test_arrays_and_tensors_have_the_logarithm_of_the_softmax",
    ),
    Mutant(  # nor is a tensor
        LOGPROBS,
        "gaps.gather(-1, at).squeeze(-1) - gaps.exp().sum(-1).log()",
        "gaps.gather(-1, at).squeeze(-1)",
        f"{_KEPT}test_arrays_and_tensors_have_the_logarithm_of_the_softmax",
    ),
    Mutant(  # what stands behind a rejection is looked up
        LOGPROBS,
        "tokens.clip(0, logits.shape[-1] - 1)",
        "tokens",
        f"{_KEPT}test_columns_of_which_nothing_came_may_hold_anything",
    ),
    Mutant(  # one place late
        ROWS,
        "self.logprobs[row, slots] = block.logprobs",
        "self.logprobs[row, slots + 1] = block.logprobs",
        _LAW,
    ),
    Mutant(  # rows that move take the values of others along
        ROWS,
        '*("tokens", "fragile", "logprobs", "length",',
        '*("tokens", "fragile", "length",',
        "tests/unit/decoding/test_alone_or_beside.py"
        "::test_slots_order_and_neighbours_change_no_answer",
    ),
    Mutant(  # everybody has them, and every record of old is another
        HF,
        "logprobs=self.spec.logprobs,",
        "logprobs=True,",
        "tests/contracts/test_engine.py::test_no_log_probabilities_come_where_nobody_asked[hf]",
    ),
    Mutant(  # old answers get another name
        HF,
        '**({"logprobs": True} if spec.logprobs else {}),',
        '"logprobs": spec.logprobs,',
        f"{_KEPT}test_the_identity_names_them_where_they_are_kept_alone",
    ),
]
CERTAINTY = [
    Mutant(  # the sum: short answers win
        ROOM,
        "float(np.mean(record.logprobs))",
        "float(np.sum(record.logprobs))",
        f"{_SURE}test_certainty_is_the_mean_log_probability",
    ),
    Mutant(  # an answer without any was certain
        ROOM,
        'if record.logprobs else float("nan")',
        "if record.logprobs else 0.0",
        f"{_SURE}test_certainty_is_the_mean_log_probability",
    ),
    Mutant(  # the least certain is taken
        ROOM,
        "best_of(drawn, found, sizes",
        "best_of(drawn, [-one for one in found], sizes",
        f"{_SURE}test_of_all_draws_the_one_of_the_highest_certainty_is_taken",
    ),
    Mutant(  # draws that nothing is known of vote
        ROOM,
        'ties="expected"',
        'ties="vote"',
        f"{_SURE}test_a_problem_without_log_probabilities_has_one_answer_and_a_plain_vote",
    ),
    Mutant(  # one problem without log-probabilities is all of them
        ROOM,
        "if all(one.certainty is None for one in drawn):",
        "if any(one.certainty is None for one in drawn):",
        f"{_SURE}test_a_problem_without_log_probabilities_has_one_answer_and_a_plain_vote",
    ),
    Mutant(  # a pool without any has the methods all the same
        f"{_ROOM}load.py",
        "certainty if np.isfinite(certainty).any() else None",
        "certainty",
        f"{_SURE}test_certainty_is_read_with_the_draws",
    ),
    Mutant(  # another pool's shape: no method
        f"{_ROOM}assembled.py",
        "        *certainty_points(drawn, sizes, told.seed, **named),\n",
        "",
        f"{_SURE}test_both_methods_stand_beside_the_others_at_every_size",
    ),
    Mutant(  # it stands in no vote
        f"{_ROOM}features/vote_table.py",
        "[CERTAINTY] if CERTAINTY in values else []",
        "[]",
        f"{_SURE}test_every_rule_by_certainty_stands_beside_length_and_a_random_feature",
    ),
    Mutant(  # a feature of nothing but NaN
        f"{_ROOM}features/measured.py",
        "{CERTAINTY: found} if np.isfinite(found).any() else {}",
        "{CERTAINTY: found}",
        f"{_SURE}test_where_nothing_is_kept_nothing_is_said",
    ),
    Mutant(  # right minus wrong is told as a length
        f"{_ROOM}associations.py",
        "quantity = figure_names.SURER_WITHIN if within else figure_names.SURER",
        "quantity = figure_names.SHORTER_WITHIN if within else figure_names.SHORTER",
        f"{_SURE}test_right_minus_wrong_is_a_figure_in_nats",
    ),
]
