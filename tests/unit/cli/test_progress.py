"""What is known of a run, in a line: laws of time that is left, logs that are never silent.

No test here waits: the clock is given.
"""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.cli import screen
from llmx.cli.progress import Course, Log, clock_time, shortened
from llmx.graph.observer import Expecting, Observer


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Told:
    """A display that keeps what it is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.over: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def ended(self, work, seconds: float) -> None:
        self.over.append(work.title)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def course(clock: Clock) -> Course:
    made = Course(clock)
    made.display = Told()
    return made


@pytest.fixture
def log(course: Course, capsys) -> Log:
    course.display = Log(course, lambda: f"T{course.clock():.0f}")
    return course.display


def test_a_course_is_what_a_run_tells(course: Course) -> None:
    assert isinstance(course, Expecting)
    calls = [name for name in vars(Observer) if not name.startswith("_")]
    assert [name for name in calls if not hasattr(course, name)] == []


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0:00"),
        (59.9, "0:59"),
        (62, "1:02"),
        (3599, "59:59"),
        (3600, "1:00:00"),
        (7325, "2:02:05"),
    ],
)
def test_times(seconds: float, shown: str) -> None:
    assert clock_time(seconds) == shown


# --- what is left


@given(
    stages=st.lists(st.floats(1, 1000), min_size=1, max_size=6),
    slower=st.floats(0.01, 100),
    over=st.integers(0, 5),
    share=st.floats(0.1, 1),
)
def test_what_is_left_follows_the_machine_where_the_plan_has_the_shares(
    stages, slower, over, share
) -> None:
    """Estimates that are all wrong by one factor give the right time once a part is done."""
    clock = Clock()
    course = Course(clock)
    course.display = Told()
    estimates = {f"stage {n}": seconds for n, seconds in enumerate(stages)}
    course.planned(len(stages), 0)
    course.expect(estimates, sum(stages))
    over = min(over, len(stages) - 1)
    for title in list(estimates)[:over]:
        course.started(title)
        clock.now += estimates[title] * slower
        course.finished(title, estimates[title] * slower)
    now = f"stage {over}"
    course.started(now).start(1000)
    clock.now += estimates[now] * slower * round(share * 1000) / 1000
    course.work[now].advance(round(share * 1000))
    real = sum(stages[over:]) * slower - estimates[now] * slower * round(share * 1000) / 1000
    done = sum(stages) - real / slower
    if done >= 0.02 * sum(stages):
        assert course.left() == pytest.approx(real, rel=1e-6, abs=1e-6)
    else:
        assert course.left() == pytest.approx(real / slower, rel=1e-6, abs=1e-6)


def test_what_an_earlier_try_did_took_no_time_of_this_one(course: Course, clock: Clock) -> None:
    course.planned(1, 0)
    course.expect({"generate a": 100.0}, 100.0)
    bar = course.started("generate a")
    bar.start(100, 80)
    clock.now += 50
    bar.advance(10)
    assert course.left() == pytest.approx(50)
    assert course.work["generate a"].left == pytest.approx(50)
    assert course.work["generate a"].rate == pytest.approx(0.2)


def test_before_there_is_evidence_the_plan_s_time_in_all_processes_counts(course: Course) -> None:
    course.planned(2, 0)
    course.expect({"a": 60.0, "b": 60.0}, 60.0)
    assert course.left() == pytest.approx(60)


def test_without_estimates_the_stage_at_work_is_what_is_known(course: Course, clock: Clock) -> None:
    course.planned(2, 0)
    assert course.left() is None and "left" not in course.footer()
    bar = course.started("a")
    bar.start(10)
    clock.now += 5
    bar.advance(5)
    assert course.left() == pytest.approx(5)


# --- the line of the whole run


def busy(course: Course, clock: Clock) -> None:
    course.planned(18, 4)
    course.expect({"generate fsd_h_mid@seed=1": 100.0, "score x": 20.0}, 120.0)
    bar = course.started("generate fsd_h_mid@seed=1")
    bar.start(256)
    clock.now += 62
    bar.advance(128)
    bar.scored(91, 128)


def test_the_footer_says_how_far_how_long_how_fast_and_how_right(course, clock) -> None:
    busy(course, clock)
    assert course.footer() == (
        "4 of 18 stages, 1:02 elapsed, 1:26 left, 2.1 samples/s, "
        "accuracy 71.1 % of 128 (generate fsd_h_mid@seed=1)"
    )


def test_the_footer_fits_and_drops_what_matters_least(course, clock) -> None:
    busy(course, clock)
    lines = {width: course.footer(width) for width in range(40, 140)}
    assert all(len(line) <= width for width, line in lines.items())
    assert all(
        line.startswith("4 of 18 stages, 1:02 elapsed, 1:26 left") for line in lines.values()
    )
    assert "accuracy 71.1 % of 128" in lines[79] and "samples/s" in lines[79]
    assert lines[66].endswith("accuracy 71.1 % of 128") and "samples/s" not in lines[66]
    assert len(lines[40]) <= len(lines[80]) <= len(lines[120])
    assert course.footer(10) == lines[40] == "4 of 18 stages, 1:02 elapsed, 1:26 left"


@pytest.mark.parametrize(
    ("rate", "shown"),
    [(0.0, ""), (0.1, "6.0 steps/min"), (0.5, "0.5 steps/s"), (8.44, "8.4 steps/s"),
     (120, "120 steps/s"), (12345, "12,345 steps/s")],
)  # fmt: skip
def test_rates_are_readable(course, clock, rate: float, shown: str) -> None:
    bar = course.started("a")
    bar.start(10**9, unit="steps")
    clock.now += 100
    bar.advance(round(rate * 100))
    assert course.work["a"].speed() == shown


def test_stages_are_counted_once_and_those_of_other_processes_too(course) -> None:
    course.planned(4, 1)
    course.started("a")
    course.waiting("b", 77, 3, 10)
    course.finished("a", 2.0)
    course.finished("a", 0.0)  # the output had gone, and was made again
    assert course.done == 2 and "process 77" in course.work["b"].line()
    course.finished("b", 0.0)
    course.finished("c", 0.0)
    assert course.done == 4 and course.work == {} and course.display.over == ["a", "a", "b", "c"]


@given(st.lists(st.lists(st.text("abc", max_size=8), max_size=4), min_size=1), st.integers(0, 40))
def test_the_first_form_that_fits_is_taken(forms, width) -> None:
    lines = [", ".join(word for word in form if word) for form in forms]
    fitting = [line for line in lines if len(line) <= width]
    assert shortened(forms, width) == (fitting[0] if fitting else lines[-1])
    assert shortened(forms, None) == lines[0]


# --- a log


def test_two_hours_of_training_in_a_log_are_never_silent(log, course, clock, capsys) -> None:
    course.planned(3, 0)
    bar = course.started("train policy")
    bar.start(7200, unit="steps")
    last, silent = clock.now, 0.0
    capsys.readouterr()
    lines: list[str] = []
    for _ in range(7200):
        clock.now += 1
        bar.advance()
        log.tick()
        if new := capsys.readouterr().err.splitlines():
            lines += new
            silent, last = max(silent, clock.now - last), clock.now
    assert silent <= 31 and 200 <= len(lines) <= 241
    assert lines[59] == (
        f"T{100 + 60 * 30}  train policy: 1,800 of 7,200 steps, 1.0 steps/s, 1:30:00 left; "
        "0 of 3 stages, 30:00 elapsed, 1:30:00 left, 1.0 steps/s"
    )


def test_a_log_says_what_each_stage_did_at_its_end(log, course, clock, capsys) -> None:
    course.planned(2, 0)
    course.expect({"generate a": 30.0, "score a": 10.0}, 40.0)
    bar = course.started("generate a")
    bar.start(64)
    clock.now += 12
    bar.advance(64)
    course.finished("generate a", 12.3)
    course.finished("score a", 0.04)
    assert capsys.readouterr().err.splitlines() == [
        "T100  2 stages, 0 of them done already",
        "T112  done  generate a  12.3 s, 64 samples; 1 of 2 stages, 0:12 elapsed, 0:04 left",
        "T112  done  score a  0.0 s; 2 of 2 stages, 0:12 elapsed, 0:00 left",
    ]


@pytest.mark.parametrize("state", ["planning", "nothing at work", "loading", "waiting"])
def test_a_log_speaks_whatever_is_waited_for(log, course, clock, capsys, state: str) -> None:
    if state != "planning":
        course.planned(3, 0)
    if state == "loading":
        course.started("generate a").note("vLLM: loading weights")
    if state == "waiting":
        course.waiting("generate a", 12, 0, 0)
    capsys.readouterr()
    clock.now += 29
    log.tick()
    assert capsys.readouterr().err == ""
    clock.now += 2
    log.tick()
    (line,) = capsys.readouterr().err.splitlines()
    said = {"planning": "planning", "loading": "vLLM: loading weights, 0:31"}
    said |= {"nothing at work": "0 of 3 stages", "waiting": "process 12: starting, 0:31"}
    assert said[state] in line and "0:31 elapsed" in line


def test_any_line_puts_the_next_off(log, course, clock, capsys) -> None:
    clock.now += 25
    course.note("a line")
    clock.now += 25
    log.tick()
    assert len(capsys.readouterr().err.splitlines()) == 1


# --- a terminal


class Wide:
    """What stands for rich's console: a width, an encoding, and what was printed."""

    def __init__(self, width: int, encoding: str = "utf-8") -> None:
        self.width, self.encoding = width, encoding
        self.printed: list[str] = []

    def print(self, text: str, **_: object) -> None:
        self.printed.append(text)


