"""Faults in episodes: limits and endings, forms of calls, checks of calls, resuming, the wire."""

from mutant import Mutant

LOOP = "dialogue/agent/loop.py"
PLAY = "stages/play.py"
TURNS = "stages/turns.py"
PLAYING = "stages/playing.py"
ARGUMENTS = "tools/arguments.py"
_L = "tests/unit/dialogue/test_agent_loop.py::"
_F = "tests/unit/dialogue/test_call_formats.py::"
_S = "tests/unit/stages/test_agent_stage.py::"
_T = "tests/unit/tools/test_tools.py::"
_W = "tests/unit/endpoint/test_tool_calls.py::"

ENDINGS = [
    Mutant(  # one turn more than allowed
        LOOP,
        "if self.turns >= self.spec.max_turns:",
        "if self.turns > self.spec.max_turns:",
        f"{_L}test_every_ending_is_reached_and_counted",
    ),
    Mutant(  # good turns do not end a row of bad ones
        LOOP,
        "self.in_a_row = 0 if well else self.in_a_row + 1",
        "self.in_a_row += not well",
        f"{_L}test_only_calls_that_were_never_tried_are_malformed",
    ),
    Mutant(  # one wrong call among good ones makes a turn malformed
        LOOP,
        "self.tally.formed(any(fault not in FORM_FAULTS for fault in faults))",
        "self.tally.formed(all(fault not in FORM_FAULTS for fault in faults))",
        f"{_L}test_only_calls_that_were_never_tried_are_malformed",
    ),
    Mutant(  # a half answer stands for a whole one
        LOOP,
        "if cut and self.tally.left <= 0:",
        "if cut and self.tally.left < 0:",
        f"{_L}test_a_reply_that_the_budget_cut_is_no_answer",
    ),
    Mutant(  # the budget is that of the first reply
        LOOP,
        "return self.spec.max_tokens - self.tokens",
        "return self.spec.max_tokens",
        f"{_L}test_the_budget_of_a_reply_is_what_is_left",
    ),
    Mutant(  # asked for its answer with all tools
        LOOP,
        "said = yield from self._say((), final=True)",
        "said = yield from self._say(self.form.named(self.task.tools), final=True)",
        f"{_L}test_the_last_answer_is_asked_for_without_tools",
    ),
    Mutant(  # what a filter took is an answer
        LOOP,
        'if said.record is None or said.record.finish == "filtered":',
        "if said.record is None:",
        f"{_L}test_a_filtered_reply_is_none",
    ),
    Mutant(  # a control goes on for ever
        "dialogue/agent/acting.py",
        "if (limit := tally.used_up) is not None:",
        "if (limit := tally.used_up) is not None and not before:",
        f"{_L}test_a_control_acts_within_the_same_limits",
    ),
]

CALLS = [
    Mutant(  # calls above the limit are made
        LOOP,
        "allowed = min(most, len(asked.calls) if several else 1)",
        "allowed = len(asked.calls) if several else 1",
        f"{_L}test_calls_above_the_limit_are_refused_and_said_to_be",
    ),
    Mutant(  # two calls of one id
        LOOP,
        "taken = not call.id or call.id in self.ids or self.form.stepwise",
        "taken = not call.id or self.form.stepwise",
        f"{_L}test_the_chat_holds_all_that_was_said",
    ),
    Mutant(  # a step is made with the name of one that failed
        "dialogue/agent/plan_format.py",
        "        if not handle:\n            raise KeyError(name)\n",
        "",
        f"{_L}test_a_step_whose_step_failed_is_not_made_and_others_are",
    ),
    Mutant(  # what stands behind a submission is made
        LOOP,
        "            if asked.submitted is not None:\n                return True\n",
        "",
        f"{_L}test_what_stands_behind_a_submission_is_not_made",
    ),
    Mutant(  # the thinking is forgotten between turns
        "dialogue/agent/call_format.py",
        "calls=tuple(calls), reasoning=record.reasoning",
        "calls=tuple(calls)",
        f"{_F}test_a_reply_goes_back_to_the_letter_and_results_by_the_form",
    ),
]

