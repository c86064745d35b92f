"""Slips in what is refilled, shared out, joined and counted; see :mod:`table`."""

from mutant import Mutant

_ALONE = "tests/unit/decoding/test_alone_or_beside.py"
_PARTS = "tests/unit/graph/test_parts.py"
_KEPT = "tests/unit/graph/test_parts_kept.py"
_SHOWN = "tests/unit/graph/test_parts_progress.py"
_SIZE = "tests/unit/graph/test_batch_size.py"
_SPLIT = f"{_ALONE}::test_many_answers_through_three_slots_are_those_of_each_alone"

ROWS = "decoding/rows.py"
ROUNDS = "decoding/rounds.py"
API = "decoding/api.py"
BESIDE = [
    Mutant(
        ROWS,
        "        self.state = self.state.of(kept)\n",
        "",
        _SPLIT,
    ),
    Mutant(
        API,
        "        self.holds = self.holds[kept]\n",
        "        self.holds = self.holds[: len(kept)]\n",
        _SPLIT,
    ),
    Mutant(
        "engines/native/model.py",
        "self.row[kept]",
        "self.row[: len(kept)]",
        _SPLIT,
    ),
    Mutant(
        API,
        "self.rows.admit(free, self.prompts[span], self.ids[span], self.first[span])",
        "self.rows.admit(free, self.prompts[span], self.ids[span])",
        f"{_ALONE}::test_an_answer_that_is_gone_on_with_is_the_answer_at_once",
    ),
    Mutant(  # a refilled row goes on with the threshold and the debts of the one before
        ROWS,
        "        self.state.reset(rows)\n",
        "",
        _SPLIT,
    ),
    Mutant(
        ROUNDS,
        "width = int(room.max()) if exact else options.gamma",
        "width = int(room.max())",
        "tests/unit/decoding/test_rows_apart.py::test_through_torch_a_round_keeps_its_width",
    ),
    Mutant(
        "decoding/verify.py",
        "np.arange(scores.shape[1]) < valid[:, None]",
        "np.arange(scores.shape[1]) < scores.shape[1] - 1 + 0 * valid[:, None]",
        f"{_ALONE}::test_a_bonus_is_the_targets_own_wherever_a_neighbours_block_ends",
    ),
    Mutant(
        "decoding/stateful_rule.py",
        "np.where(emitted > 0, moved.clip(_LEAST, _MOST), self.threshold)",
        "moved.clip(_LEAST, _MOST)",
        f"{_ALONE}::test_a_row_that_drafts_nothing_yet_keeps_its_threshold_as_it_is",
    ),
    Mutant(
        "decoding/stateful_rule.py",
        "np.where(accepted > 0, paid[np.arange(len(paid)), accepted - 1], 0.0)",
        "np.where(np.arange(paid.shape[1]) < accepted[:, None], charge, 0.0).sum(1)",
        f"{_ALONE}::test_what_an_answer_has_spent_does_not_know_the_width_of_the_block",
    ),
    Mutant(
        "papers/fsd/divergence_log.py",
        'order = np.lexsort((parts["start"], places))',
        "order = np.arange(len(places))",
        f"{_SIZE}::test_every_file_of_every_stage_is_the_same[decoding]",
    ),
]

