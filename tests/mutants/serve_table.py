"""Faults of the server: who may ask, how long a client may take, and what an answer leaves."""

from mutant import Mutant

_STRANGERS = "tests/hostile/test_serve_strangers.py"
_SLOW = "tests/hostile/test_serve_slow.py"
_MEMORY = "tests/hostile/test_serve_memory.py"
_STALLS = "tests/hostile/test_serve_stalls.py"
_CONVERSING = "tests/unit/dialogue/test_conversing.py"
_SSE = "tests/unit/serve/test_streaming_endpoints.py"
_HALF = f"{_SLOW}::test_half_a_request_behind_a_whole_one_is_told_the_same"

ACCESS = [
    Mutant(  # the metrics are open, as the health is
        "serve/access.py",
        '_OPEN = ("/health",)',
        '_OPEN = ("/health", "/metrics")',
        f"{_STRANGERS}::test_without_the_key_nothing_is_said_on_any_path",
    ),
    Mutant(  # a time that tells how much of a key was right
        "serve/access.py",
        "right = hmac.compare_digest(_digest(given.strip()), self.digest)",
        "right = _digest(given.strip()) == self.digest",
        f"{_STRANGERS}::test_the_key_is_compared_in_constant_time",
    ),
    Mutant(  # any name that begins as ours
        "serve/access.py",
        "found = _HOST.fullmatch(host)\n        if found is None:",
        "found = _HOST.match(host)\n        if found is None:",
        f"{_STRANGERS}::test_a_name_that_is_not_ours_is_refused_on_every_path",
    ),
    Mutant(  # a page may ask whose origin is allowed or whose host is ours
        "serve/access.py",
        'for origin in headers.getlist("origin"):',
        'for origin in headers.getlist("origin") if scope["path"] != "/metrics" else ():',
        f"{_STRANGERS}::test_pages_are_refused_unless_they_are_allowed",
    ),
    Mutant(  # everybody, and no key
        "serve/access.py",
        "if key is None and ANY in named | pages:",
        "if key is None and ANY in named & pages:",
        f"{_STRANGERS}::test_names_that_are_none_and_everybody_without_a_key",
    ),
    Mutant(  # an empty variable is as good as none
        "serve/access.py",
        "if wanted is False or (key is None and wanted is None):",
        "if wanted is False or (not key and wanted is None):",
        f"{_STRANGERS}::test_a_key_that_cannot_be_is_refused_and_not_shown",
    ),
    Mutant(  # the type that a form can have
        "serve/body.py",
        'if kind != "application/json":',
        'if kind not in ("application/json", "text/plain"):',
        f"{_STRANGERS}::test_only_json_is_taken",
    ),
]

BODIES = [
    Mutant(  # the answer goes out while the client still writes
        "serve/app.py",
        "await self.refused(request, await drained(request, error))",
        "await self.refused(request, error)",
        f"{_STRANGERS}::test_every_refusal_reaches_a_client_that_sends_all_of_it_first",
    ),
    Mutant(  # messages are counted, and their parts are not
        "serve/chat.py",
        "for part in content if isinstance(content, list) else (content,):",
        "for part in content[:1] if isinstance(content, list) else (content,):",
        f"{_STRANGERS}::test_a_bad_body_is_one_line_and_no_fault_of_ours",
    ),
    Mutant(  # two readers, two lengths
        "serve/connection.py",
        'if {b"content-length", b"transfer-encoding"} <= {',
        'if {b"content-length", b"transfer-encoding", b"te"} <= {',
        f"{_STRANGERS}::test_what_is_no_http_is_told_so_and_ended",
    ),
    Mutant(  # a stream breaks in silence
        "serve/reply.py",
        'yield said(Refusal(500, "a fault of the server; see its log").body())\n        raise',
        "raise",
        f"{_STRANGERS}::test_a_fault_of_ours_later_ends_the_stream_with_an_error",
    ),
]

