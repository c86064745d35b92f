"""Faults in methods that ask again: what is read, what is kept, what counts, what it costs."""

from mutant import Mutant

CALLS = "stages/calls.py"
POOLED = "stages/pooled.py"
LIVE = "stages/live.py"
EXPENSE = "stages/expense.py"
REVISE = "stages/revise.py"
SCORE = "dialogue/self_score.py"
TRUNCATE = "papers/inference_scaling/truncate.py"
_AGAIN = "tests/unit/dialogue/test_asking_again.py::"
_STAGES = "tests/unit/stages/test_live_stages.py::"
_CLASSES = "tests/unit/stages/test_answer_classes.py::"
_CUT = "tests/papers/inference_scaling/test_truncate.py::"
_BEGUN = "tests/unit/endpoint/test_begun_answers.py::"

LIVE_METHODS = [
    # what a judge says
    Mutant(  # the first number counts
        SCORE,
        'value = float(found[-1]["value"])',
        'value = float(found[0]["value"])',
        f"{_AGAIN}test_the_last_number_of_the_scale_is_the_score",
    ),
    Mutant(  # a number of any scale is a score
        SCORE,
        'int(found[-1]["most"]) != most',
        'int(found[-1]["most"]) < 0',
        f"{_AGAIN}test_the_last_number_of_the_scale_is_the_score",
    ),
    Mutant(  # an unread reply is a zero
        SCORE,
        "return _last_number(text, 0, _MOST)",
        "return _last_number(text, 0, _MOST) or 0.0",
        f"{_STAGES}test_a_judge_that_never_gives_a_number_shows_so_and_scores_nothing",
    ),
    Mutant(  # places are counted from one
        SCORE,
        "int(value) - 1",
        "int(value) % count",
        f"{_AGAIN}test_the_last_number_names_an_answer_of_the_list",
    ),
    Mutant(  # a thought that the cap cut is read
        POOLED,
        'return "" if begun else final(text)',
        "return final(text)",
        f"{_STAGES}test_of_a_judge_that_thinks_the_last_number_is_read_and_none_of_a_cut_thought",
    ),
    Mutant(  # a list without a verdict is its first answer
        "stages/self_score.py",
        "taken = members if place is None else [members[place]]",
        "taken = [members[place or 0]]",
        f"{_STAGES}test_a_judge_that_never_gives_a_number_shows_so_and_scores_nothing",
    ),
    # revision
    Mutant(  # every round is told the first answer
        "dialogue/revise.py",
        "        shown = said(record)\n",
        "        said(record)\n",
        f"{_AGAIN}test_a_revision_is_told_the_answer_before_it_alone",
    ),
    Mutant(  # two answers that say nothing agree
        "dialogue/revise.py",
        "if one == other and one >= 0",
        "if one == other",
        f"{_AGAIN}test_a_chain_stops_where_two_answers_agree",
    ),
    Mutant(  # flips are taken for each other
        REVISE,
        "lost=share([one > other for one, other in flips])",
        "lost=share([one < other for one, other in flips])",
        f"{_STAGES}test_flips_of_each_round_are_counted",
    ),
    Mutant(  # a stopped chain is paid for as a whole one
        REVISE,
        "spent = mean([chain.spent[place] for chain, place in pairs])",
        "spent = mean([chain.spent[number] for chain, _ in pairs])",
        f"{_STAGES}test_a_chain_that_agrees_at_once_spends_no_third_answer",
    ),
    Mutant(  # rounds wait for nothing
        REVISE,
        "reduce(Expense.then, spent[-1:], Expense()).then(spend(record))",
        "spend(record)",
        f"{_STAGES}test_a_chain_is_as_long_as_all_of_its_answers",
    ),
    # costs
    Mutant(  # draws beside each other are a chain
        EXPENSE,
        "longest = max((one.longest for one in expenses), default=0.0)",
        "longest = sum(one.longest for one in expenses)",
        f"{_STAGES}test_a_mixture_of_four_costs_a_call_more_than_a_vote_of_four",
    ),
    Mutant(  # the draws are free
        "stages/mixture.py",
        "spent = mean([before.then(spend(answer)) for before, answer in pairs])",
        "spent = mean([spend(answer) for _, answer in pairs])",
        f"{_STAGES}test_a_mixture_of_four_costs_a_call_more_than_a_vote_of_four",
    ),
    Mutant(  # scores are free
        "stages/self_score.py",
        "expenses = [spend(draw).then(spend(reply)) for draw, (_, reply) in pairs]",
        "expenses = [spend(draw) for draw, _ in pairs]",
        f"{_STAGES}test_tokens_are_those_of_the_records_and_of_the_calls_to_the_token",
    ),
    Mutant(  # prompts cost what answers do
        EXPENSE,
        "spent.prompt * engine.price_in",
        "spent.prompt * engine.price_out",
        f"{_STAGES}test_money_is_what_the_prices_say",
    ),
    # the cache of calls
    Mutant(  # another engine's answer is taken
        CALLS,
        '{"engine": self._identity, "request": as_json(request)}',
        '{"request": as_json(request)}',
        f"{_STAGES}test_another_request_or_another_engine_is_another_call",
    ),
    Mutant(  # an answer is known by its name alone
        CALLS,
        '"request": as_json(request)}',
        '"request": request.id}',
        f"{_STAGES}test_another_request_or_another_engine_is_another_call",
    ),
    Mutant(  # what is there is asked again
        CALLS,
        "keys = [key for key in ordered if key not in self._places]",
        "keys = list(ordered)",
        f"{_STAGES}test_more_rounds_or_a_larger_pool_ask_only_for_what_is_new",
    ),
    Mutant(  # a torn line is built on
        CALLS,
        "        handle.truncate(place)\n",
        "        handle.seek(place)\n",
        f"{_STAGES}test_wherever_it_is_killed_nothing_is_asked_twice_and_the_bytes_are_the_same",
    ),
    Mutant(  # calls stay in the order in which they came
        CALLS,
        "if places != sorted(places):",
        "if places != places:",
        f"{_STAGES}test_more_rounds_or_a_larger_pool_ask_only_for_what_is_new",
    ),
    Mutant(  # answers of other batches are taken over
        LIVE,
        "if trained or not (alone or isinstance(engine, Arriving)):",
        "if trained:",
        f"{_STAGES}test_answers_that_depend_on_their_batch_are_not_taken_over",
    ),
    Mutant(  # nothing is taken over
        LIVE,
        "if trained or not (alone or isinstance(engine, Arriving)):",
        "if trained or not isinstance(engine, Arriving):",
        f"{_STAGES}test_more_rounds_or_a_larger_pool_ask_only_for_what_is_new",
    ),
    Mutant(  # damage elsewhere ends the run
        CALLS,
        "with suppress(OSError, ValueError, KeyError, TypeError):  # no",
        "with suppress(OSError):  # no",
        f"{_STAGES}test_what_is_damaged_elsewhere_is_asked_again",
    ),
    Mutant(  # what has no room is sent all the same
        CALLS,
        "if room < 1:",
        "if room < 0:",
        f"{_STAGES}test_what_does_not_fit_the_context_is_not_sent_and_counts_as_unread",
    ),
    # classes and votes
    Mutant(  # merged keys are new answers
        POOLED,
        "found.number.setdefault(new, found.number[joined])",
        "found.number.setdefault(joined, found.number[joined])",
        f"{_CLASSES}test_keys_that_the_pool_merged_stay_merged",
    ),
    Mutant(  # two classes may be right
        POOLED,
        "if correct and self.gold is not None:",
        "if correct and self.gold is None and self.keys:",
        f"{_CLASSES}test_a_near_answer_joins_what_it_is_equal_to_and_one_class_is_right",
    ),
    Mutant(  # an answer that was not read votes for the first class
        POOLED,
        "[one for one in answers if one >= 0]",
        "[max(one, 0) for one in answers]",
        f"{_CLASSES}test_votes_are_of_the_answers_that_were_read",
    ),
    Mutant(  # pool and classes are of other draws
        POOLED,
        "if classes.id != sample.id or len(classes.of) != len(own):",
        "if classes.id != sample.id:",
        f"{_STAGES}test_classes_of_other_draws_are_refused",
    ),
    Mutant(  # a small pool is found out when it is drawn
        LIVE,
        "return None if there >= needed else",
        "return None if there else",
        f"{_STAGES}test_a_plan_refuses_more_draws_than_the_pool_will_have",
    ),
    # truncation
    Mutant(  # the end of the text is a part of the thinking
        TRUNCATE,
        "return bisect_left(range(len(ids) + 1), said(most), key=said)",
        "return most",
        f"{_CUT}test_a_draw_that_the_cap_cut_keeps_no_end_of_text",
    ),
    Mutant(  # kept text is read anew by the tokenizer
        TRUNCATE,
        "return (Part(text=text, ids=ids), *rest)",
        "return (Part(text=text), *rest)",
        f"{_CUT}test_kept_ids_say_the_kept_text_and_all_of_it_is_the_draw_itself",
    ),
    Mutant(  # a mark stands in the middle of a line
        TRUNCATE,
        "mark = self._gap(kept) + self._closing() + cue",
        "mark = self._closing() + cue",
        f"{_CUT}test_what_is_kept_is_closed_by_the_mark_of_the_draw",
    ),
    Mutant(  # the model goes on with the steps that were cut
        TRUNCATE,
        'stop = ("\\n",) if self._closing() == WORKED else ()',
        "stop = ()",
        f"{_CUT}test_the_first_line_behind_the_mark_is_the_answer",
    ),
    Mutant(  # what is kept is free
        TRUNCATE,
        "_kept(draw, shortened.tokens, spend).then(spend(reply))",
        "spend(reply)",
        f"{_CUT}test_what_is_kept_costs_a_call_of_its_own_and_is_sent_again",
    ),
    Mutant(  # a draw is cut that thought less than the budget
        TRUNCATE,
        'if method == "truncate" or tokens < thought.tokens:',
        'if method == "truncate" or tokens:',
        f"{_CUT}test_a_budget_above_the_thinking_leaves_the_draw_as_it_is",
    ),
    Mutant(  # the thinking of the whole draw is already there
        TRUNCATE,
        'draw.model_copy(update={"text": kept})',
        "draw",
        f"{_CUT}test_the_first_line_behind_the_mark_is_the_answer",
    ),
    # an answer that was begun
    Mutant(  # the beginning is no part of the prompt
        "engines/hf.py",
        "return self._encoded(request) + self._begun(request)",
        "return self._encoded(request)",
        f"{_CUT}test_with_all_of_its_thinking_a_model_gives_the_stored_answer_token_by_token",
    ),
    Mutant(  # ids are not sent as they are
        "engines/hf.py",
        "own = part.ids\n",
        "own = None\n",
        f"{_CUT}test_any_beginning_is_gone_on_with_as_if_it_had_just_been_said",
    ),
    Mutant(  # any endpoint is asked to go on
        "engines/endpoint/ask.py",
        "    if not spec.speaks_vllm:\n",
        "    if spec.speaks_vllm:\n",
        f"{_BEGUN}test_other_endpoints_refuse_in_one_line",
    ),
    Mutant(  # a server begins a turn of its own behind it
        "engines/endpoint/ask.py",
        '"add_generation_prompt": False}\n    return {"messages"',
        '"add_generation_prompt": True}\n    return {"messages"',
        f"{_BEGUN}test_servers_of_vllm_continue_the_last_turn",
    ),
]

