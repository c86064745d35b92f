"""Faults in what a plan can be made by, in what it tells, and in the search before it."""

from mutant import Mutant

HOME = "papers/b3/"
APART, CLASSES, CLUSTERED = f"{HOME}apart.py", f"{HOME}classes.py", f"{HOME}clustered.py"
HARD, CANDIDATES = f"{HOME}hard_negatives.py", f"{HOME}mined_negatives.py"
MEETINGS = f"{HOME}meetings.py"
MINED, OF_ONE, PIECES = f"{HOME}mined.py", f"{HOME}mined_dataset.py", f"{HOME}pieces.py"
PLAN, SETTINGS, THEOREM = f"{HOME}plan.py", f"{HOME}settings.py", f"{HOME}theorem.py"
RANK, STORED, EXPORT = "stages/rank.py", "runs/batches.py", "runs/batches_export.py"
_O, _V = "tests/papers/b3/test_b3_plan_options.py::", "tests/papers/b3/test_batches_verb.py::"
_R = "tests/unit/engines/test_rank_stage.py::"
_NEGATIVES = f"{_O}test_negatives_are_no_mates_and_of_no_equal_target"
_LABELS = f"{_O}test_classes_are_cut_by_the_rule_on_labels"
_TEXTS = f"{_O}test_no_text_is_twice_in_a_batch_in_any_epoch"
_DEALT = f"{_O}test_no_family_is_twice_in_a_batch_and_every_row_is_there"
_MIXED = f"{_O}test_mixed_batches_mix_datasets_and_clusters_of_a_graph_do_not"
_AUTHORS = f"{_O}test_the_authors_batches_are_fixed_and_their_last_cluster_repeats_rows"
_THEOREM = f"{_O}test_the_ratio_of_theorem_1_by_hand_and_beside_random_batches"
_TRUTH = f"{_O}test_truth_is_told_by_range_of_ranks"
_CONTROL = f"{_O}test_near_neighbours_meet_and_not_by_any_of_the_controls"
_ROW = f"{_V}test_the_mates_of_a_row_are_those_of_its_batch_by_rank"
_HELD = f"{_V}test_clusters_are_numbered_through_all_groups_and_a_leak_is_one_from_both_sides"
_LEAK = f"{_V}test_the_worst_leaks_are_the_nearest_of_the_first_ranks"