TIMES = [
    Mutant(  # each byte gives a client more time
        "serve/connection.py",
        "            super().data_received(data)\n",
        "            self.request = StallWatch(None, self.loop.time())\n"
        "            super().data_received(data)\n",
        f"{_SLOW}::test_a_byte_now_and_then_is_no_reason_to_wait",
    ),
    Mutant(  # what waits in the kernel alone is looked at, which a reader never fills again
        "serve/connection.py",
        "elif unread > limits.reader_seconds:",
        "elif unread > limits.reader_seconds and self.half_open:",
        f"{_SLOW}::test_a_reader_that_takes_nothing_is_ended_and_everything_upstream_with_it",
    ),
    Mutant(  # the newest makes room
        "serve/connection.py",
        "min(waiting, key=lambda one: one.request.since)",
        "max(waiting, key=lambda one: one.request.since)",
        f"{_SLOW}::test_who_waits_longest_makes_room",
    ),
    Mutant(  # answers make room too
        "serve/connection.py",
        'return self._stage()[0] in ("head", "body", "idle")',
        'return self._stage()[0] != "leaving"',
        f"{_SLOW}::test_answers_under_way_make_no_room",
    ),
    Mutant(  # a stream that has nothing to say is a reader that takes nothing
        "serve/connection.py",
        "            self.reader.still(None, now)\n            return 0.0",
        "            return self.reader.still(None, now)",
        f"{_SLOW}::test_a_stream_whose_speakers_are_slow_is_no_slow_reader",
    ),
    Mutant(  # turns are made anew for every request
        "dialogue/listener.py",
        "    @cached_property\n    def turns",
        "    @property\n    def turns",
        f"{_SLOW}::test_a_conversation_is_made_turns_once_for_all_requests",
    ),
]

MEMORY = [
    Mutant(  # caches stay until others push them out
        "serve/answerer.py",
        "            for speaker in speakers(self.spec):",
        "            for speaker in speakers(self.spec)[-1:]:",
        f"{_MEMORY}::test_no_cache_of_an_answer_that_is_over_or_was_left_is_kept",
    ),
    Mutant(  # forgotten before the step that makes it
        "engines/stream/hf.py",
        "_STEPS.submit(self.kept.pop, speaker, None)",
        "self.kept.pop(speaker + speaker, None)",
        f"{_MEMORY}::test_no_cache_of_an_answer_that_is_over_or_was_left_is_kept",
    ),
    Mutant(  # every long text for good
        "engines/render.py",
        "return self.encode(text) if len(text) < _LONG else self.encode_long(text)",
        "return self.encode(text)",
        f"{_MEMORY}::test_long_texts_are_remembered_for_an_answer_and_not_for_good",
    ),
    Mutant(  # all waiting requests of all speakers
        "engines/stream/sessions.py",
        "if found := self._waiting.pop(speaker, None):\n            self.drop([found])",
        "self._waiting.pop(speaker, None)",
        f"{_MEMORY}::test_a_request_of_vllm_that_waits_is_given_up_with_its_speaker",
    ),
]

BEHIND = [
    Mutant(  # a connection between two requests, though the second has begun
        "serve/connection.py",
        "        if self._has_begun():\n            self._unset",
        "        if not self._has_begun():\n            self._unset",
        _HALF,
    ),
    Mutant(  # nobody goes on with the second
        "serve/connection.py",
        "        super().on_response_complete()\n",
        "",
        _HALF,
    ),
    Mutant(  # ended without a word
        "serve/connection.py",
        'self._end("head", late if self._has_begun() else None)',
        'self._end("head", None if self._has_begun() else late)',
        _HALF,
    ),
    Mutant(  # whoever was answered once has begun
        "serve/connection.py",
        "return self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])",
        "return self.conn.their_state is h11.IDLE and self.cycle is not None",
        f"{_SLOW}::test_a_body_that_came_after_its_answer_is_no_half_of_the_next_request",
    ),
    Mutant(  # only what looks like a whole line
        "serve/connection.py",
        "bool(self.conn.trailing_data[0])",
        'b"\\n" in self.conn.trailing_data[0]',
        _HALF,
    ),
]