def drawn(course: Course, width: int = 80, encoding: str = "utf-8") -> screen.Screen:
    made = screen.Screen(course)
    made._console, made._unicode = Wide(width, encoding), encoding == "utf-8"
    course.display = made
    return made


@pytest.mark.parametrize("state", ["planning", "nothing at work", "loading", "at work", "waiting"])
def test_nothing_is_still_for_two_seconds(course, clock, state: str) -> None:
    shown = drawn(course)
    if state != "planning":
        course.planned(3, 0)
    if state in ("loading", "at work"):
        bar = course.started("generate a")
        if state == "at work":
            bar.start(100)
    if state == "waiting":
        course.waiting("generate a", 12, 3, 10)
    seen = []
    for _ in range(40):
        clock.now += 0.5
        seen.append("\n".join(shown.lines()))
    assert all(one != other for one, other in pairwise(seen))
    assert "elapsed" in seen[0] and (state != "loading" or "starting, 0:20" in seen[-1])


@pytest.mark.parametrize("width", [20, 40, 80, 120])
def test_what_is_drawn_fits(course, clock, width: int) -> None:
    shown = drawn(course, width)
    busy(course, clock)
    for n in range(9):
        course.started(f"generate an_arm_with_a_long_name@seed={n}").start(10**6)
    lines = shown._drawn().plain.split("\n")
    assert max(map(len, lines)) < width and len(lines) == 8
    assert width < 80 or "128 of 256 samples" in lines[0]


