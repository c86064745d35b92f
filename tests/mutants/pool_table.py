"""Slips in draws, blocks of a pool and prompts that are shared; see :mod:`table`."""

from mutant import Mutant

_POOLS = "tests/unit/graph/test_pools.py"
_STEP = "tests/contracts/test_step_model.py::test_a_copied_prompt_is_the_computed_one"
_ONCE = f"{_POOLS}::test_the_prompt_of_a_problem_is_computed_once"

CACHED = "decoding/cached_model.py"
POOL = "stages/pool.py"
DECODE = "stages/decode.py"
GRAPH = "graph/graph.py"
DRAWS = [
    Mutant(  # every draw has the same dice
        "core/record.py",
        'return f"{name}#{draw}" if draw else name',
        "return name",
        f"{_POOLS}::test_a_problems_draws_stand_together_in_their_order",
    ),
    Mutant(  # the first draw is no answer of a decode
        "core/record.py",
        'return f"{name}#{draw}" if draw else name',
        'return f"{name}#{draw}"',
        f"{_POOLS}::test_the_first_draw_leaves_requests_and_records_as_they_were",
    ),
    Mutant(  # old requests are written in another way
        "core/speech.py",
        '{"draw", "prefix", "tools"',
        '{"prefix", "tools"',
        f"{_POOLS}::test_the_first_draw_leaves_requests_and_records_as_they_were",
    ),
    Mutant(
        DECODE,
        "return {} if draws == range(1) else",
        "return {} if len(draws) == 1 else",
        f"{_POOLS}::test_two_draws_of_one_answer_each_are_two",
    ),
    Mutant(  # what is resumed forgets which draw it was
        DECODE,
        'return row["id"], row.get("draw", 0)',
        'return row["id"], 0',
        f"{_POOLS}::test_a_pool_that_is_killed_goes_on_and_draws_nothing_twice[42]",
    ),
    Mutant(
        DECODE,
        "if draws > 1 and sampler is not None and sampler.temperature == 0:",
        "if draws > 9 and sampler is not None and sampler.temperature == 0:",
        f"{_POOLS}::test_equal_answers_are_refused",
    ),
    Mutant(
        "stages/requests.py",
        "problem, draw = divmod(self._which[place], len(self._draws))",
        "draw, problem = divmod(self._which[place], len(self._samples))",
        f"{_POOLS}::test_a_problems_draws_stand_together_in_their_order",
    ),
]
BLOCKS = [
    Mutant(  # each block draws the first eight
        POOL,
        '"first_draw": block.start}',
        '"first_draw": 0}',
        f"{_POOLS}::test_a_pool_that_grows_draws_nothing_twice",
    ),
    Mutant(  # how many there are is in the name of a block
        POOL,
        "return arm.with_sections(()).model_copy(",
        "return arm.model_copy(",
        f"{_POOLS}::test_a_block_does_not_know_how_many_there_are",
    ),
    Mutant(  # each block may spend what the arm may
        POOL,
        'limits["max_cost"] = engine.max_cost * share',
        'limits["max_cost"] = engine.max_cost',
        f"{_POOLS}::test_a_limit_of_the_arm_is_shared_by_the_blocks",
    ),
    Mutant(
        POOL,
        "for problem in zip(*files, strict=True):",
        "for problem in zip(*files):",
        f"{_POOLS}::test_blocks_of_other_problems_are_not_put_together",
    ),
    Mutant(
        POOL,
        'kind = "decode" if arm.ensemble is None else "ensemble_decode"',
        'kind = "decode"',
        f"{_POOLS}::test_an_ensemble_draws_through_its_own_stage",
    ),
    Mutant(
        GRAPH,
        "        if portion:\n",
        "        if portion and node.labels:\n",
        f"{_POOLS}::test_a_block_does_not_know_how_many_there_are",
    ),
    Mutant(  # what was a block first is no stage any more
        GRAPH,
        '"" if self.labels else self.portions[0][2]',
        '"" if not self.portions else self.portions[0][2]',
        f"{_POOLS}::test_a_block_that_is_also_a_stage_is_found_as_one",
    ),
    Mutant(  # a whole that does not rest on its blocks
        GRAPH,
        "        if isinstance(stage, Portioned):\n",
        "        if False:\n",
        f"{_POOLS}::test_a_pool_falls_into_blocks_of_eight",
    ),
]
PROMPTS = [
    Mutant(  # a prompt is copied from a row that has another one by then
        CACHED,
        "if prompts.get(row, one) == one}",
        "}",
        "tests/unit/decoding/test_alone_or_beside.py"
        "::test_a_prompt_is_not_copied_from_a_row_that_has_just_lost_it",
    ),
    Mutant(
        CACHED,
        "            self._written[row] = prompt\n",
        "",
        _ONCE,
    ),
    Mutant(
        "engines/hf.py",
        "slots=slots, shared=drawn, constraints",
        "slots=slots, shared=False, constraints",
        _ONCE,
    ),
    Mutant(
        "engines/native/model.py",
        "values[:, target, :, :width] = values[:, source, :, :width]",
        "values[:, target, :, : width - 1] = values[:, source, :, : width - 1]",
        _STEP,
    ),
    Mutant(
        "engines/native/model.py",
        "keys[:, target, :, : -(-width // _STRIDE)] = keys[:, source, :, : -(-width // _STRIDE)]",
        "keys[:, target, :, : width // _STRIDE] = keys[:, source, :, : width // _STRIDE]",
        _STEP,
    ),
    Mutant(
        "engines/step/lean_llama.py",
        "cache.slots[:, :, to, :, :width] = cache.slots[:, :, row, :, :width]",
        "cache.slots[:, 0, to, :, :width] = cache.slots[:, 0, row, :, :width]",
        _STEP,
    ),
    Mutant(
        "engines/step/transformers_model.py",
        "for held in (layer.keys, layer.values):",
        "for held in (layer.keys,):",
        _STEP,
    ),
]