_SHARED = (
    "tests/unit/stages/test_live_stages.py::test_the_prompt_of_draws_is_counted_once_as_of_votes"
)
SHARED = [
    Mutant(
        "stages/expense.py",
        "max(spent.cached, max(draws - 1, 0) * prompt)",
        "max(spent.cached, draws * prompt)",
        _SHARED,
    ),
    Mutant(
        "stages/expense.py",
        "max(spent.cached, max(draws - 1, 0) * prompt)",
        "max(draws - 1, 0) * prompt",
        "tests/unit/stages/test_live_stages.py::test_what_an_engine_found_in_its_cache_is_not_lost",
    ),
    Mutant(
        "stages/expense.py",
        "return sharing(beside(expenses), prompt, len(expenses))",
        "return beside(expenses)",
        _SHARED,
    ),
    Mutant(
        "stages/revise.py",
        "            spent = sharing(spent, problem.begun(problem.draws[: len(chains)]), size)\n",
        "",
        _SHARED,
    ),
    Mutant(
        "stages/self_score.py",
        "sharing(expected(expenses, size), problem.begun(draws), size)",
        "expected(expenses, size)",
        _SHARED,
    ),
]

_SEEN = "tests/papers/inference_scaling/test_pool_costs.py::"
ATTENDED = [
    Mutant(  # a token does not look at itself
        EXPENSE,
        "(last * (last + 1) - first * (first + 1)) / 2",
        "(last * (last - 1) - first * (first - 1)) / 2",
        f"{_SEEN}test_draws_cost_a_method_with_calls_what_they_cost_a_vote",
    ),
    Mutant(  # what a cache holds is computed again
        EXPENSE,
        "attended(spent.cached, spent.prompt + tokens)",
        "attended(0, spent.prompt + tokens)",
        f"{_SEEN}test_tokens_of_a_cache_look_at_nothing_again",
    ),
    Mutant(  # every draw looks at the prompt again
        EXPENSE,
        "spent.attended - again * attended(0, prompt)",
        "spent.attended",
        f"{_SEEN}test_draws_cost_a_method_with_calls_what_they_cost_a_vote",
    ),
    Mutant(  # several calls are taken for one
        EXPENSE,
        "if spent.calls == 1 else 0.0",
        "if spent.calls else 0.0",
        f"{_SEEN}test_where_tokens_of_several_calls_stood_is_not_known",
    ),
    Mutant(  # a row of zeros where nothing was counted before
        LIVE,
        'if not costs["attended"]:',
        'if costs["attended"] < 0:',
        f"{_SEEN}test_short_calls_are_written_as_before",
    ),
    Mutant(  # operations without those of the attention
        "papers/inference_scaling/gathered.py",
        "computed + seen",
        "computed",
        f"{_SEEN}test_tokens_of_a_cache_look_at_nothing_again",
    ),
]
