"""Faults of the nouns: fields that move old bytes, lost turns, costs that are not counted."""

from mutant import Mutant

_T = "tests/unit/core/test_nouns.py::"
_BYTES = f"{_T}test_a_file_from_before_is_read_and_written_byte_for_byte"
_ALL = f"{_T}test_exactly_what_says_something_is_written_and_all_of_it_comes_back"

NOUNS = [
    Mutant(  # a younger field is written though it says nothing
        "core/record.py",
        '{"turns", "calls", "draw", "cost", "reasoning", "ended"}',
        '{"turns", "calls", "cost", "reasoning", "ended"}',
        _BYTES,
    ),
    Mutant(  # left out whatever it says
        "core/record.py",
        "if name in written and getattr(self, name) == known[name].default:",
        "if name in written:",
        _ALL,
    ),
    Mutant(  # the chat so far is not sent
        "core/speech.py",
        '    return (Message(role="system", content=system), *before, turn)\n',
        '    return (Message(role="system", content=system), turn)\n',
        f"{_T}test_the_chat_so_far_stands_between_system_and_question",
    ),
    Mutant(  # trainings learn from another prompt than the one that is asked
        "train/post_training/rows.py",
        "        before=_before(place, line),\n",
        "",
        f"{_T}test_the_chat_so_far_stands_between_system_and_question",
    ),
    Mutant(  # of a chat the last turn alone is put in raw words
        "stages/requests.py",
        "if raw is not None and sample.turns:",
        "if raw is None and sample.turns:",
        f"{_T}test_a_chat_cannot_be_a_raw_text",
    ),
    Mutant(  # a file of a problem may lie anywhere
        "core/names.py",
        'if "." in parts or ".." in parts:',
        'if ".." in parts[:1]:',
        f"{_T}test_a_file_of_a_problem_stays_below_its_folder",
    ),
    Mutant(  # calls of a conversation are not counted
        "core/record.py",
        "getattr(self, name) + getattr(other, name) for name in names",
        "getattr(self, name) + getattr(other, name) for name in sorted(names)[1:]",
        f"{_T}test_costs_add_up",
    ),
    Mutant(  # reasoning is taken for what was found in the cache
        "engines/endpoint/reply.py",
        "received, usage.cached, usage.reasoning)",
        "received, usage.reasoning, usage.cached)",
        f"{_T}test_an_endpoint_says_what_it_took",
    ),
    Mutant(  # costs in records of recipes that never asked
        "core/speech.py",
        "        if not self.keep_cost:\n            return None\n",
        "",
        f"{_T}test_costs_are_kept_where_they_are_asked_for_alone",
    ),
    Mutant(  # records without costs are taken for records with them
        "core/speech.py",
        'return {"keep_cost": True} if self.keep_cost else {}',
        "return {}",
        f"{_T}test_a_kept_cost_is_in_the_name_of_what_is_kept",
    ),
]

_E = "tests/unit/graph/test_training_evidence.py::"

TRAININGS = [
    Mutant(  # an arm that learns from texts and then from pairs is refused
        "stages/training_evidence.py",
        "    supervised = _curve(trainings, _SUPERVISED, arm)\n",
        "    supervised = _curve(trainings, (*_SUPERVISED, *_PREFERENCE), arm)\n",
        f"{_E}test_an_arm_may_learn_from_texts_and_then_from_pairs",
    ),
    Mutant(  # its pairs are not shown
        "stages/training_evidence.py",
        '    return {"warm": supervised, "preference": preference}\n',
        '    return {"warm": supervised}\n',
        f"{_E}test_the_report_draws_both_losses_of_the_arms_that_have_them",
    ),
    Mutant(  # a preference training alone has no curve
        "stages/training_evidence.py",
        '        return {"warm": preference}\n',
        '        return {"warm": ()}\n',
        f"{_E}test_one_of_the_two_alone_is_the_warm_up",
    ),
    Mutant(  # the loss of pairs is drawn from that of texts
        "report/training/series.py",
        "points: Curve = getattr(run, of)",
        'points: Curve = run.rl if of == "rl" else run.warm',
        f"{_E}test_the_report_draws_both_losses_of_the_arms_that_have_them",
    ),
    Mutant(  # of two trainings of one kind the first is taken
        "stages/training_evidence.py",
        "    if len(mine) > 1:\n",
        "    if len(mine) > 2:\n",
        f"{_E}test_two_trainings_of_one_kind_are_refused",
    ),
]