NEGATIVES = [
    Mutant(  # every batch draws alike, in every epoch
        HARD, 'f"{number} {at}"', 'f"{at}"',
        f"{_O}test_those_of_a_batch_are_drawn_anew_and_those_of_the_code_once"),
    Mutant(  # rows of no batch have some too
        HARD, "found[batches.ravel()] = self.rows[batches.ravel()]", "found[:] = self.rows",
        _NEGATIVES),
    Mutant(  # equal targets may be drawn for a cluster
        CANDIDATES, "of_cluster(rows, ranks, skip, count, part.target_id,",
        "of_cluster(rows, ranks, skip, count, None,", _NEGATIVES),
    Mutant(  # h labels, not 2h
        CANDIDATES, "classes.near(2 * count)", "classes.near(20 * count)",
        f"{_O}test_the_negatives_of_classes_are_rows_of_the_labels_that_are_near"),
    Mutant(  # the hash is not of them
        PLAN, "            found.update(self.hard.rows.astype(\"<i4\").tobytes())\n", "",
        f"{_O}test_the_hash_is_of_the_negatives_themselves"),
]  # fmt: skip
CLASSES_AND_TEXTS = [
    Mutant(  # a label's row is another one's
        CLASSES, "self.first[self.ranked[rows, columns]]", "self.first[self.label[rows]]",
        f"{_O}test_the_negatives_of_classes_are_rows_of_the_labels_that_are_near"),
    Mutant(CLASSES, "held = target[part.rows[first]]", "held = query[part.rows[first]]", _LABELS),
    Mutant(PIECES, "if part.classes and targets < 3:", "if part.classes and targets < 2:",
           f"{_O}test_two_labels_are_refused_and_random_batches_of_them_are_not"),
    Mutant(  # parts are numbered alike
        CLUSTERED, "np.where(one.of >= 0, one.of + clusters, -1)", "one.of",
        f"{_O}test_parts_of_classes_share_no_cluster"),
    Mutant(  # places of a part are rows
        CLUSTERED, "piece.places[one.members].astype(np.int32)", "one.members",
        f"{_O}test_parts_of_classes_share_no_cluster"),
    Mutant(  # links are not followed
        APART, "connected_components(graph, directed=False)",
        "connected_components(graph, connection=\"strong\")",
        f"{_O}test_rows_of_equal_texts_are_one_family_and_links_are_followed"),
    Mutant(APART, ".reshape(size, whole // size).T.ravel()", ".ravel()", _DEALT),
    Mutant(APART, "order[np.argsort(drawn[family[order]], kind=\"stable\")]", "order", _DEALT),
    Mutant(APART, "if batches and largest > batches:", "if batches and largest > 10 * batches:",
           _TEXTS),
    Mutant(PLAN, "if group.apart is None:", "if group.clusters.size:", _TEXTS),
]  # fmt: skip
WAYS = [
    Mutant(  # tasks are mixed within clusters too
        SETTINGS, 'self.source == "mixed" and self.kind in',
        'self.source == "mixed" or self.kind in',
        f"{_MIXED}[random_task]"),
    Mutant(SETTINGS, 'and self.kind in ("random", NO_DUPLICATES)', 'and self.kind == NO_DUPLICATES',
           f"{_MIXED}[random]"),
    Mutant(MINED, 'if how.source == "single_task":', "if how.source:", f"{_MIXED}[best]"),
    Mutant(  # weights are always 1
        PIECES, "part.scores if how.weighted else None", "None",
        f"{_O}test_edges_may_weigh_what_the_similarity_is"),
    Mutant(CLUSTERED, "how.cluster, how.seed, how.padding_fault)", "how.cluster, how.seed)",
           _AUTHORS),
    Mutant(  # a control that is none
        CLUSTERED, "    if not how.permuted:\n", "    if True:\n", _CONTROL),
    Mutant(  # clusters are told of other rows than they hold
        CLUSTERED, "    found[order] = made.of\n", "    found[:] = made.of\n",
        f"{_O}test_a_permuted_plan_has_the_clusters_sizes_and_no_edges_more_than_chance"),
    Mutant(  # k-means of the first rows
        CLUSTERED, "part.sides[1][part.rows[piece.places]]",
        "part.sides[1][part.rows[piece.places][::-1]]", _CONTROL),
    Mutant(PIECES, "if targets < 2:", "if targets < 1:",
           f"{_O}test_data_that_cannot_be_cut_are_refused"),
    Mutant(CLUSTERED, "if not graph.nnz and count >= how.size:", "if graph.nnz < 0:",
           f"{_O}test_data_that_cannot_be_cut_are_refused"),
]  # fmt: skip
TOLD = [
    Mutant(  # without the temperature
        THEOREM, "inside / TEMPERATURE, largest)", "inside, largest)", _THEOREM),
    Mutant(  # random batches are ours
        THEOREM, "_of_batch(part, rows, largest) for rows in drawn",
        "_of_batch(part, batches[0], largest) for rows in drawn", _THEOREM),
    Mutant(  # a row is near to itself
        OF_ONE, "among_all(np.where(own, -1, held), self.part.rows)",
        "among_all(held, self.part.rows)",
        f"{_O}test_first_ranks_are_those_of_the_ranking_without_the_row_itself"),
    Mutant(  # places in a dataset are rows
        CANDIDATES, "np.append(rows, -1)[found]", "found",
        f"{_O}test_first_ranks_are_those_of_the_ranking_without_the_row_itself"),
    Mutant(  # the band is the first ranks
        MEETINGS, '"band": ends,', '"band": (0, ends[1]),', _TRUTH),
    Mutant(MEETINGS, "pairs = _pairs(clusters) - int(met.sum())", "pairs = _pairs(clusters)",
           _TRUTH),
    Mutant(MEETINGS, "unranked = ~(part.ranks", "unranked = (part.ranks", _TRUTH),
    Mutant(MEETINGS, 'f"{text[:LONG]} …"', "text",
           f"{_O}test_pairs_to_read_are_of_the_first_ranks_and_short"),
    Mutant(  # edges of classes are kept by all
        OF_ONE, "graph = piece.graph(self.how)\n            for name, of in levels.items():\n"
        "                here = of[piece.places]",
        "graph = piece.graph(self.how)\n            for name, of in levels.items():\n"
        "                here = 0 * of[piece.places]", _LABELS),
]  # fmt: skip
SEARCHED = [
    Mutant(RANK, 'self.search == "auto" and rows <= EXACT_UP_TO', 'self.search == "auto"',
           f"{_R}test_large_datasets_alone_are_searched_approximately"),
    Mutant(RANK, "memory // 64 // (5 * COLUMNS)", "memory // 64 // COLUMNS",
           f"{_R}test_blocks_are_as_large_as_memory_allows"),
    Mutant(RANK, "recall(query, target, found, options.recheck)", "recall(query, target, found)",
           f"{_R}test_what_an_approximate_search_finds_is_measured"),
    Mutant(RANK, "count + rows // _READ", "rows // _READ",
           f"{_R}test_a_plan_counts_what_a_search_takes"),
    Mutant(RANK, "return [most] * len(tasks), dimension", "return [most], dimension",
           f"{_R}test_a_dry_run_says_how_it_will_be_searched"),
    Mutant(RANK, 'scores="half")', 'scores="none")',
           f"{_R}test_scores_stand_beside_their_ranks_and_blocks_change_nothing"),
]  # fmt: skip
VERB = [
    Mutant(  # clusters of several groups are numbered alike
        STORED, "before += len(group.clusters)", "before -= 1", _HELD),
    Mutant(  # whoever is not ranked comes first
        STORED, "deepest if one.rank is None", "-1 if one.rank is None", _ROW),
    Mutant(STORED, "batch[self.near] == batch[:, None]", "batch[self.near] >= 0", _LEAK),
    Mutant(  # a pair is shown from both sides
        STORED, "ends = (min(one.row, one.place), max(one.row, one.place))",
        "ends = (one.row, one.place)", _HELD),
    Mutant(STORED, "np.triu(target[:, None] == target, 1)", "np.triu(target[:, None] != target, 1)",
           f"{_V}test_equal_targets_are_shown_as_such"),
    Mutant(STORED, "            if found.hash == content:", "            if found.hash:",
           f"{_V}test_a_plan_of_other_rows_is_refused"),
    Mutant(EXPORT, "for number, batch in enumerate(stored.batches.tolist()):",
           "for number, batch in enumerate(stored.batches.tolist()[::-1]):",
           f"{_V}test_an_export_trains_without_llmx"),
]  # fmt: skip
