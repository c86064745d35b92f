"""Faults of the server: who may ask, how long a client may take, and what an answer leaves."""

from mutant import Mutant

_STRANGERS = "tests/hostile/test_serve_strangers.py"
_SLOW = "tests/hostile/test_serve_slow.py"
_MEMORY = "tests/hostile/test_serve_memory.py"

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
        "serve/gate.py",
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
        "            self.heard = True\n",
        "            self.heard, self.request = True, Watch(None, self.loop.time())\n",
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
        "methods/ensemble/listener.py",
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
        "return self.encode(part.text) if len(part.text) < _LONG else self.encode_long(part.text)",
        "return self.encode(part.text)",
        f"{_MEMORY}::test_long_texts_are_remembered_for_an_answer_and_not_for_good",
    ),
    Mutant(  # all waiting requests of all speakers
        "engines/stream/sessions.py",
        "if found := self._waiting.pop(speaker, None):\n            self.drop([found])",
        "self._waiting.pop(speaker, None)",
        f"{_MEMORY}::test_a_request_of_vllm_that_waits_is_given_up_with_its_speaker",
    ),
]