_AUDITED = "tests/unit/audit/test_draws_audited.py"
_GATHER = "tests/unit/report/test_gather.py"
READ = [
    Mutant(
        "audit/identity.py",
        "if drawn[name, draw] > 1]",
        "if drawn[name, draw] > 9]",
        f"{_AUDITED}::test_a_draw_that_is_there_twice_is_one",
    ),
    Mutant(
        "audit/identity.py",
        "any((n, draw) not in drawn for draw in all_draws)",
        "all((n, draw) not in drawn for draw in all_draws)",
        f"{_AUDITED}::test_a_draw_that_is_missing_is_missed",
    ),
    Mutant(
        "audit/identity.py",
        "often = Counter(zip(self.sent, self.draws, strict=True))",
        "often = Counter((sent, draw) for draw, sent in enumerate(self.sent))",
        f"{_AUDITED}::test_another_problem_with_the_same_prompt_is_found_in_every_draw",
    ),
    Mutant(
        "audit/counts.py",
        "{(score.id, score.draw): score for score in scores}",
        "{(score.id, one): score for score in scores for one in range(9)}",
        f"{_AUDITED}::test_a_score_is_that_of_its_draw",
    ),
    Mutant(
        "report/gather.py",
        "            if draw <= first.get(name, (draw, start))[0]:\n",
        "            if True:\n",
        f"{_GATHER}::test_of_several_draws_the_first_is_read_whatever_their_order",
    ),
    Mutant(
        "report/gather.py",
        "if score.draw <= (found[score.id].draw if score.id in found else score.draw):",
        "if True:",
        f"{_GATHER}::test_of_several_draws_the_first_is_read_whatever_their_order",
    ),
    Mutant(
        "report/gather.py",
        "self.draws = max(self.draws, draw + 1)",
        "self.draws = max(self.draws, draw)",
        f"{_GATHER}::test_of_several_draws_the_first_is_read_whatever_their_order",
    ),
]
