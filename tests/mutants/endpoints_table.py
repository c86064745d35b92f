"""Faults of endpoints' answers, of what the server takes, of templates, and of streams of text."""

from mutant import Mutant

_REPLIES = "tests/unit/endpoint/test_replies.py"
_FAULTS = "tests/unit/endpoint/test_faults.py"
_STREAMS = "tests/unit/serve/test_streaming_endpoints.py"
_SERVING = "tests/unit/serve/test_serving.py"
_RENDER = "tests/unit/engines/test_render.py::test_ids_are_the_templates_own_or_one_line_refuses"
_CLOCK = "tests/unit/engines/test_clock.py"
_AUDIT = "tests/unit/audit/test_planted_faults.py"
_CLI = "tests/unit/cli/test_output_streams.py"

ANSWERS = [
    Mutant(  # a count that cannot be read throws the answer away
        "engines/endpoint/reply.py",
        "_Count = Patient[Annotated[int, Field(ge=0)]]",
        "_Count = Annotated[int, Field(ge=0)] | None",
        f"{_REPLIES}::test_what_was_counted_is_kept_and_the_rest_is_estimated",
    ),
    Mutant(
        "engines/endpoint/reply.py",
        "    usage: Patient[_Usage] = None",
        "    usage: _Usage | None = None",
        f"{_REPLIES}::test_nothing_beside_the_text_throws_an_answer_away[0.5]",
    ),
    Mutant(  # -Infinity is written, and cannot be read
        "engines/endpoint/reply.py",
        "tuple(max(one, LEAST_LOGPROB) for one in known)",
        "tuple(one for one in known)",
        f"{_REPLIES}::test_log_probabilities_are_numbers_that_can_be_written",
    ),
    Mutant(  # a list of some tokens stands for all
        "engines/endpoint/reply.py",
        "for one in known) if len(known) == len(found) else ()",
        "for one in known)",
        f"{_REPLIES}::test_log_probabilities_are_numbers_that_can_be_written",
    ),
    Mutant(  # what was thought is nowhere
        "engines/endpoint/reply.py",
        "return self.reasoning_content or self.reasoning or self.content.thought",
        "return self.reasoning_content or self.content.thought",
        f"{_REPLIES}::test_what_was_thought_is_kept_apart_from_the_text[reasoning]",
    ),
    Mutant(  # thinking among what was said
        "engines/endpoint/content.py",
        "for part, inner in pairs if not inner for text",
        "for part, inner in pairs for text",
        f"{_REPLIES}::test_contents_in_parts",
    ),
    Mutant(
        "engines/endpoint/reply.py",
        'content.decode("utf-8-sig", errors="replace")',
        'content.decode("utf-8", errors="replace")',
        f"{_REPLIES}::test_bodies_that_are_not_quite_json",
    ),
    Mutant(
        "engines/endpoint/reply.py",
        'errors="replace"), mend=True)',
        'errors="replace"))',
        f"{_REPLIES}::test_contents_in_parts",
    ),
    Mutant(  # an endpoint that does not count is asked for ever
        "engines/endpoint/budget.py",
        "        received = len((record.text + record.reasoning).encode()) * _TOKENS_PER_BYTE\n",
        "        received = 0\n",
        f"{_REPLIES}::test_what_was_counted_is_kept_and_the_rest_is_estimated",
    ),
]

