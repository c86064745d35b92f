"""Faults of what fuzzy decoding is compared with: block verification and the lossy rules."""

from mutant import Mutant

_D = "decoding/"
_N = "engines/native/"
_BLOCK = "tests/unit/decoding/test_block_rule.py::"
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
        f"{_D}rounds.py",
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
        "at.weight = std::min(at.weight * (p / std::max(q, 1e-30f)), 1.0f);",
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
_LOSSY = "tests/unit/decoding/test_lossy_rules.py::"
_LAW = f"{_LOSSY}test_the_loop_follows_the_enumerated_law"
_SHARE = "tests/papers/fsd/test_calibrate_rivals.py::"
_RULES = f"{_D}lossy_rules.py"
_READ = f"{_D}asides.py"
TYPICAL = [
    Mutant(_RULES, "np.square(read.p * np.exp(", "(read.p * np.exp(", f"{_LAW}[typical-top-p]"),
    Mutant(  # what the target would never say passes at an infinitely lenient threshold
        _RULES,
        "np.where(level > 0, -level, _NEVER)",
        "-level",
        f"{_SHARE}test_a_replayed_block_is_decided_as_the_rule_does[typical]",
    ),
    Mutant(  # what was not drafted is drawn
        f"{_D}rounds.py",
        "row, column), u, options.undrafted)",
        "row, column), u, options)",
        f"{_LAW}[typical-sampled]",
    ),
    Mutant(  # without room for a draft too
        f"{_D}rounds.py",
        "solo_round(target, rows, options.undrafted, Purpose.TARGET)",
        "solo_round(target, rows, options, Purpose.TARGET)",
        f"{_LAW}[typical-target-first]",
    ),
    Mutant(  # the threshold acts the other way round
        f"{_D}options.py",
        'return self.algorithm in ("typical", "fly")',
        'return self.algorithm == "fly"',
        f"{_SHARE}test_a_share_between_both_ends_is_reached[typical]",
    ),
    Mutant(
        f"{_N}accept.cpp",
        "return std::max(p, power * power) > limit;",
        "return p > limit;",
        f"{_ASIDE}test_a_row_ends_at_its_first_rejection[typical]",
    ),
]
FLY = [
    Mutant(  # one token of the window is not looked at
        _RULES,
        "    for step in range(1, min(window, width - 1) + 1):\n        found",
        "    for step in range(1, min(window, width - 1)):\n        found",
        f"{_SHARE}test_passed_over_is_what_it_says",
    ),
    Mutant(  # a window that ends behind the block
        _RULES,
        "np.arange(width) + window < valid[:, None]",
        "np.arange(width) < valid[:, None]",
        f"{_LAW}[fly-sampled]",
    ),
    Mutant(_RULES, "own | (may & (distance <= -limit))", "own | may", f"{_LAW}[fly-sampled]"),
    Mutant(  # all tokens' entropy
        _READ,
        "topk(min(TOP, logits.shape[-1])).values",
        "topk(logits.shape[-1]).values",
        f"{_ASIDE}test_what_a_rival_reads_is_the_methods",
    ),
    Mutant(  # refused tokens are drawn again from the numbers that the window looked at
        f"{_D}options.py",
        'return self.joint or self.algorithm == "fly"',
        "return self.joint",
        f"{_LOSSY}test_a_rule_that_looks_ahead_draws_no_number_twice",
    ),
    Mutant(  # only what is larger than the largest so far
        f"{_N}accept.cpp",
        "if (x > top[k]) std::swap(x, top[k]);",
        "if (x > top[0]) std::swap(x, top[k]);",
        f"{_ASIDE}test_the_entropy_of_fly_is_of_the_three_likeliest_wherever_they_stand",
    ),
]
CASCADE = [
    Mutant(
        _RULES,
        "found: Floats = gap / apart",
        "found: Floats = gap + 0 * apart",
        f"{_LAW}[opt-sampled]",
    ),
    Mutant(  # the target's share of what is deferred
        _RULES,
        "1 - read.aside[0], read.aside[1]",
        "1 - read.aside[0], np.ones_like(read.aside[1])",
        f"{_LAW}[token-sampled]",
    ),
    Mutant(  # the draft's mass of kept tokens is taken away
        f"{_D}rounds.py",
        "q = q * deferred(at_column(verdict.logits, row, column), options)",
        "q = q * 1.0",
        f"{_LAW}[token-sampled]",
    ),
    Mutant(  # a bonus from nothing
        f"{_D}rounds.py",
        "np.where(run < valid, verdict.weights[rows.index, run], np.float32(1))",
        "verdict.weights[rows.index, run]",
        f"{_LAW}[token-sampled]",
    ),
    Mutant(  # how sure the target is, of what tokens are drawn from
        _READ,
        "gap = logits.softmax(-1).amax(-1) - ",
        "gap = (logits if probs is None else probs.log()).softmax(-1).amax(-1) - ",
        f"{_LAW}[opt-sampled]",
    ),
    Mutant(
        f"{_N}accept.cpp",
        "return slack < INFINITY && z[i] >= level;",
        "return false;",
        f"{_ASIDE}test_a_draw_of_what_a_cascade_leaves",
    ),
]
RIVALS = [*BLOCK, *TYPICAL, *FLY, *CASCADE]
