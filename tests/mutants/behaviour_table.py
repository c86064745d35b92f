"""Faults in how programs are told apart, and in what a recipe's options leave of its choice's."""

from mutant import Mutant

KEYS, INSIDE = "scoring/code/behaviour.py", "scoring/code/inside.py"
SCORER = "scoring/code/scorer.py"
POINTS = "config/points.py"
_SEEN = "tests/unit/scoring/test_program_behaviour.py::"
_RUN = "tests/sandbox/test_code_scorer.py::"
_EQUAL = f"{_SEEN}test_equal_values_of_other_types_and_orders_share_a_key"
_OTHER = f"{_SEEN}test_a_list_is_no_tuple_and_a_text_no_number"
_INPUTS = f"{_SEEN}test_inputs_are_the_calls_that_are_written_out_and_nothing_that_is_expected"
_SAME = f"{_RUN}test_programs_that_do_the_same_share_a_key_and_no_test_result_is_in_it"
_NOTHING = f"{_RUN}test_what_does_nothing_that_can_be_counted_does_not_vote"
_STAND = "tests/unit/config/test_layers.py::"
_BESIDE = f"{_STAND}test_a_recipe_sets_the_options_that_it_writes_and_keeps_the_others"

BEHAVIOUR = [
    Mutant(KEYS, 'return ["S", sorted(map', 'return [mark, list(map', _EQUAL),
    Mutant(KEYS, 'return ["d", sorted(_pairs(held))]', 'return ["d", list(_pairs(held))]', _EQUAL),
    Mutant(KEYS, "return hex(int(value))", "return repr(value)", _EQUAL),
    Mutant(KEYS, 'return [mark, [_normal(one) for one in held]]',
           'return ["l", [_normal(one) for one in held]]', _OTHER),
    Mutant(KEYS, "and one.func.id in (entry, _CALLED)", "and one.func.id != _CALLED", _INPUTS),
    Mutant(KEYS, "list(dict.fromkeys(ast.unparse(one) for one in asked))",
           "[ast.unparse(one) for one in asked]", _INPUTS),
    Mutant(INSIDE, 'yield str(found["raised"])[:100] if "raised" in found else [found["value"]]',
           'yield str(found["raised"])[:100] if "raised" in found else [None]', _SAME),
    Mutant(INSIDE, 'yield "gone"', 'yield ["gone"]', _NOTHING),
    Mutant(SCORER, "if done.killed or len(said) != 1:\n        return {}",
           "if len(said) != 1:\n        return {'seen': []}", _NOTHING),
    Mutant(SCORER, 'job = {"tests": tests, "path": [_PACKAGES]}',
           'job = {"tests": tests, "calls": [], "entry": "", "path": [_PACKAGES]}',
           f"{_RUN}test_the_votes_of_a_pool_of_programs_are_counted"),
    Mutant(POINTS, "_set(values, given.key, {**held, **value})", "_set(values, given.key, value)",
           _BESIDE),
    Mutant(POINTS, "_set(values, given.key, {**held, **value})",
           "_set(values, given.key, {**value, **held})", _BESIDE),
]  # fmt: skip