ENDS = [
    Mutant(  # an unknown end is a whole answer, whatever its length
        "engines/endpoint/reply.py",
        'if reason != "stop" and tokens >= request.sampler.max_tokens:',
        'if reason == "stop" and tokens >= request.sampler.max_tokens:',
        f"{_REPLIES}::test_an_end_without_a_word_is_told_by_its_length",
    ),
    Mutant(
        "engines/endpoint/reply.py",
        '    if choice.message.refusal:\n        return "filtered"\n',
        "",
        f"{_REPLIES}::test_a_refusal_is_what_was_said_and_an_end_of_its_own",
    ),
    Mutant(  # a filtered prompt ends the run
        "engines/endpoint/call.py",
        "        if is_filter(error):\n            return FILTERED\n",
        "",
        f"{_REPLIES}::test_a_prompt_that_a_filter_takes_is_an_answer_of_its_own",
    ),
    Mutant(
        "engines/endpoint/ending.py",
        'words = (error.get("code"), error.get("type"), _code(inner))',
        'words = (error.get("code"), error.get("type"))',
        f"{_REPLIES}::test_a_prompt_that_a_filter_takes_is_an_answer_of_its_own",
    ),
    Mutant(  # what an error under 200 means is asked again for ever
        "engines/endpoint/call.py",
        "error, status = told.error, _status_of(told.error)",
        "error, status = told.error, 500",
        f"{_FAULTS}::test_an_end_is_one_line_and_what_was_in_flight_is_kept[refused under 200]",
    ),
    Mutant(  # half of an answer is one
        "engines/endpoint/reply.py",
        "    if choice.finish_reason in FAILED:\n",
        "    if choice.finish_reason in ():\n",
        f"{_FAULTS}::test_a_fault_that_passes_leaves_no_trace_in_the_answers[broke off]",
    ),
    Mutant(  # an arm that was filtered is like any other
        "audit/completions.py",
        'lambda r: r.finish == "filtered", *FILTERED',
        "lambda r: False, *FILTERED",
        f"{_AUDIT}::test_what_most_arms_have_not_is_said_of_those_that_have_it",
    ),
    Mutant(  # a report as if nothing had been filtered
        "report/findings.py",
        "found = [one for arm in known.arms if (one := known.alone(names.FILTERED, arm))]",
        "found: list[Figure] = []",
        "tests/unit/report/test_measure.py"
        "::test_what_a_filter_took_is_a_share_and_a_caution_and_else_not_written",
    ),
    Mutant(  # committed outcomes forget it
        "report/outcomes/retest.py",
        '"stopped": "stop", "filtered": "filtered"}',
        '"stopped": "stop"}',
        "tests/unit/report/test_outcomes.py::test_every_end_is_read_back",
    ),
    Mutant(
        "audit/completions.py",
        'if record.finish == "filtered":',
        'if record.finish == "length":',
        f"{_AUDIT}::test_a_quarter_of_filtered_answers_fails_and_they_are_not_empty_or_alike",
    ),
]

EVENTS = [
    Mutant(  # Python's idea of a line
        "engines/stream/sse.py",
        "    async for line in _lines(response):",
        "    async for line in response.aiter_lines():",
        f"{_STREAMS}::test_an_event_ends_where_its_line_does",
    ),
    Mutant(
        "engines/stream/sse.py",
        'line.removesuffix(b"\\r").decode("utf-8-sig" if first else "utf-8", "replace")',
        'line.removesuffix(b"\\r").decode("utf-8", "replace")',
        f"{_STREAMS}::test_an_event_ends_where_its_line_does",
    ),
    Mutant(  # an event of two lines is none
        "engines/stream/sse.py",
        "        if not over:\n            return None\n",
        "",
        f"{_STREAMS}::test_an_event_ends_where_its_line_does",
    ),
    Mutant(  # a filtered answer broke off
        "engines/stream/endpoint.py",
        'return (ending_of(reason) or "eos") if reason else None',
        'return ending_of(reason) if reason != "content_filter" else None',
        f"{_STREAMS}::test_a_stream_may_end_with_any_word",
    ),
    Mutant(
        "engines/stream/endpoint.py",
        '            "presence_penalty": sampler.presence_penalty or None,\n',
        "",
        f"{_STREAMS}::test_no_setting_of_the_sampler_is_dropped",
    ),
    Mutant(
        "engines/stream/endpoint.py",
        "            **(of_vllm(sampler) if self.spec.speaks_vllm else {}),\n",
        "",
        f"{_STREAMS}::test_no_setting_of_the_sampler_is_dropped",
    ),
]

FIELDS = [
    Mutant(  # a typo is no field
        "serve/chat.py",
        "        if name not in _USUAL:\n",
        "        if name not in _USUAL and False:\n",
        f"{_SERVING}::test_a_typo_is_told_what_was_meant",
    ),
    Mutant(
        "serve/chat.py",
        "if value is not None and value not in _USUAL[name]:",
        "if value and value not in _USUAL[name]:",
        f"{_SERVING}::test_what_would_change_an_answer_is_refused_by_its_name[add_generation_prompt]",
    ),
    Mutant(
        "serve/chat.py",
        "if value is not None and value not in _USUAL[name]:",
        "if value not in _USUAL[name]:",
        f"{_SERVING}::test_what_means_the_default_is_accepted",
    ),
    Mutant(  # a field that is read and not used
        "serve/chat.py",
        '"top_p": self.top_p, "top_k": top_k}',
        '"top_p": self.top_p}',
        f"{_SERVING}::test_what_means_the_default_is_accepted",
    ),
    Mutant(
        "serve/chat.py",
        'if name not in _OF_A_TURN and value not in (None, "", [], {}):',
        'if name not in _OF_A_TURN and value not in (None, ""):',
        f"{_SERVING}::test_an_answer_may_be_sent_back_as_it_came",
    ),
    Mutant(  # who asks for what cannot be is told to ask again
        "serve/refusal.py",
        "    if isinstance(error, RequestError):\n",
        "    if isinstance(error, TurnsError):\n",
        f"{_SERVING}::test_whose_fault_a_failure_is",
    ),
    Mutant(
        "serve/app.py",
        'self._check_name(request.path_params["name"])\n        ',
        "",
        f"{_SERVING}::test_the_models",
    ),
]

