"""Faults on MMEB: its pairs, embedders of pictures, candidates of a query, and means over tasks."""

from mutant import Mutant

_DATA = "data/pairs/mmeb.py"
_PAIRS = "tests/unit/data/test_mmeb_pairs.py::"
_CONTRACT = f"{_PAIRS}test_pairs_keep_the_contract"
_EQUAL = f"{_PAIRS}test_a_target_is_its_text_and_the_content_of_its_picture"
_FIRST = f"{_PAIRS}test_each_query_has_candidates_of_its_own_and_the_first_is_right"
_SEEN = f"{_PAIRS}test_a_query_that_is_evaluated_does_not_train"
_PLAN = f"{_PAIRS}test_a_plan_needs_no_file"
_EYE = "engines/embed/vision_module.py"
_VISION = "engines/embed/vision.py"
_U = "tests/unit/engines/test_vision_embed.py::"
_ALONE = f"{_U}test_a_vector_is_that_of_the_item_alone_whatever_shares_its_batch"
_COUNT = f"{_U}test_picture_and_text_and_prompt_all_count"
_END = f"{_U}test_the_vector_is_the_state_of_the_end_token"
_MEANS = "papers/b3/mmeb_means.py"
_M = "tests/papers/b3/test_mmeb_means.py::"
_PRINTED = f"{_M}test_the_average_of_a_printed_row_is_that_of_its_categories_or_the_row_is_flagged"
_SCORES = f"{_M}test_a_score_is_of_the_queries_of_its_task_over_all_trainings"
_GROUPS = f"{_M}test_groups_hold_each_task_as_often_as_they_should"
_CANDIDATES = "tests/unit/stages/test_candidates.py::test_it_is_the_search_among_them_alone"

_ROWS = [  # pairs of texts and pictures
    Mutant(  # a prompt behind a target
        _DATA, "return task.prompt + text if", "return text + task.prompt if", _CONTRACT
    ),
    Mutant(  # the mark of a picture stays in the text
        _DATA, 'return text.replace(_MARK, "").strip()', "return text.strip()", _CONTRACT
    ),
    Mutant(  # pictures are equal by their names alone
        _DATA,
        'if name and self.options.equal_images == "content":',
        'if name and self.options.equal_images == "names":',
        _EQUAL,
    ),
    Mutant(  # a target is its picture alone
        _DATA, "key = text, self._picture(picture)", 'key = "", self._picture(picture)', _EQUAL
    ),
    Mutant(  # what is evaluated trains too
        _DATA, "if self._asked(one) not in asked)", "if self._asked(one) not in ())", _SEEN
    ),
    Mutant(  # the first missing picture alone is said
        _DATA,
        "lost = [name for name in self.names if",
        "lost = [name for name in list(self.names)[:5] if",
        f"{_PAIRS}test_missing_pictures_are_counted_in_one_line",
    ),
    Mutant(_DATA, "right.append({own[0]: 2})", "right.append({own[-1]: 2})", _FIRST),
    Mutant(  # all queries of a task share their candidates
        _DATA,
        "among.append(np.array(list(dict.fromkeys(own)), np.int64))",
        "among.append(np.arange(len(place)))",
        _FIRST,
    ),
    Mutant(  # tasks out of domain are planned to train
        _DATA, 'if split != "train" or task.in_domain:', "if True:", _PLAN
    ),
]
_PICTURES = [  # embedders of pictures
    Mutant(_EYE, "{PICTURE * next(counts)}", "{PICTURE}", _ALONE),
    Mutant(  # a text may name a picture
        _EYE, 'text.replace("<|", "< |")', 'text.replace("|>", "|>")',
        f"{_U}test_a_text_that_names_a_special_token_is_no_picture",
    ),
    Mutant(_EYE, "yield text + self.tokenizer.eos_token", "yield text", _END),
    Mutant(_EYE, "items = [prompted(prompt or \"\", one)", "items = [prompted(\"\", one)", _COUNT),
    Mutant(
        _VISION,
        'pooling_mode="lasttoken")\n    return',
        'pooling_mode="mean")\n    return',
        _END,
    ),
    Mutant(
        _VISION,
        '{"shortest_edge": least, "longest_edge": pixels}',
        '{"shortest_edge": least, "longest_edge": 4 * pixels}',
        f"{_U}test_fewer_pixels_are_fewer_places",
    ),
]  # fmt: skip
_SEARCHED = [  # candidates of a query, and means over tasks
    Mutant(  # of the whole corpus
        "stages/searches.py", "if one.among is None:\n", "if True:\n", _CANDIDATES
    ),
    Mutant(  # places among candidates, not in the corpus
        "stages/searches.py", "= places[best.indices[0]]", "= best.indices[0]", _CANDIDATES
    ),
    Mutant(  # no more is a target
        "scoring/ranking.py", " & (ordered[:, 1:] >= 0)", "", _CANDIDATES
    ),
    Mutant(  # all categories alike
        _MEANS,
        "return sum(COUNTS[name] * means[name] for name in COUNTS) / sum(COUNTS.values())",
        "return sum(means[name] for name in COUNTS) / len(COUNTS)",
        _PRINTED,
    ),
    Mutant(  # a name with a hyphen is cut at its first
        _MEANS, 'return row.rsplit("-", 2)[0]', 'return row.split("-")[0]', _SCORES
    ),
    Mutant(_MEANS, "len(found) // trainings, trainings)", "len(found), trainings)", _SCORES),
    Mutant(  # everything is in domain
        _MEANS, "or domain.get(group) is task.in_domain", "or group in domain", _GROUPS
    ),
]

MMEB = [*_ROWS, *_PICTURES, *_SEARCHED]