FORMS = [
    Mutant(  # an observation of the model's own is taken for an answer
        "dialogue/agent/react_format.py",
        "text = text.partition(_OBSERVATION)[0]",
        "text = text.replace(_OBSERVATION, '')",
        f"{_F}test_the_first_action_counts_and_no_observation_of_the_models_own",
    ),
    Mutant(  # a fence in a command ends it
        "dialogue/agent/fenced_format.py",
        'fence = "`" * max(3, longest + 1)',
        'fence = "`" * max(3, longest)',
        f"{_F}test_a_fence_in_a_command_is_a_part_of_it",
    ),
    Mutant(  # of two blocks the first is run
        "dialogue/agent/fenced_format.py",
        "if closed is None or _OPEN.search(text, closed.end()):",
        "if closed is None:",
        f"{_F}test_what_cannot_be_read_is_a_fault",
    ),
    Mutant(  # of two keys of one name the last counts
        "dialogue/agent/json_format.py",
        "found = json_text.parse(held, exact=True)",
        "found = json_text.parse(held, strict=True)",
        f"{_F}test_one_object_is_one_call",
    ),
    Mutant(  # a step refers to itself
        "dialogue/agent/plan_format.py",
        "        later.remove(call.id)\n    return None",
        "    return None",
        f"{_F}test_a_plan_refers_to_earlier_steps_and_to_older_results",
    ),
]

CHECKS = [
    Mutant(  # a text is taken for a number
        "tools/tool.py",
        'extra="forbid", strict=True, allow',
        'extra="forbid", allow',
        f"{_T}test_a_call_that_does_not_fit_is_refused",
    ),
    Mutant(  # a later key of the same name counts
        ARGUMENTS,
        'call.arguments.strip() or "{}", exact=True',
        'call.arguments.strip() or "{}", strict=True',
        f"{_T}test_a_call_that_does_not_fit_is_refused",
    ),
    Mutant(  # the model's own words come back in an error
        ARGUMENTS,
        "There is no such tool. Tools:",
        "There is no tool {call.name}. Tools:",
        f"{_T}test_an_unknown_tool_is_told_which_there_are",
    ),
    Mutant(  # a number of 400 digits passes
        "core/json_text.py",
        '    "parse_int": _whole_number,\n',
        "",
        f"{_T}test_a_call_that_does_not_fit_is_refused",
    ),
    Mutant(  # a schema that says nothing of what is inside
        "tools/tool.py",
        "return _plain({**known[name], **beside}, known, tool, (*within, name))",
        'return {"type": "object"}',
        f"{_T}test_a_tool_is_told_as_it_is_checked",
    ),
    Mutant(  # known by what is shown of it
        "core/dialogue.py",
        "sha256=sha256(encoded).hexdigest()",
        "sha256=sha256(text.encode()).hexdigest()",
        f"{_T}test_a_long_observation_is_shown_by_its_ends_and_known_by_all_of_it",
    ),
]

