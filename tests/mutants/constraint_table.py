"""Faults in what holds an output to a form: a token too many, a row's neighbour, no schema."""

from mutant import Mutant

BOUND, LOOP = "decoding/constraint.py", "decoding/api.py"
GRAMMAR, HF, ARM = "engines/json_grammar.py", "engines/hf.py", "stages/agent_arm.py"
_LAWS = "tests/unit/decoding/test_constraint.py::"
_FORMS = "tests/unit/engines/test_json_grammar.py::"
_ONE_WAY = f"{_LAWS}test_one_way_to_go_is_gone_by_each_row_whoever_shares_its_batch"
_WHOLE = f"{_FORMS}test_every_answer_is_whole_where_a_form_has_an_end"
_ARMS = "tests/unit/stages/test_agent_stage.py::"

CONSTRAINTS = [
    Mutant(  # a row is asked about its prompt too
        BOUND,
        "rows.tokens[row, rows.prompt[row] : rows.length[row]]",
        "rows.tokens[row, : rows.length[row]]",
        _ONE_WAY,
    ),
    Mutant(  # the queue is forgotten: a place in the batch is taken for a place among the prompts
        LOOP,
        "held = [self.constraints[at] if at >= 0 else None for at in self.holds]",
        "held = list(self.constraints[: len(self.holds)])",
        _ONE_WAY,
    ),
    Mutant(
        BOUND,
        "return scores.masked_fill(~kept, FORBIDDEN)",
        "return scores.masked_fill(kept, FORBIDDEN)",
        f"{_LAWS}test_scores_that_are_left_stay_to_the_bit",
    ),
    Mutant(  # a bound that penalties outweigh
        BOUND,
        "FORBIDDEN = -1e30",
        "FORBIDDEN = -3.0",
        _ONE_WAY,
    ),
    Mutant(
        LOOP,
        "if constraints is not None and options.uses_target and options.uses_draft:",
        "if constraints is not None and options.uses_target and not options.uses_draft:",
        f"{_LAWS}test_a_drafted_block_is_held_to_nothing_so_it_is_refused",
    ),
    Mutant(  # tokens are read twice
        GRAMMAR,
        "self._read = len(output)",
        "self._read = len(new)",
        _WHOLE,
    ),
    Mutant(  # answers share one matcher
        GRAMMAR,
        "return JsonConstraint(self._compiled[schema].deep_copy())",
        "return JsonConstraint(self._compiled[schema])",
        _WHOLE,
    ),
    Mutant(
        GRAMMAR,
        'bitorder="little"',
        'bitorder="big"',
        _WHOLE,
    ),
    Mutant(
        GRAMMAR,
        "eos_token=list(ends)",
        "eos_token=[0]",
        _WHOLE,
    ),
    Mutant(
        HF,
        "[self.grammars.of(one) if one else None for one in schemas]",
        "[self.grammars.of(max(schemas)) for one in schemas]",
        f"{_FORMS}test_an_answer_without_a_schema_is_what_it_is_without_a_neighbour_that_has_one",
    ),
    Mutant(
        ARM,
        'wanted = spec.constrained == "auto" and capable and written and not drafts',
        'wanted = spec.constrained == "auto" and capable and written',
        f"{_ARMS}test_a_draft_is_held_to_nothing_and_says_so_where_it_was_asked",
    ),
    Mutant(  # held answers and free ones have one name
        ARM,
        '**({"held": True} if craft.constrained and held_here(given.arm) else {}),',
        "",
        f"{_ARMS}test_our_own_loop_holds_replies_to_a_form_by_itself",
    ),
]
