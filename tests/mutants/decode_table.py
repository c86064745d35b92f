"""Slips in what a nucleus keeps, and in where a draft stops."""

from mutant import Mutant

WARP = "decoding/warp.py"
_EDGE = "tests/unit/decoding/test_draw_and_warp.py"
NUCLEUS = [
    Mutant(
        WARP,
        "short = (last.flatten() >= head.shape[-1]).nonzero().flatten()",
        "short = torch.arange(last.numel())",
        f"{_EDGE}::test_only_the_rows_that_fall_short_are_looked_at_again",
    ),
    Mutant(
        WARP,
        "short = short[last.flatten() >= head.shape[-1]]",
        "short = short[last.flatten() > head.shape[-1]]",
        f"{_EDGE}::test_an_edge_is_that_of_a_full_sort_to_the_bit_whoever_is_beside",
    ),
    Mutant(
        WARP,
        "if int(last.max()) < head.shape[-1]:",
        "if int(last.max()) <= head.shape[-1]:",
        f"{_EDGE}::test_an_edge_is_that_of_a_full_sort_to_the_bit_whoever_is_beside",
    ),
    Mutant(
        WARP,
        "edges[short] = head.gather(-1, last.clamp(max=head.shape[-1] - 1)).flatten()",
        "edges[short] = head.gather(-1, last.max().clamp(max=size - 1).expand_as(last)).flatten()",
        f"{_EDGE}::test_an_edge_is_that_of_a_full_sort_to_the_bit_whoever_is_beside",
    ),
    Mutant(
        WARP,
        "(head.cumsum(-1) < top_p)",
        "(head.cumsum(-1) <= top_p)",
        f"{_EDGE}::test_a_nucleus_ends_where_its_mass_is_just_what_is_asked",
    ),
    Mutant(
        WARP,
        "for size in (*_HEADS[1:], rows.shape[-1]):",
        "for size in _HEADS[1:]:",
        f"{_EDGE}::test_only_the_rows_that_fall_short_are_looked_at_again",
    ),
]