DECODE = "stages/decode.py"
SHARING = "graph/parts.py"
EXECUTE = "graph/execute.py"
CACHE = "store/cache.py"
SHARED = [
    Mutant(
        DECODE,
        "    if singly:\n        _sort(path, requests)\n",
        "",
        f"{_PARTS}::test_records_that_come_in_another_order_lie_in_that_of_the_data",
    ),
    Mutant(
        DECODE,
        "size = _PART if draws == 1 else",
        "size = arm.engine.batch_size if draws == 1 else",
        f"{_PARTS}::test_which_parts_there_are_does_not_depend_on_who_asks[40-sizes3]",
    ),
    Mutant(  # keeps whole batches where each record is whole
        DECODE,
        "keep_asked(path, asked, key_of(Record), 1 if singly else batch, not singly)",
        "keep_asked(path, asked, key_of(Record), batch, not singly)",
        f"{_PARTS}::test_a_killed_part_keeps_its_records_and_asks_for_none_again",
    ),
    Mutant(
        DECODE,
        "for folder in parts.values())",
        "for folder in sorted(parts.values(), key=lambda one: one.stat().st_mtime_ns))",
        f"{_PARTS}::test_parts_done_in_any_order_are_joined_in_that_of_the_data",
    ),
    Mutant(
        SHARING,
        "    if not lock.try_acquire():\n        return\n",
        "",
        f"{_PARTS}::test_a_part_that_another_holds_is_left_to_it",
    ),
    Mutant(
        SHARING,
        "lock.try_acquire(shared=True):\n        return False",
        "lock.try_acquire():\n        return False",
        f"{_KEPT}::test_others_may_work_at_other_parts_meanwhile",
    ),
    Mutant(  # the node is free while its parts are worked at
        SHARING,
        "    if not lock.try_acquire(shared=True):\n        return False\n",
        "",
        f"{_KEPT}::test_while_a_part_is_worked_at_nobody_joins_or_deletes",
    ),
    Mutant(
        SHARING,
        "isinstance(node.stage, Parted) and not node.stage.timing",
        "isinstance(node.stage, Parted)",
        f"{_PARTS}::test_a_measurement_is_never_shared_out",
    ),
    Mutant(
        SHARING,
        "    if entry.shared_out.exists():  # first",
        "    if entry.shared_out.exists() and not entry.partial.exists():  # first",
        f"{_SHOWN}::test_who_waits_sees_it_grow_to_the_end_and_never_fall",
    ),
    Mutant(
        SHARING,
        "min(seen, size)",
        "seen",
        f"{_SHOWN}::test_a_number_that_lies_does_not_pass_the_part",
    ),
    Mutant(
        EXECUTE,
        "{} if lost_inputs(node.inputs, entries) else parts_of(node)",
        "parts_of(node)",
        f"{_KEPT}::test_a_node_whose_input_is_lost_is_not_shared_out",
    ),
    Mutant(
        EXECUTE,
        "    observer.finished(node.title, 0.0)\n    return True\n\n\ndef _work",
        "    return True\n\n\ndef _work",
        f"{_KEPT}::test_a_stage_that_another_joined_is_over_here_too",
    ),
    Mutant(
        EXECUTE,
        "    entry.clear_parts()\n",
        "",
        f"{_PARTS}::test_joined_parts_are_the_undivided_output[40]",
    ),
    Mutant(
        "runs/cleanup.py",
        "return count, freed + sum(map(clear_joined, list(entries(runs / CACHE))))",
        "return count, freed",
        f"{_KEPT}::test_parts_that_a_kill_left_go_with_gc_though_a_run_uses_their_node",
    ),
    Mutant(
        "graph/folder.py",
        "        clear_joined(entry_of(cache, node))\n",
        "",
        f"{_KEPT}::test_parts_that_a_kill_left_go_with_the_next_run",
    ),
    Mutant(
        CACHE,
        ".removesuffix(_PARTIAL).removesuffix(_PARTS)",
        ".removesuffix(_PARTIAL)",
        f"{_KEPT}::test_gc_leaves_the_parts_of_an_unfinished_run",
    ),
    Mutant(
        SHARING,
        "over = (part.partial / ABOUT).exists() or part.whole",
        "over = part.whole",
        f"{_SHOWN}::test_who_waits_sees_it_grow_to_the_end_and_never_fall",
    ),
    Mutant(
        "graph/workers.py",
        "len(open_parts(node, entry_of(cache, node)))",
        "len(parts_of(node))",
        f"{_KEPT}::test_one_part_that_is_left_needs_no_workers",
    ),
    Mutant(
        "graph/workers.py",
        "shares = sum(max(1, len(open_parts(node, entry_of(cache, node)))) for node in nodes)",
        "shares = sum(1 for node in nodes)",
        f"{_KEPT}::test_as_many_workers_as_there_are_parts",
    ),
    Mutant(
        "engines/kernel.py",
        'return {"kernel": kernel} if all(known) else',
        "return",
        f"{_SIZE}::test_through_torch_it_is_meaning",
    ),
]

REFILL = [*BESIDE, *SHARED]