TOO_LONG = [
    Mutant(
        "engines/stream/refuse.py",
        "raise ContextLengthError(",
        "raise EngineError(",
        f"{_STALLS}::test_a_prompt_that_its_model_cannot_read_is_the_clients_to_shorten",
    ),
    Mutant(  # as if the model had failed
        "serve/app.py",
        "raise failed(error) from error",
        'raise Refusal(502, error.message, code="upstream_failed") from error',
        f"{_STALLS}::test_a_prompt_that_its_model_cannot_read_is_the_clients_to_shorten",
    ),
    Mutant(
        "serve/refusal.py",
        'param="messages", code="context_length_exceeded"',
        'code="context_length_exceeded"',
        f"{_STALLS}::test_a_prompt_that_its_model_cannot_read_is_the_clients_to_shorten",
    ),
    Mutant(  # one model that cannot read it speaks for all
        "dialogue/waiting.py",
        "asked = len(kinds) == 1 and isinstance(errors[0], RequestError)",
        "asked = isinstance(errors[0], RequestError)",
        f"{_CONVERSING}::test_a_prompt_that_none_can_read_is_too_long_and_one_that_some_cannot_is_not",
    ),
    Mutant(
        "dialogue/waiting.py",
        "if draft.failed and not draft.chunks]",
        "if draft.failed]",
        f"{_CONVERSING}::test_a_source_that_fails_after_its_first_chunk_has_spoken",
    ),
    Mutant(  # a fault of the endpoint that happens to speak of lengths
        "engines/stream/sse.py",
        "status in (400, None) and any(",
        "any(",
        f"{_SSE}::test_a_prompt_that_is_too_long_is_told_from_other_failures",
    ),
    Mutant(  # what is shown, not what was said, is looked at
        "engines/stream/sse.py",
        "any(mark in said for mark",
        "any(mark in said[:_SAID] for mark",
        f"{_SSE}::test_a_prompt_that_is_too_long_is_told_from_other_failures",
    ),
]

STALLS = [
    Mutant(  # bodies are read on the event loop
        "serve/app.py",
        "await asyncio.to_thread(parse_chat, body, self.limits)",
        "parse_chat(body, self.limits)",
        f"{_STALLS}::test_no_large_request_keeps_the_event_loop",
    ),
    Mutant(  # prompts are tokenised on the event loop
        "engines/stream/hf.py",
        "flow = await loop.run_in_executor(_STEPS, self._open, ask)",
        "flow = self._open(ask)",
        f"{_STALLS}::test_no_large_request_keeps_the_event_loop",
    ),
    Mutant(  # each full round of the collector looks at all that is loaded
        "serve/memory.py",
        "    gc.freeze()\n",
        "",
        "tests/unit/serve/test_kept_memory.py"
        "::test_what_is_loaded_is_left_out_of_later_collections",
    ),
    Mutant(  # before the models are there
        "cli/serve.py",
        "    keep_what_is_loaded()\n",
        "",
        "tests/hostile/test_serve_command.py::test_what_is_loaded_is_kept_before_anybody_asks",
    ),
    Mutant(  # the limits are looked at after everything was made of the body
        "serve/chat.py",
        '    _check_size(body.get("messages"), limits or Limits())\n',
        "",
        f"{_STALLS}::test_no_large_request_keeps_the_event_loop",
    ),
]

JSON = [
    Mutant(  # as json reads bytes
        "core/json_text.py",
        'raw if isinstance(raw, str) else raw.decode("utf-8-sig")',
        'raw if isinstance(raw, str) else raw.decode(json.detect_encoding(raw), "surrogatepass")',
        "tests/hostile/test_deep.py::test_bytes_that_are_no_utf_8",
    ),
    Mutant(
        "core/json_text.py",
        '{False: {}, True: {"parse_constant": _refuse_constant}}',
        "{False: {}, True: {}}",
        "tests/hostile/test_deep.py::test_what_python_calls_a_number_is_read_where_python_wrote_it",
    ),
    Mutant(
        "core/json_text.py",
        '{False: {}, True: {"parse_constant": _refuse_constant}}',
        '{told: {"parse_constant": _refuse_constant} for told in (False, True)}',
        "tests/hostile/test_deep.py::test_what_python_calls_a_number_is_read_where_python_wrote_it",
    ),
    Mutant(  # of a client NaN is a number
        "serve/chat.py",
        "json_text.parse(raw, strict=True)",
        "json_text.parse(raw)",
        f"{_STRANGERS}::test_a_bad_body_is_one_line_and_no_fault_of_ours",
    ),
    Mutant(  # another reader
        "serve/chat.py",
        "body = json_text.parse(raw, strict=True)",
        "from pydantic_core import from_json\n        body = from_json(raw, allow_inf_nan=False)",
        "tests/hostile/test_choke_points.py::test_json_of_strangers_is_read_by_one_function",
    ),
]
