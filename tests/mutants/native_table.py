"""Faults of the compiled forward; its library is built again for each, under another name."""

from mutant import Mutant

_N = "engines/native/"
_T = "tests/unit/native/"
_BITS = f"{_T}test_row_bits.py::"
_SHAPES = f"{_T}test_odd_shapes.py::test_logits_are_those_of_float64"
_BUILDS = f"{_T}test_build_bits.py::test_the_whole_forward[narrow-odd]"
_DRAFTS = f"{_T}test_drafts.py::"
_READ = f"{_T}test_numbers_read.py::"
_DRAWS = f"{_T}test_draws.py::"

FORWARD = [
    Mutant(  # as many running sums as a register is wide
        f"{_N}lanes.h",
        "  for (int step = 8; step; step /= 2)\n"
        "    for (int i = 0; i < step; i++) held[i] = held[i] + held[i + step];\n",
        "  for (int i = W; i < 16; i++) held[i % W] += held[i];\n"
        "  for (int i = 1; i < W; i++) held[0] += held[i];\n",
        _BUILDS,
    ),
    Mutant(  # products and sums fused where nobody wrote so
        f"{_N}build.py",
        '"-ffp-contract=off"',
        '"-ffp-contract=fast"',
        f"{_T}test_build_bits.py::test_what_is_read_of_a_block",
    ),
    Mutant(  # a slot too many is seen
        f"{_N}forward.cpp",
        "slots, b.start[r] + t + 1, s,",
        "slots, b.start[r] + t + 2, s,",
        f"{_SHAPES}[even]",
    ),
    Mutant(  # the rotation of the block's first position
        f"{_N}forward.cpp",
        "m.rotation + position * s.dim",
        "m.rotation + b.start[r] * s.dim",
        f"{_SHAPES}[even]",
    ),
    Mutant(  # the wrong one of the shared heads
        f"{_N}forward.cpp",
        "b.cache_row(r), h / group)",
        "b.cache_row(r), h % s.kv)",
        f"{_SHAPES}[odd]",
    ),
    Mutant(  # what an earlier text left behind is attended to
        f"{_N}forward.cpp",
        "for (int64_t j = seen; j < end; j++) weight[j] = -1e30f;",
        "",
        f"{_BITS}test_what_was_written_behind_a_row_is_out_of_its_sight",
    ),
    Mutant(  # a row of the batch, not of the cache
        f"{_N}forward.cpp",
        "return row ? row[r] : r;",
        "return r;",
        f"{_BITS}test_a_cache_seen_by_some_of_its_rows_is_theirs",
    ),
    Mutant(  # rows of a cache that was seen in part already
        f"{_N}model.py",
        "row=np.ascontiguousarray(self.row[kept])",
        "row=np.ascontiguousarray(kept)",
        f"{_BITS}test_a_cache_seen_by_some_of_its_rows_is_theirs",
    ),
    Mutant(  # the head over the first of two tokens
        f"{_N}forward.cpp",
        "x + (r * b.width + wanted[r]) * s.hidden_s",
        "x + (r * b.width) * s.hidden_s",
        f"{_DRAFTS}test_logits_are_those_of_single_steps_to_the_bit",
    ),
    Mutant(  # columns past the hidden size hold anything
        f"{_N}weights.py",
        "    found = held.zeros((padded_to(out) // PANEL, inner, PANEL))\n",
        "    found = held.zeros((padded_to(out) // PANEL, inner, PANEL))\n    found[:] = 1\n",
        f"{_SHAPES}[odd]",
    ),
    Mutant(  # a token behind the last one
        f"{_N}model.py",
        "ids.max() < self.vocab_size",
        "ids.max() <= self.vocab_size",
        f"{_BITS}test_what_is_not_there_is_refused_before_it_is_read",
    ),
]
DRAFT = [
    Mutant(  # only the first token of a block may stop it
        f"{_N}draft.cpp",
        "if (sure[at] < stop_below && !whole) continue;",
        "if (sure[at] < stop_below && !whole && k == 0) continue;",
        f"{_DRAFTS}test_behind_a_stop_nothing_is_drafted",
    ),
    Mutant(
        f"{_N}draft.cpp",
        "greedy, u + 3 * at, kept",
        "greedy, u + 3 * (r * width), kept",
        f"{_DRAFTS}test_each_token_is_drawn_by_the_uniform_of_its_own_place",
    ),
    Mutant(
        f"{_N}draft.cpp",
        "if (k + 1 < most[r]) still",
        "if (k < most[r]) still",
        f"{_DRAFTS}test_no_more_is_drafted_than_a_row_can_use",
    ),
    Mutant(  # one slot further than the row's own
        f"{_N}draft.cpp",
        "k ? begin[r] + last[r] + k : begin[r]",
        "k ? begin[r] + 1 + k : begin[r]",
        f"{_DRAFTS}test_logits_are_those_of_single_steps_to_the_bit",
    ),
]
ACCEPT = [
    Mutant(  # a rejected token is drawn again
        f"{_N}accept.cpp",
        "if (q_at && q_at[r] >= 0) {",
        "if (false) {",
        f"{_DRAWS}test_a_draw_of_what_a_rejection_leaves",
    ),
    Mutant(
        f"{_N}accept.cpp",
        "*out.d <= limit && !(*out.chance < rule.floor)",
        "*out.d <= limit",
        f"{_READ}test_a_token_under_the_floor_ends_its_row",
    ),
    Mutant(
        f"{_N}accept.cpp",
        "(rule->stop || rule->aside ? valid[r] : width)",
        "width",
        f"{_READ}test_what_does_not_count_is_not_looked_at",
    ),
    Mutant(
        f"{_N}accept.cpp",
        "if (!stands && rule->stop) break;",
        "",
        f"{_READ}test_behind_the_first_rejection_nothing_is_looked_at",
    ),
    Mutant(
        f"{_N}accept.cpp",
        "column, u[at], limit[at], out)",
        "column, u[r * width], limit[at], out)",
        f"{_READ}test_the_ratio_test_of_a_token_reads_its_own_uniform",
    ),
    Mutant(  # draft and target the wrong way round
        f"{_N}accept.cpp",
        "of([](F lp, F lq, F, F q) { return q * (lq - lp); })",
        "of([](F lp, F lq, F p, F) { return p * (lp - lq); })",
        f"{_READ}test_a_divergence_is_that_of_float64",
    ),
    Mutant(  # what is no number looks like a probability of zero
        f"{_N}accept.cpp",
        "  if (std::isnan(la) || std::isnan(lb)) return NAN;\n",
        "",
        f"{_DRAWS}test_a_divergence_from_what_is_no_number_is_never_under_a_threshold",
    ),
]
NUCLEUS = [
    Mutant(  # one token short
        f"{_N}nucleus.h",
        "      passed += w;\n      edge = w;\n",
        "      passed += w;\n      if (passed >= need) break;\n      edge = w;\n",
        f"{_DRAWS}test_a_nucleus_ends_with_the_token_that_reaches_it",
    ),
    Mutant(  # ties with the last one fall
        f"{_N}nucleus.h",
        "if (weight_[j] >= least) f((int)j);",
        "if (weight_[j] > least) f((int)j);",
        f"{_DRAWS}test_ties_with_the_last_of_top_k_are_kept",
    ),
    Mutant(  # a wide nucleus ends a bin early
        f"{_N}nucleus.h",
        "passed + bins_[at] < need)",
        "passed + bins_[at] < 0.9 * need)",
        f"{_DRAWS}test_a_nucleus_of_any_width",
    ),
    Mutant(  # lanes behind the vocabulary can be drawn
        f"{_N}nucleus.h",
        "    std::fill(weight_.begin() + n, weight_.end(), 0.0f);\n",
        "",
        f"{_DRAWS}test_a_row_that_is_no_numbers_ends_with_some_token",
    ),
    Mutant(  # the last of the largest
        f"{_N}nucleus.h",
        "while (found.at < n - 1 && !(z[found.at] == top)) found.at++;",
        "for (int i = 0; i < n; i++) if (z[i] == top) found.at = i;",
        f"{_DRAWS}test_temperature_zero_takes_the_first_of_the_largest",
    ),
]
AROUND = [
    Mutant(
        f"{_N}model.py",
        "np.ascontiguousarray(numbers, np.float32), numbers.shape[-1]",
        "np.ascontiguousarray(numbers, np.float32), numbers.strides[1] // 4",
        f"{_READ}test_p_and_q_are_the_warped_ones",
    ),
    Mutant(  # a batch size that counts for nobody, though one model is torch's
        "engines/kernel.py",
        "if all(known) else",
        "if any(known) else",
        f"{_T}test_kernel_in_identity.py::test_it_is_for_models_that_cannot_be_looked_at",
    ),
    Mutant(  # whoever waited for the lock builds again
        f"{_N}build.py",
        "            if not path.exists():\n",
        "            if True:\n",
        f"{_T}test_build.py::test_processes_that_start_together_build_it_once",
    ),
    Mutant(  # a header that changes leaves the name
        f"{_N}build.py",
        ' + sorted(SOURCES.glob("*.h"))',
        "",
        f"{_T}test_build.py::test_another_source_flag_or_compiler_is_another_file",
    ),
    Mutant(
        "engines/kernel.py",
        "return _unfit(spec.model_copy",
        "return None and _unfit(spec.model_copy",
        f"{_T}test_build.py::test_what_the_compiled_forward_does_not_do_is_refused_with_it",
    ),
]
NATIVE = [*FORWARD, *DRAFT, *ACCEPT, *NUCLEUS, *AROUND]
