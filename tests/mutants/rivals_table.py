"""Faults of what fuzzy decoding is compared with: block verification and the lossy rules."""

from mutant import Mutant

_D = "methods/decode/"
_N = "engines/native/"
_BLOCK = "tests/unit/decode/test_block_rule.py::"
_ASIDE = "tests/unit/native/test_asides_read.py::"
BLOCK = [
    Mutant(  # the ratio of the last token alone
        f"{_D}block_rule.py",
        "np.minimum(weights[:, column] * ratio[:, column], 1)",
        "np.minimum(ratio[:, column], 1)",
        f"{_BLOCK}test_the_loop_follows_the_enumerated_law[sampled]",
    ),
    Mutant(  # what is left before the token, not behind it
        f"{_D}block_rule.py",
        "np.roll(left, -1, axis=1)",
        "left",
        f"{_BLOCK}test_the_loop_follows_the_enumerated_law[sampled]",
    ),
    Mutant(  # the whole width for every row, whatever counts in it
        f"{_D}block_rule.py",
        "ends = np.arange(1, weight.shape[1] + 1) >= valid[:, None]",
        "ends = np.arange(1, weight.shape[1] + 1) >= weight.shape[1] + 0 * valid[:, None]",
        f"{_BLOCK}test_the_loop_follows_the_enumerated_law[stops]",
    ),
    Mutant(  # the first refusal ends the block
        f"{_D}block_rule.py",
        "np.logical_or.accumulate(passes[:, ::-1], axis=1)[:, ::-1]",
        "passes",
        f"{_BLOCK}test_the_loop_follows_the_enumerated_law[sampled]",
    ),
    Mutant(  # a replacement as after a token-wise rejection
        f"{_D}follow.py",
        "weights = weights * lane.put(share)",
        "weights = weights * lane.put(0 * share + 1)",
        f"{_BLOCK}test_the_loop_follows_the_enumerated_law[sampled]",
    ),
    Mutant(  # refused tokens are drawn again from the numbers they were refused for
        f"{_D}rows.py",
        "if self.options.looks_ahead:",
        "if False:",
        f"{_BLOCK}test_drafts_that_were_refused_are_not_drawn_again",
    ),
    Mutant(  # the numbers of an answer's first round in all rounds
        f"{_D}rows.py",
        "if self.fresh is None or not np.array_equal(self.fresh[0], start):",
        "if self.fresh is None:",
        f"{_BLOCK}test_drafts_that_were_refused_are_not_drawn_again",
    ),
    Mutant(
        f"{_N}accept.cpp",
        "at.weight = std::min(at.weight * (*out.p / std::max(*out.q, 1e-30f)), 1.0f);",
        "",
        f"{_ASIDE}test_what_is_left_of_the_target_behind_a_prefix",
    ),
    Mutant(
        f"{_N}nucleus.h",
        "float rest = w * (float)(held_[i] / mass_) - q(ids_[i]);",
        "float rest = (float)(held_[i] / mass_) - q(ids_[i]);",
        f"{_ASIDE}test_a_draw_of_what_a_block_leaves",
    ),
]
RIVALS = [*BLOCK]
