"""Faults in what a model cannot follow, in stopping while answers are drawn, and in seconds."""

from mutant import Mutant

_P = "papers/inference_scaling/"
FIT, AT_LEAST, CUT = (f"{_P}verdicts/{name}.py" for name in ("fit", "at_least", "truncation_hurts"))
_T = "tests/papers/inference_scaling/"
STOPPED, CALIBRATED = (f"{_P}{name}.py" for name in ("stopped", "calibration"))
_FLOOR = f"{_T}test_methods_at_the_floor.py"
COSTS, GATHERED, STAGE = (f"{_P}{name}.py" for name in ("costs", "gathered", "stage"))
SPEED = "stages/speed.py"
_LIVE = f"{_T}test_stopped_live.py"
_SECONDS = f"{_T}test_scaling_seconds.py"

FOLLOWED = [
    Mutant(  # what a model cannot follow decides like anything else
        AT_LEAST,
        "figure_names.matched(method, other, cost): able.of(other)",
        "figure_names.matched(method, other, cost): able.arms",
        f"{_FLOOR}::test_what_is_left_is_decided_and_what_is_not_is_named",
    ),
    Mutant(  # the draw that is there is taken for the method's smallest size
        FIT,
        "(one.at or 0) >= figure_names.least(method)",
        "(one.at or 0) >= 0",
        f"{_FLOOR}::test_what_a_model_cannot_follow_decides_nothing",
    ),
    Mutant(  # a vote over a chain that nothing of the model's is in
        FIT,
        "reply = _REPLIES.get(method, method)",
        "reply = method",
        f"{_FLOOR}::test_what_a_model_cannot_follow_decides_nothing",
    ),
    Mutant(  # a judge that gives no number is one that errs
        FIT,
        "unscored.span.estimate > MOST_UNSCORED",
        "unscored.span.estimate > 1.0",
        f"{_FLOOR}::test_what_a_model_cannot_follow_decides_nothing",
    ),
    Mutant(  # half of the replies are enough to be left out
        FIT,
        "unscored.span.estimate > MOST_UNSCORED",
        "unscored.span.estimate >= MOST_UNSCORED",
        f"{_FLOOR}::test_what_a_model_cannot_follow_decides_nothing",
    ),
    Mutant(  # one arm that cannot follow speaks for all
        FIT,
        "any((arm, one) not in lost for one in methods)",
        "not lost",
        f"{_FLOOR}::test_a_method_is_left_out_of_the_arms_that_cannot_follow_it_alone",
    ),
    Mutant(  # what is left out anyway holds back what is left
        FIT,
        'asked = ("single", *(one for one in methods if (arm, one) not in lost))',
        'asked = ("single", *methods)',
        f"{_FLOOR}::test_replies_that_the_cap_cut_are_said_to_be_so_and_hold_nothing_else_back",
    ),
    Mutant(  # a reply that never ended is said not to follow
        FIT,
        "if cut > MOST_CUT:",
        "if cut > 1.0:",
        f"{_FLOOR}::test_replies_that_the_cap_cut_are_said_to_be_so_and_hold_nothing_else_back",
    ),
    Mutant(  # nothing is left, and the run is said to hold nothing
        AT_LEAST,
        "if not found and able.lost:",
        "if not found and not able.arms:",
        f"{_FLOOR}::test_where_only_what_cannot_be_followed_ran_nothing_is_decided",
    ),
    Mutant(  # the loss itself is taken for a model that cannot follow
        FIT,
        "if one.at == _WHOLE), None)",
        "if one.at != 0), None)",
        f"{_FLOOR}::test_cut_thinking_at_the_floor",
    ),
    Mutant(  # a direct model is beaten by one that was never taught to answer from so little
        CUT,
        "beside = [one for one in least if not _floored(e, one)]",
        "beside = least",
        f"{_FLOOR}::test_cut_thinking_at_the_floor",
    ),
    Mutant(  # verdicts of the same figures keep the words of before
        "stages/verdicts.py",
        "if (found := finding_test(name).version) > 1}",
        "if (found := finding_test(name).version) > 2}",
        "tests/unit/report/test_enough.py"
        "::test_a_test_that_has_said_other_words_has_its_version_in_the_name",
    ),
]