RESUMING = [
    Mutant(  # a world that changed is not noticed
        PLAY,
        "elif (before.calls, before.observations) != (turn.calls, turn.observations):",
        "elif before.calls != turn.calls:",
        f"{_S}test_a_world_that_does_not_come_back_starts_its_episode_over_and_is_counted",
    ),
    Mutant(  # turns of an earlier attempt stay among those of the next
        TURNS,
        "        if turn.attempt > self._attempts.get(key, 1):\n"
        "            self._places[key] = []\n",
        "",
        f"{_S}test_a_world_that_does_not_come_back_starts_its_episode_over_and_is_counted",
    ),
    Mutant(  # a torn line is left where it is
        TURNS,
        "            handle.truncate(place)\n",
        "",
        f"{_S}test_recorded_answers_are_not_asked_again_and_calls_are_made_again",
    ),
    Mutant(  # recorded answers are asked for again
        PLAYING,
        "if all(record is not None for record in known):",
        "if False:",
        f"{_S}test_recorded_answers_are_not_asked_again_and_calls_are_made_again",
    ),
    Mutant(  # an answer that was paid for is lost with its calls
        PLAYING,
        "self.log.keep(self.key, self.play.attempt, self.play.turn, told)",
        "pass",
        f"{_S}test_an_answer_whose_calls_were_not_made_is_not_paid_for_twice",
    ),
    Mutant(  # turns stay in the order in which they came
        TURNS,
        "places = [place for key in keys for place in self._places.get(key, ())]",
        "places = sorted(place for held in self._places.values() for place in held)",
        f"{_S}test_a_world_that_does_not_come_back_starts_its_episode_over_and_is_counted",
    ),
    Mutant(  # a refused first turn looks like an episode
        PLAY,
        "        if self.turn == 1:\n            raise told\n",
        "",
        f"{_S}test_an_endpoint_without_tools_is_refused_in_its_own_words",
    ),
    Mutant(  # a world stays open where an episode ends in an error
        PLAYING,
        "        for play in block:\n            play.close()\n",
        "        pass\n",
        f"{_S}test_a_script_without_an_answer_is_one_line_and_closes_what_is_open",
    ),
    Mutant(  # what follows a break is counted, and not what was computed twice
        "dialogue/agent/token_audit.py",
        "again=len(old) - at,",
        "again=len(new) - at,",
        f"{_S}test_tokens_are_audited_turn_by_turn",
    ),
]

WIRE = [
    Mutant(  # an empty content beside calls
        "engines/endpoint/ask.py",
        '{**found, "content": None} if message.calls and not message.content else found',
        "found",
        f"{_W}test_a_call_its_thinking_and_its_answer_are_handed_back",
    ),
    Mutant(  # one broken call takes the others with it
        "engines/endpoint/reply.py",
        "tool_calls: Patient[tuple[Patient[_Call], ...]] = None",
        "tool_calls: Patient[tuple[_Call, ...]] = None",
        f"{_W}test_calls_come_back_with_their_ids_and_what_was_cached",
    ),
    Mutant(  # tools cost nothing
        "engines/endpoint/budget.py",
        "return begun + told + sum(",
        "return begun + sum(",
        f"{_W}test_tools_and_calls_count_against_a_budget",
    ),
    Mutant(  # calls cost nothing
        "engines/endpoint/budget.py",
        "len((message.content + message.reasoning).encode()) + called",
        "len((message.content + message.reasoning).encode())",
        f"{_W}test_tools_and_calls_count_against_a_budget",
    ),
    Mutant(  # two parsers are one engine
        "engines/vllm_server/engine.py",
        '**({} if spec.tool_parser is None else {"tool_parser": spec.tool_parser}),',
        "",
        f"{_W}test_the_parser_is_a_part_of_what_an_answer_depends_on",
    ),
    Mutant(  # a prompt that is too long is the engine's failure
        "engines/endpoint/call.py",
        "kind = ContextLengthError if long else",
        "kind = RequestError if long else",
        f"{_S}test_a_later_turn_that_is_refused_ends_its_episode_alone",
    ),
    Mutant(  # a conversation passes the budget
        "engines/endpoint/concurrency.py",
        "if self.budget.admits(request):",
        "if True:",
        f"{_S}test_a_budget_stops_between_two_turns_and_goes_on_with_more",
    ),
    Mutant(  # a call in the text is taken for none
        "dialogue/agent/trial.py",
        "in_text=any(mark in first.text for mark in _MARKS)",
        "in_text=False",
        f"{_S}test_an_endpoint_whose_calls_do_not_come_back_is_refused",
    ),
]