def test_long_stages_have_a_line_and_short_ones_share_one(course, clock) -> None:
    shown = drawn(course)
    with_title = [("score a", 0.2), ("generate b", 3.0), ("score b", 0.3), ("audit b", 0.4)]
    for title, seconds in with_title:
        course.finished(title, seconds)
    assert shown._console.printed == ["done     generate b  3.0 s"]
    assert next(shown.lines()) == "done     3 short stages  0.9 s"
    shown.__exit__()
    assert shown._console.printed[1:] == ["done     3 short stages  0.9 s"]


def test_one_short_stage_keeps_its_name(course) -> None:
    shown = drawn(course)
    course.finished("score a", 0.2)
    assert next(shown.lines()) == "done     score a  0.2 s"


def test_a_terminal_without_such_letters_gets_others(course, clock) -> None:
    shown = drawn(course, encoding="latin-1")
    busy(course, clock)
    assert "\n".join(shown.lines()).isascii()
    assert "  ####..... " in "\n".join(shown.lines())


def test_a_title_cannot_steer_the_terminal(course) -> None:
    shown = drawn(course)
    course.started("generate \x1b[31m")
    course.note("it is \x1b]0;mine\x07")
    assert "\x1b" not in shown._drawn().plain + "".join(shown._console.printed)
