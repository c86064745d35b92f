"""Faults in pairs and their splits, exact search, measures of rankings and vectors on the disk."""

from mutant import Mutant

SPLITS = "data/pairs/splits.py"
ROWS = "data/pairs/pairs.py"
OWN = "data/pairs/own_pairs.py"
DEBIAN = "data/pairs/debian.py"
EXACT = "engines/nearest/exact.py"
RANKING = "scoring/ranking.py"
VECTORS = "engines/embed/vectors.py"
_P = "tests/unit/data/test_pairs.py::"
_D = "tests/unit/data/test_debian_pairs.py::"
_N = "tests/unit/engines/test_nearest.py::"
_R = "tests/unit/scoring/test_ranking.py::"
_E = "tests/unit/engines/test_embed.py::"

PAIRS = [
    Mutant(  # training keeps rows with a text of the test split
        SPLITS,
        "if taken.isdisjoint(apart(row))",
        "if taken is not None",
        f"{_P}test_no_two_splits_share_a_group_a_text_or_a_word",
    ),
    Mutant(  # calibration may share with test
        SPLITS,
        "full or any(not taken.isdisjoint(apart(row)) for row in group)",
        "full",
        f"{_P}test_no_two_splits_share_a_group_a_text_or_a_word",
    ),
    Mutant(  # groups that calibration could not take are lost to training
        SPLITS,
        "            left.append(group)\n            continue",
        "            left += [group] if full else []\n            continue",
        f"{_P}test_a_row_of_training_is_left_out_only_for_what_it_shares",
    ),
    Mutant(  # capitals make another text
        SPLITS,
        "text.casefold().split()",
        "text.split()",
        f"{_P}test_the_audit_finds_what_is_planted",
    ),
    Mutant(  # the audit looks at no words
        SPLITS,
        'yield from (("word", normal(word)) for word in row.words)',
        'yield from (("word", normal(word)) for word in row.words[:0])',
        f"{_P}test_the_audit_finds_what_is_planted",
    ),
    Mutant(  # classes may not be shared
        SPLITS,
        "if row.family not in LABELS:",
        "if row.family:",
        f"{_P}test_a_class_may_stand_in_every_split",
    ),
    Mutant(  # a seed without a say
        SPLITS,
        'f"{seed}\\0{group}"',
        'f"{group}"',
        f"{_P}test_the_seed_says_which_groups_are_tested",
    ),
    Mutant(  # nothing is known, so it is wrong
        ROWS,
        "if self.within is None:\n            return None",
        'if self.within is None:\n            return "unrelated"',
        f"{_P}test_of_two_rows_the_truth_is_told",
    ),
    Mutant(  # one number in two tasks
        ROWS,
        "if one.dataset == other.dataset and one.target_id == other.target_id:",
        "if one.target_id == other.target_id:",
        f"{_P}test_of_two_rows_the_truth_is_told",
    ),
    Mutant(  # related outweighs right
        ROWS,
        "{**near, **right[query]}",
        "{**right[query], **near}",
        f"{_P}test_equal_queries_are_asked_once_and_each_of_their_targets_is_right",
    ),
    Mutant(  # each row a target of its own
        OWN,
        "target_id=ids.setdefault(target, len(ids))",
        "target_id=place",
        f"{_P}test_rows_of_a_file_are_pairs",
    ),
    Mutant(  # a changed file is read
        OWN,
        "if self.options.content and hash_file(path) != self.options.content:",
        "if self.options.content and not hash_file(path):",
        f"{_P}test_a_file_counts_by_its_content_and_a_changed_one_is_refused",
    ),
    Mutant(  # hyponyms are unrelated
        "data/pairs/wordnet.py",
        "found.setdefault(names[other], set()).add(names[place])",
        "found.setdefault(names[other], set())",
        f"{_P}test_hypernyms_and_synonyms_are_the_truth_of_wordnet",
    ),
    Mutant(  # usages stay in the gloss, with the word in them
        "data/pairs/wordnet.py",
        "gloss.partition('\"')[0].rstrip",
        "gloss.rstrip",
        f"{_P}test_the_four_tasks_of_a_synset",
    ),
    Mutant(  # updates count as a release
        DEBIAN,
        "(named is None and not _POCKET.search(one))",
        "(named is None)",
        f"{_D}test_of_two_releases_one_is_named_and_updates_are_left_out",
    ),
    Mutant(  # the version stays with the source
        DEBIAN,
        '.partition(" ")[0],\n    )',
        ".strip(),\n    )",
        f"{_D}test_a_package_is_a_row",
    ),
]

