"""Faults in the cage: what an attack, a cheat, a kill or a missing layer has to notice."""

from mutant import Mutant

ARGUMENTS, LAUNCH, LEFT = "sandbox/arguments.py", "sandbox/launch.py", "sandbox/left.py"
BOUND, SESSION, PUMP = "sandbox/bound.py", "sandbox/session.py", "sandbox/pump.py"
INSIDE, SCORER = "scoring/code/inside.py", "scoring/code/scorer.py"
_RED = "tests/sandbox/test_red_team.py::"
_SESSIONS = "tests/sandbox/test_cage_sessions.py::"
_FAULTS = "tests/sandbox/test_no_cage.py::"
_PROGRAMS = "tests/sandbox/test_code_scorer.py::"

POLICY = [
    Mutant(ARGUMENTS, '"--unshare-pid", ', "", f"{_RED}test_nothing_escapes"),
    Mutant(ARGUMENTS, '"--unshare-net", ', "", f"{_FAULTS}test_a_first_cage_is_as_it_should_be"),
    Mutant(  # what is bound can be written
        ARGUMENTS,
        'for word in ("--ro-bind", str(one.source), one.at)',
        'for word in ("--bind", str(one.source), one.at)',
        f"{_RED}test_nothing_escapes",
    ),
    Mutant(  # a user's namespaces can be nested: the filter sees it too, so the words are looked at
        ARGUMENTS, '"--seccomp", str(entry.seccomp), ', "", f"{_RED}test_nothing_escapes"
    ),
    Mutant(  # nobody keeps what setpriv needed
        ARGUMENTS,
        '"--bounding-set=-all", "--inh-caps=-all"',
        '"--inh-caps=-all"',
        f"{_RED}test_nothing_escapes",
    ),
    Mutant(  # process 1 keeps the environment of the host
        LAUNCH,
        "env={},  # process 1",
        "env=None,  # process 1",
        f"{_RED}test_nothing_escapes_from_a_users_cage",
    ),
]
LIMITS = [
    Mutant(
        ARGUMENTS,
        "resource.RLIMIT_NPROC: spec.processes",
        "resource.RLIMIT_NPROC: 4 * spec.processes",
        f"{_RED}test_nothing_escapes",
    ),
    Mutant(
        LAUNCH,
        "if self.people.memory(self.spec.memory) > self.spec.memory:",
        "if self.people.memory(self.spec.memory) > 9 * self.spec.memory:",
        f"{_RED}test_nothing_escapes",
    ),
    Mutant(
        LAUNCH,
        "scratch.names() > self.spec.files",
        "scratch.names() > 99 * self.spec.files",
        f"{_RED}test_nothing_escapes",
    ),
    Mutant(
        PUMP,
        "if sum(one.seen for one in self._streams) > OVER_OUTPUT * self.keep:",
        "if self._streams[0].seen > OVER_OUTPUT * self.keep:",
        f"{_RED}test_nothing_escapes",
    ),
    Mutant(
        LAUNCH,
        "os.sched_setaffinity(self.people.first, chosen)",
        "os.sched_setaffinity(self.people.first, mine)",
        f"{_RED}test_nothing_escapes",
    ),
]
ENDS = [
    Mutant(  # a cage outlives whoever started it
        ARGUMENTS,
        "kill -9 0; }} <&{life}",
        ":; }} <&{life}",
        f"{_SESSIONS}test_a_harness_killed_at_its_start_leaves_nothing",
    ),
    Mutant(  # only the shell is killed at the end of its time
        "sandbox/inhabitants.py",
        "self._send(others, signal.SIGKILL)",
        "self._send(others[:1], signal.SIGTERM)",
        f"{_SESSIONS}test_a_command_that_the_clock_ends_keeps_what_it_wrote",
    ),
    Mutant(  # limits hold while a command is waited for alone
        SESSION,
        "while not self._over.wait(TICK):",
        "while not self._over.wait(1e6):",
        f"{_SESSIONS}test_memory_that_stays_behind_is_ended_between_commands",
    ),
    Mutant(
        SESSION,
        'if killed == "files" or report.ended:',
        "if report.ended:",
        f"{_SESSIONS}test_too_many_names_end_the_session",
    ),
    Mutant(
        SESSION,
        "return status is not None and not status[0], False",
        "return False, False",
        f"{_SESSIONS}test_a_shell_that_ends_comes_again_in_the_same_folder",
    ),
]
READING = [
    Mutant(
        LEFT,
        "_RESOLVED = _BENEATH | _NO_LINKS | _NO_MAGIC | _NO_XDEV",
        "_RESOLVED = _BENEATH",
        f"{_SESSIONS}test_what_is_left_is_no_way_to_a_file_of_the_host",
    ),
    Mutant(
        LEFT,
        "if len(found) > most:",
        "if len(found) > most + 1:",
        f"{_SESSIONS}test_what_is_left_is_no_way_to_a_file_of_the_host",
    ),
    Mutant(
        BOUND,
        "if found.st_nlink != 1:",
        "if found.st_nlink > 2:",
        f"{_SESSIONS}test_a_tree_that_is_not_its_manifest_is_not_bound",
    ),
    Mutant(
        BOUND,
        "if _sha256(path) != left.pop(name):",
        "if not left.pop(name):",
        f"{_SESSIONS}test_a_tree_that_is_not_its_manifest_is_not_bound",
    ),
    Mutant(
        BOUND,
        "for lost in left:",
        "for lost in ():",
        f"{_SESSIONS}test_a_tree_that_is_not_its_manifest_is_not_bound",
    ),
]
PROBE = [
    Mutant(
        "sandbox/bubblewrap.py",
        'status.get("Seccomp") == "2"',
        'status.get("Seccomp") in ("0", "2")',
        f"{_FAULTS}test_a_cage_without_a_layer_is_seen_by_the_probe",
    ),
    Mutant(
        "sandbox/bubblewrap.py",
        "_holds(host not in said,",
        "_holds(host not in (),",
        f"{_FAULTS}test_a_cage_without_a_layer_is_seen_by_the_probe",
    ),
    Mutant(
        "sandbox/found.py",
        "if best.version < OLDEST:",
        "if best.version < (0, 3, 0):",
        f"{_FAULTS}test_bubblewrap_is_too_old",
    ),
    Mutant(
        "sandbox/bubblewrap.py",
        "if spec.cores > cores:",
        "if spec.cores > 1 << 20:",
        f"{_FAULTS}test_a_limit_that_the_machine_does_not_have_is_refused",
    ),
    Mutant(
        LAUNCH,
        'return SandboxError(f"there is no sandbox here: {why}: {line[:200]}"',
        'return SandboxError(f"there is no sandbox here: {why}: {said}"',
        f"{_FAULTS}test_what_bubblewrap_says_is_said_in_one_line",
    ),
]
PROGRAMS = [
    Mutant(  # the tests are in the child's memory
        INSIDE,
        "    line = _forked(told, keep_out=(aside, report))\n    job = json.loads(_all(aside))\n",
        "    job = json.loads(_all(aside))\n    line = _forked(told, keep_out=(aside, report))\n",
        f"{_PROGRAMS}test_no_cheat_passes",
    ),
    Mutant(  # the program can look into the process with the tests
        INSIDE,
        "prctl(_NOT_DUMPABLE, 0, 0, 0, 0)",
        "prctl(_NOT_DUMPABLE, 1, 0, 0, 0)",
        f"{_PROGRAMS}test_no_cheat_passes",
    ),
    Mutant(  # the tests come by standard input, which process 1 holds as well
        SCORER,
        "for line in done.report.split",
        "for line in done.stdout.split",
        f"{_PROGRAMS}test_an_outcome_is_said_with_the_first_test_that_fails",
    ),
    Mutant(  # an object with an opinion of its own
        INSIDE,
        'return ["o", type(value).__name__]',
        'return ["i", "0x3"]',
        f"{_PROGRAMS}test_an_object_crosses_as_what_it_is_made_of_or_equals_nothing",
    ),
    Mutant(  # an early end is a pass
        SCORER,
        'outcome = _KILLED.get(done.killed, "lost")',
        "outcome = _KILLED.get(done.killed, _PASSED)",
        f"{_PROGRAMS}test_no_cheat_passes",
    ),
    Mutant(  # what does not compile is wrong, not unparsed
        SCORER,
        "read = None if found.outcome == _NO_PROGRAM else _shown(found)",
        "read = _shown(found)",
        f"{_PROGRAMS}test_an_outcome_is_said_with_the_first_test_that_fails",
    ),
    Mutant(
        INSIDE,
        "place += isinstance(statement, ast.Assert | ast.Expr)",
        "place += 1 - place",
        f"{_PROGRAMS}test_an_outcome_is_said_with_the_first_test_that_fails",
    ),
    Mutant(
        SCORER,
        "wanted or next(iter(blocks)",
        "next(iter(blocks)",
        f"{_PROGRAMS}test_the_program_of_an_answer_is_the_block_that_defines_the_function",
    ),
    Mutant(
        "stages/score.py",
        "sizes = [1 << power for power in range(self.draws.bit_length())]",
        "sizes = [1 << power for power in range(self.draws.bit_length() - 1)]",
        f"{_PROGRAMS}test_of_several_draws_the_share_with_a_right_one_is_given",
    ),
]