_B = "tests/unit/train/test_batch_reward.py::"
_STATE = f"{_B}test_a_state_that_was_kept_goes_on_to_the_bit"

REWARDS = [
    Mutant(  # a training goes on with the state of its beginning
        "train/batch_reward.py",
        "        one.restore(states[name])\n",
        "        pass\n",
        _STATE,
    ),
    Mutant(  # a state loses its last bits
        "train/batch_reward.py",
        "json.dumps(states, allow_nan=False)",
        "json.dumps(states, allow_nan=False)[:-3] + '}}'",
        _STATE,
    ),
    Mutant(  # each process has the state of its own completions
        "train/post_training/reward_func.py",
        "        batch = [self._completed(*one) for one in everyone]\n",
        "        batch = [self._completed(*one) for one in everyone[start : start + len(mine)]]\n",
        f"{_B}test_all_processes_score_the_whole_generation_and_keep_their_part",
    ),
    Mutant(  # the components of the generation before
        "train/post_training/reward_func.py",
        "        before = list(self.rewards)[: list(self.rewards).index(name)]\n",
        "        before = list(self.rewards)[:0]\n",
        f"{_B}test_it_sees_the_generation_and_what_rewards_before_it_have_given",
    ),
    Mutant(  # one state for all trainings of a process
        "train/reward.py",
        "one() if isinstance(one, type) else one",
        "one",
        f"{_B}test_each_training_has_a_reward_of_its_own",
    ),
    Mutant(  # fewer results than completions
        "train/batch_reward.py",
        "    if len(found) != len(batch):\n",
        "    if len(found) > len(batch):\n",
        f"{_B}test_what_goes_wrong_names_the_reward",
    ),
    Mutant(  # a checkpoint without the state is gone on from
        "train/batch_reward.py",
        "    if states.keys() != batched.keys():\n",
        "    if states.keys() - batched.keys():\n",
        f"{_B}test_a_checkpoint_of_other_rewards_is_refused",
    ),
]

_C = "tests/training/test_course.py::"
_P = "train/post_training/"

COURSE = [
    Mutant(  # every training has TRL's settings
        "train/course/settings.py",
        "fields_of(sources) if sources else fields(kind)",
        'fields("sft")',
        f"{_C}test_each_kind_knows_the_settings_of_its_own_configuration",
    ),
    Mutant(  # and needs TRL
        f"{_P}stage.py",
        "wanted = [*kind.packages,",
        'wanted = ["trl", "datasets",',
        f"{_C}test_the_plan_needs_what_it_trains_with_and_no_more[pairs]",
    ),
    Mutant(  # what the trainer does not save is lost
        f"{_P}export.py",
        "    complete(job, model)\n",
        "",
        f"{_C}test_it_learns_and_says_what_it_did[pairs]",
    ),
    Mutant(  # what is fed is not compared with what is shown
        f"{_P}train.py",
        "    if same is False:\n",
        "    if same is None:\n",
        f"{_C}test_a_trainer_that_feeds_other_tokens_than_shown_is_refused[pairs]",
    ),
    Mutant(  # a setting that changes weights does not change the name
        f"{_P}stage.py",
        "settings = {n: v for n, v in options.settings.items() if n not in ACCIDENTS}",
        "settings = {n: v for n, v in options.settings.items() if n in ACCIDENTS}",
        f"{_C}test_what_can_change_a_weight_is_in_its_name_and_what_cannot_is_not[pairs]",
    ),
]