BRAKE = "decoding/brake.py"
PROPOSE = "decoding/propose.py"
ROUNDS = "decoding/rounds.py"
REPLAY = "papers/fsd/replay.py"
_STOP = "tests/unit/decoding/test_stop_below.py"
_STOP_LAW = f"{_STOP}::test_the_loop_follows_the_enumerated_law"
STOP = [
    Mutant(  # the sampler's temperature in the place of 1
        BRAKE,
        "on_host(scores.softmax(-1).amax(-1))",
        "on_host((scores / 0.8).softmax(-1).amax(-1))",
        f"{_STOP_LAW}[sd-sampled-3]",
    ),
    Mutant(  # decided by the drawn token: speculation is no longer lossless
        PROPOSE,
        "        self.tokens.append(self.bands[-1][:, :1])\n",
        "        self.tokens.append(self.bands[-1][:, :1])\n"
        "        q = self.probs[-1].gather(-1, self.tokens[-1])[:, 0].numpy()\n"
        "        self.brake.seen[-1:] = [q] if self.brake.bound else []\n",
        f"{_STOP}::test_whether_to_stop_does_not_depend_on_what_is_drawn[sampled]",
    ),
    Mutant(
        BRAKE,
        "np.where(under.any(1), under.argmax(1), sure.shape[1])",
        "np.where(under.any(1), under.argmax(1) + 1, sure.shape[1])",
        f"{_STOP_LAW}[sd-sampled-3]",
    ),
    Mutant(
        BRAKE,
        "under = sure < bound",
        "under = sure <= bound",
        f"{_STOP}::test_at_the_bound_itself_it_goes_on",
    ),
    Mutant(  # all end when one has stopped
        BRAKE,
        "(stopped | (room <= len(self.seen))).all()",
        "(stopped | (room <= len(self.seen))).any()",
        f"{_STOP}::test_an_answer_does_not_depend_on_its_neighbours",
    ),
    Mutant(
        BRAKE,
        "(stopped | (room <= len(self.seen))).all()",
        "False",
        f"{_STOP}::test_drafting_ends_when_every_row_has_stopped",
    ),
    Mutant(  # penalties are no part of what is looked at
        PROPOSE,
        "            logits = penalise(logits.unsqueeze(1), self.rows, past, options)[:, 0]\n"
        "            self.scores.append(logits)\n"
        "        self.brake.look(logits)\n",
        "            raw, logits = logits, penalise(\n"
        "                logits.unsqueeze(1), self.rows, past, options)[:, 0]\n"
        "            self.scores.append(logits)\n"
        "        self.brake.look(raw if options.penalised else logits)\n",
        f"{_STOP_LAW}[penalties-sampled-3]",
    ),
    Mutant(
        PROPOSE,
        "np.minimum(valid, self.stops.reach)",
        "valid",
        f"{_STOP_LAW}[research-sampled-3]",
    ),
    Mutant(
        ROUNDS,
        "settle(rows, verdict, run, room)",
        "settle(rows, verdict, run, valid)",
        f"{_STOP_LAW}[hold-sampled-3]",
    ),
    Mutant(  # the block gets narrower where all have stopped
        PROPOSE,
        "    raw = torch.stack(padded(seen, width), 1)\n",
        "    width = len(seen)\n    raw = torch.stack(padded(seen, width), 1)\n",
        f"{_STOP}::test_the_target_sees_whole_blocks",
    ),
    Mutant(
        REPLAY,
        "proposal.within(valid_lengths(closing, self.rows.room()))",
        "valid_lengths(closing, self.rows.room())",
        f"{_STOP}::test_replayed_blocks_stop_where_decoded_ones_do",
    ),
    Mutant(
        REPLAY,
        "propose(self.draft, self.rows, self.options, self.options.gamma)",
        "propose(self.draft, self.rows, self.options, self.options.gamma, self.rows.room())",
        f"{_STOP}::test_a_log_holds_whole_blocks_and_counts_up_to_the_stop",
    ),
    Mutant(
        BRAKE,
        "(column <= valid[:, None])",
        "(column < valid[:, None])",
        f"{_STOP}::test_a_bound_within_rounding_is_listed_as_fragile",
    ),
    Mutant(
        BRAKE,
        " & (column < room[:, None])",
        "",
        f"{_STOP}::test_where_a_neighbour_may_still_stop_makes_no_position_fragile",
    ),
    Mutant(
        ROUNDS,
        "return fragile & (np.arange(fragile.shape[1]) < valid[:, None])",
        "return fragile",
        f"{_STOP}::test_what_is_drafted_for_a_neighbour_makes_no_position_fragile",
    ),
    Mutant(
        "papers/fsd/calibrate.py",
        "chance = solve_blocks(share, log)",
        "chance = solve_random(share, options.gamma)",
        f"{_STOP}::test_a_share_is_calibrated_with_the_stops[random]",
    ),
    Mutant(
        "core/speech.py",
        '{"stop_below": 0.0, "window"',
        '{"stop_below": None, "window"',
        "tests/unit/graph/test_graph.py::test_a_setting_that_is_off_changes_no_fingerprint",
    ),
    Mutant(
        "stages/requests.py",
        '_DRAFTING = {"gamma", "draft", "first_block", "stop_below"}',
        '_DRAFTING = {"gamma", "draft", "first_block"}',
        "tests/unit/graph/test_graph.py"
        "::test_a_stop_is_in_the_fingerprint_of_what_drafts_and_of_nothing_else",
    ),
    Mutant(
        "engines/vllm/engine.py",
        "    check = staticmethod(check)\n",
        "    check = staticmethod(lambda sampler, spec: None)\n",
        "tests/unit/engines/test_vllm_settings.py"
        "::test_a_stop_is_refused_in_one_line_by_what_drafts",
    ),
    Mutant(
        "engines/vllm_plugin/rule.py",
        'if settings.get("stop_below") and',
        'if own and settings.get("stop_below") and',
        "tests/unit/engines/test_vllm_rule.py::test_a_stop_that_is_off_or_not_read_is_no_trouble",
    ),
]