TEMPLATES = [
    Mutant(  # a turn is sent with the space that the template takes away
        "engines/render.py",
        "parts = [trimmed(turn.parts, *sides) for turn, sides in pairs]",
        "parts = [list(turn.parts) for turn, sides in pairs]",
        _RENDER,
    ),
    Mutant(
        "engines/render.py",
        "return _cut(found[::-1], str.rstrip)[::-1] if right else found",
        "return _cut(found[::-1], str.rstrip)[::-1] if left else found",
        _RENDER,
    ),
    Mutant(  # a template that cuts a turn is taken at its word
        "engines/render.py",
        "if text != self._rendered([(turn.role, turn.content) for turn in turns]):",
        "if not text:",
        _RENDER,
    ),
    Mutant(  # sentencepiece puts a space before each part
        "engines/render.py",
        'return bool(decode(alone) == decode(list(self._encode("".join(pieces)))))',
        "return bool(alone)",
        _RENDER,
    ),
    Mutant(
        "engines/render.py",
        "if not frame.joins or all(len(own) == 1 and own[0].ids is None for own in parts):",
        "if not frame.joins:",
        _RENDER,
    ),
    Mutant(  # the clock of the machine
        "core/templates/dialect.py",
        "return (datetime.fromisoformat(day) if day else datetime.now()).strftime(format)",
        "return datetime.now().strftime(format)",
        f"{_CLOCK}::test_a_clock_shows_the_day_that_was_asked_for",
    ),
    Mutant(
        "core/templates/dialect.py",
        "{_SETS_DAY.sub('', template, count=1)}",
        "{template}",
        f"{_CLOCK}::test_the_last_word_on_the_day_counts",
    ),
    Mutant(  # a block that begins a template loses its line
        "core/templates/dialect.py",
        "{{% set {_DAY} = '{day}' %}}\\n{_SETS",
        "{{% set {_DAY} = '{day}' %}}{_SETS",
        f"{_CLOCK}::test_holding_the_clock_changes_nothing_else",
    ),
    Mutant(  # two days under one name
        "engines/size.py",
        'return {"date": spec.date} if known else {}',
        'return {"date": spec.date} if known and spec.date != DATE else {}',
        f"{_CLOCK}::test_a_day_is_in_the_name_of_what_depends_on_it_alone",
    ),
    Mutant(  # every model has a new name
        "engines/size.py",
        "known = spec.date != DATE if folder is None else reads_clock(folder)",
        "known = spec.date != DATE or folder is not None",
        f"{_CLOCK}::test_a_day_is_in_the_name_of_what_depends_on_it_alone",
    ),
    Mutant(  # a hint that cannot help
        "engines/hf.py",
        "if room < 1:  # no shorter answer fits either",
        "if False:",
        f"{_CLOCK}::test_a_hint_says_what_can_help",
    ),
    Mutant(
        "engines/pretrained.py",
        'hint = NO_SYSTEM if has_system else "use another model"',
        'hint = "use another model"',
        f"{_CLOCK}::test_a_hint_says_what_can_help",
    ),
    Mutant(  # a question that ends its own turn is a question
        "audit/prompts.py",
        "        if self.bad:\n            yield Check(",
        "        if self.bad > 1:\n            yield Check(",
        f"{_AUDIT}::test_what_most_arms_have_not_is_said_of_those_that_have_it",
    ),
]

TEXT = [
    Mutant(
        "cli/__init__.py",
        "    _write_what_can_be_written()\n",
        "",
        f"{_CLI}::test_whatever_a_stream_cannot_hold_it_takes_all_the_same",
    ),
]