DRAWN_LIVE = [
    Mutant(  # the rule is told of draws that it has used already
        STOPPED,
        "rule.decide(counts, self.budget - len(draws))",
        "rule.decide(counts, self.budget)",
        f"{_LIVE}::test_what_is_drawn_live_is_the_replay_in_the_order_of_the_draws",
    ),
    Mutant(  # every draw has the dice of the first
        STOPPED,
        'asked.model_copy(update={"draw": number}) if number else asked',
        "asked",
        f"{_LIVE}::test_a_live_draw_is_the_draw_of_a_pool_byte_for_byte",
    ),
    Mutant(  # the first rule that stops ends all
        STOPPED,
        "while len(used) < len(self.rules):",
        "while not used:",
        f"{_LIVE}::test_each_rule_pays_for_what_it_saw_alone",
    ),
    Mutant(  # a rule pays for what another wanted
        STOPPED,
        "draws, winner = found.draws[:used], leader(found.of[:used])",
        "draws, winner = found.draws, leader(found.of[:used])",
        f"{_LIVE}::test_each_rule_pays_for_what_it_saw_alone",
    ),
    Mutant(  # and answers by what came later
        STOPPED,
        "draws, winner = found.draws[:used], leader(found.of[:used])",
        "draws, winner = found.draws[:used], leader(found.of)",
        f"{_LIVE}::test_a_rule_answers_by_what_it_saw_and_not_by_what_another_drew",
    ),
    Mutant(  # of answers that tie the last one wins
        STOPPED,
        "key=lambda one: (counts[one], -one)",
        "key=lambda one: (counts[one], one)",
        f"{_LIVE}::test_of_votes_that_tie_the_first_wins",
    ),
    Mutant(  # what was not read votes
        STOPPED,
        "counts = list(Counter(one for one in of if one >= 0).values())",
        "counts = list(Counter(of).values())",
        f"{_LIVE}::test_what_is_drawn_live_is_the_replay_in_the_order_of_the_draws",
    ),
    Mutant(  # steps run side by side
        STOPPED,
        "spent = reduce(Expense.then, steps, Expense())",
        "spent = beside(list(steps))",
        f"{_LIVE}::test_draws_of_a_step_do_not_wait_for_each_other",
    ),
    Mutant(  # the last step goes beyond the budget
        STOPPED,
        "min(len(draws) + self.step, self.budget)",
        "len(draws) + self.step",
        f"{_LIVE}::test_draws_of_a_step_do_not_wait_for_each_other",
    ),
    Mutant(  # a plan is the least that may be drawn
        STOPPED,
        'def calls(self) -> int:\n        """One a draw, at most."""\n        return self.draws',
        'def calls(self) -> int:\n        """One a draw, at most."""\n        return self.least',
        f"{_LIVE}::test_a_plan_is_an_upper_bound_and_says_the_lower_one",
    ),
    Mutant(  # one rule that stops is taken for all
        STOPPED,
        "if all(self._stops(n, rule) for rule in self.rules)",
        "if any(self._stops(n, rule) for rule in self.rules)",
        f"{_LIVE}::test_a_plan_is_an_upper_bound_and_says_the_lower_one",
    ),
    Mutant(  # a smaller pool, the same name
        STOPPED,
        'return {**super().identity(given), "budget": budget}',
        "return super().identity(given)",
        f"{_LIVE}::test_the_pool_of_the_arm_is_the_budget_and_in_the_name_of_the_work",
    ),
    Mutant(  # greedy answers are drawn sixteen times
        STOPPED,
        "        refuse_alike(given, budget)\n",
        "",
        f"{_LIVE}::test_what_cannot_be_drawn_so_is_refused_in_a_line",
    ),
    Mutant(  # draws of a live run are counted in another unit than those of its replay
        CALIBRATED,
        'return "draws" if quantity.startswith(figure_names.USED) else "answers"',
        'return "answers"',
        f"{_LIVE}::test_a_stage_of_scaling_shows_it_beside_the_rule_that_is_replayed",
    ),
    Mutant(  # what a stage says of its plan is kept to itself
        "graph/plan.py",
        "            *self._of_stages(),\n",
        "",
        "tests/unit/graph/test_plan.py::test_a_plan_shows_what_its_stages_say_once",
    ),
]

SECONDS = [
    Mutant(  # of all calls in a row, and not of their tokens
        COSTS,
        'spent["completion"] * model.token_seconds',
        "size * model.token_seconds",
        f"{_SECONDS}::test_the_seconds_of_a_vote_grow_with_its_tokens",
    ),
    Mutant(  # methods with calls take no time
        GATHERED,
        'found["seconds"] = model.token_seconds * columns["completion"]',
        'found["seconds"] = model.token_seconds * columns["cached"]',
        f"{_SECONDS}::test_every_point_takes_its_tokens_by_the_rate_of_its_arm",
    ),
    Mutant(  # tokens a second for seconds a token
        GATHERED,
        "arm: 1 / one.estimate for arm",
        "arm: one.estimate for arm",
        f"{_SECONDS}::test_seeds_of_an_arm_share_its_rate",
    ),
    Mutant(  # seeds of an arm are arms
        GATHERED,
        'one.model_copy(update={"arm": family(one.arm)})',
        "one",
        f"{_SECONDS}::test_seeds_of_an_arm_share_its_rate",
    ),
    Mutant(  # of one row and of eight at once
        GATHERED,
        "if len(sizes := {one.batch_size for one in blocks}) > 1:",
        "if len(sizes := {one.batch_size for one in blocks}) > 2:",
        f"{_SECONDS}::test_seconds_of_two_kinds_are_not_put_together",
    ),
    Mutant(  # any stage measures seconds
        STAGE,
        "if stage is None or stage.kind != SpeedStage.kind:",
        "if stage is None:",
        f"{_SECONDS}::test_an_axis_of_seconds_that_nobody_measures_is_refused_in_a_line",
    ),
    Mutant(  # also one that skips its arms
        STAGE,
        "return SpeedStage().applies(replace(given, stage=stage))",
        "return True",
        f"{_SECONDS}::test_a_speed_stage_that_skips_endpoints_measures_nothing_there",
    ),
    Mutant(  # endpoints are skipped without a word
        SPEED,
        "return not skipped or all(map(_is_here, given.arms.values()))",
        "return all(map(_is_here, given.arms.values()))",
        f"{_SECONDS}::test_a_speed_stage_refuses_endpoints_unless_it_is_told_to_skip_them",
    ),
]