SEARCH = [
    Mutant(  # no reserve for the error of float32
        EXACT,
        "least = (kth - 2 * self._error())",
        "least = (kth + 2 * self._error())",
        f"{_N}test_ranks_are_those_of_the_sorted_matrix_for_every_block",
    ),
    Mutant(  # close scores are not looked at twice
        EXACT,
        "close = self.score[:, 1:] >= self.score[:, :-1] - near[:, None]",
        "close = self.score[:, 1:] > self.score[:, :-1] + near[:, None]",
        f"{_N}test_what_float32_cannot_tell_apart_is_told_apart",
    ),
    Mutant(  # ties by the last index
        EXACT,
        "by_index = np.argsort(self.at[tied], axis=1",
        "by_index = np.argsort(-self.at[tied], axis=1",
        f"{_N}test_ranks_are_those_of_the_sorted_matrix_for_every_block",
    ),
    Mutant(  # a block's own places
        EXACT,
        "at.numpy() + start,",
        "at.numpy(),",
        f"{_N}test_ranks_are_those_of_the_sorted_matrix_for_every_block",
    ),
    Mutant(  # ties of shards in the order of the shards' scores alone
        EXACT,
        "order = np.lexsort((indices, -scores), axis=1)[:, :k]",
        "order = np.lexsort((-indices, -scores), axis=1)[:, :k]",
        f"{_N}test_shards_give_the_ranks_of_the_whole",
    ),
    Mutant(  # of k stretches the largest maximum
        EXACT,
        "torch.topk(most, self.k).values[:, -1]",
        "torch.topk(most, self.k).values[:, 0]",
        f"{_N}test_maxima_of_stretches_leave_nothing_out",
    ),
    Mutant(  # of a first block as many as usual, however many are close
        EXACT,
        "if bool((best[:, -1:] < least).all()):",
        "if bool((best[:, -1:] <= best[:, :1]).all()):",
        f"{_N}test_what_float32_cannot_tell_apart_is_told_apart",
    ),
    Mutant(  # scores of half precision are rounded from what float32 made of them
        EXACT,
        "np.nonzero((low != high) & ~known)",
        "np.nonzero((low != low) & ~known)",
        f"{_N}test_scores_of_half_precision_are_those_of_the_exact_ones",
    ),
    Mutant(  # long vectors are compared as if that were exact
        EXACT,
        ">= _LARGEST:",
        ">= _LARGEST * 1e9:",
        f"{_N}test_what_cannot_be_searched_is_told",
    ),
    Mutant(  # whoever finds too few reads no further
        "engines/nearest/ivf.py",
        "index.nprobe = lists\n",
        "index.nprobe = read\n",
        f"{_N}test_a_query_whose_lists_hold_too_few_reads_all",
    ),
    Mutant(  # recall of the first rows, not of those drawn
        "engines/nearest/ivf.py",
        "np.isin(found.indices[row], best)",
        "np.isin(found.indices[0], best)",
        f"{_N}test_the_recall_of_a_known_loss",
    ),
]

MEASURES = [
    Mutant(  # the discount of the rank before
        RANKING,
        "np.arange(2, k + 2)",
        "np.arange(3, k + 3)",
        f"{_R}test_a_worked_ndcg",
    ),
    Mutant(  # the best order by what was found
        RANKING,
        "np.sort(_grades(one))[::-1][:k]",
        "_grades(one)[:k]",
        f"{_R}test_ndcg_equals_scikit_learn",
    ),
    Mutant(  # recall of the first k or of all, whichever is less
        RANKING,
        "found = (gains(ranked, judged)[:, :k] >= least).sum(axis=1)",
        "found = (gains(ranked, judged) >= least).sum(axis=1)",
        f"{_R}test_recall_rank_and_hits_are_what_counting_gives",
    ),
    Mutant(  # a query without a right target counts as a miss
        RANKING,
        "return np.where(known, value, np.nan)",
        "return np.where(known, value, 0.0)",
        f"{_R}test_recall_rank_and_hits_are_what_counting_gives",
    ),
    Mutant(  # equal values have the last of their ranks
        RANKING,
        "(last - (times - 1) / 2)[place]",
        "(last - (times - 1) * 0.0)[place]",
        f"{_R}test_spearman_equals_scipy",
    ),
]

EMBEDDED = [
    Mutant(  # a shard is known by its ids alone
        VECTORS,
        "named = fingerprint([identity, list(ids), list(map(plain, texts))])",
        "named = fingerprint([identity, list(ids)])",
        f"{_E}test_what_an_earlier_run_left_counts_only_where_it_is_the_same",
    ),
    Mutant(  # whole vectors of another prompt are taken
        VECTORS,
        '{**embedder.identity(), "prompt": prompt, "shard": shard}',
        '{**embedder.identity(), "shard": shard} | dict(zip(["prompt"], [""]))',
        f"{_E}test_what_an_earlier_run_left_counts_only_where_it_is_the_same",
    ),
    Mutant(  # shards that are there are made again
        VECTORS,
        "if not path.exists():",
        "if path.parent:",
        f"{_E}test_a_kill_loses_one_shard",
    ),
    Mutant(  # a vector that is no number is kept
        VECTORS,
        "or not np.isfinite(found).all()",
        "or not len(found)",
        f"{_E}test_what_cannot_be_embedded_is_told",
    ),
    Mutant(  # special tokens are averaged too
        "engines/embed/embedder.py",
        "add_special_tokens=False",
        "add_special_tokens=True",
        f"{_E}test_a_vector_is_the_mean_of_its_tokens_at_length_1",
    ),
    Mutant(  # any class of a folder is imported
        "engines/embed/place.py",
        "if kind != VISION_MODULE and not kind.startswith(_OURS):",
        "if not kind:",
        f"{_E}test_code_and_pickles_are_refused",
    ),
    Mutant(  # folders below count for nothing
        "engines/embed/place.py",
        'path for path in folder.rglob("*") if path.is_file()',
        'path for path in folder.glob("*") if path.is_file()',
        f"{_E}test_the_identity_is_the_content",
    ),
]
