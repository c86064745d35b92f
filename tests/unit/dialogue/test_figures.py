"""Numbers that are read off events and rows, by hand-worked examples."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.events import ANSWER, Event
from llmx.core.figure import Span, joined
from llmx.core.record import as_json
from llmx.dialogue.redundancy import overlap, restarts
from llmx.dialogue.timing import timing
from llmx.report.ensemble.figures import figures, length_figures
from llmx.report.ensemble.page import findings, html, markdown
from llmx.report.ensemble.pictures import cuts, gantt, quality, strips
from llmx.report.figures.streams import of_lengths, of_streams
from llmx.store.files import read_json


def event(at, what, who=ANSWER, **more):
    return Event(at=at, who=who, what=what, **more)


EVENTS = [
    event(0.0, "asked", "1.1"),
    event(1.0, "piece", "1.1", tokens=1, prompt_tokens=10, cached_tokens=0, text="a"),
    event(2.0, "piece", "1.1", tokens=1, text="b"),
    event(2.0, "asked"),
    event(3.0, "piece", tokens=1, prompt_tokens=20, cached_tokens=0, text="x"),
    event(4.0, "piece", tokens=1, text="y"),
    event(4.0, "asked"),
    event(6.5, "piece", tokens=1, prompt_tokens=30, cached_tokens=15, text="z"),
    event(7.0, "piece", tokens=1, text="."),
    event(7.0, "ended", finish="eos"),
]


def test_an_answer_of_one_token_has_no_time_a_token_and_no_stall():
    found = timing([event(0.0, "asked"), event(1.5, "piece", tokens=1), event(2.0, "ended")])
    assert (found.ttft, found.total, found.tokens) == (1.5, 1.5, 1)
    assert (found.per_token, found.stalled, found.longest_stall) == (0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="no token"):
        timing([event(0.0, "asked"), event(1.5, "piece"), event(2.0, "ended")])


def test_times_of_one_answer():
    found = timing(EVENTS)
    assert (found.ttft, found.total, found.tokens, found.requests) == (3.0, 7.0, 4, 2)
    assert found.per_token == pytest.approx(4 / 3)
    assert found.stalled == found.longest_stall == 2.5
    assert (found.sent, found.cached, found.drafted) == (60, 15, 2)
    # the second prompt begins like the first and its two tokens (22), of which 15 were kept
    assert found.answer_again == 7


def test_what_is_computed_again_does_not_depend_on_when_the_prompt_is_told():
    """Servers say with the last piece of a request how long its prompt was."""
    sizes = {4: (20, 0), 8: (30, 15)}
    told = {"prompt_tokens": None, "cached_tokens": None}
    late = [one.model_copy(update=told) if one.who == ANSWER else one for one in EVENTS]
    for at, (sent, cached) in ((5, sizes[4]), (8, sizes[8])):
        update = {"prompt_tokens": sent, "cached_tokens": cached}
        late[at] = late[at].model_copy(update=update)
    assert timing(late) == timing(EVENTS)


def test_an_answer_of_nothing_has_no_times():
    with pytest.raises(ValueError, match="no token"):
        timing(EVENTS[:4])


def rows(arm, times, length=None, drafts=3, **more):
    return [
        {
            "arm": arm,
            "length": length,
            "drafts": drafts,
            "round": place,
            "ttft": ttft,
            "total": 2.0,
            "tokens": 20,
            "per_token": 0.1,
            "stalled": 0.0,
            "longest_stall": 0.0,
            "answer_again": 0,
            "answer_sent": 9,
            "drafted": 150,
            **more,
        }
        for place, ttft in enumerate(times)
    ]


SCORES = {
    "moa": {"1": True, "2": True, "3": True, "4": False},
    "one": {"1": True, "2": False, "3": False, "4": False},
    "stairs": {"1": True, "2": True, "3": True, "4": False},
}


def made():
    timed = rows("moa", [1.0, 1.1, 0.9]) + rows("stairs", [0.1, 0.1, 0.1])
    members = {"stairs": {"problems": 4, "chunks": 8, "repeated": 2, "early": 1}}
    return figures(["moa", "one", "stairs"], "moa", SCORES, timed, members)


def told(arms, lengths=()):
    """The figures that a stage writes beside its documents."""
    documents = ([as_json(one) for one in found] for found in (arms, lengths))
    return joined(read(raw) for read, raw in zip((of_streams, of_lengths), documents, strict=True))


RESULT = Path(__file__).parents[3] / "docs/results/2026-11-30-staircase/staircase_moa"


def test_the_page_of_a_committed_result_is_what_its_figures_say():
    """Its wording is older: names, words and numbers of every line are the same."""
    kept = (RESULT / "ensemble.md").read_text("utf-8")
    known = of_streams(read_json(RESULT / "ensemble.json"))
    singles = ["generalist", "product", "remainder", "total", "aggregator", "reader"]
    made = markdown(kept.partition("\n")[0][2:], known, findings(known, "moa", singles))
    assert said_in(kept.partition("\n## ")[0]) == said_in(made)


def said_in(page):
    """Names, words but for the one between two ends, and numbers, line by line."""
    plain = page.replace("−", "-").replace("–", " ").replace(" to ", " ").strip()
    words = r"[-+]?\w+(?:\.\d+)?"
    return [sorted(re.findall(words, line)) for line in plain.splitlines()]


def test_arms_against_the_reference():
    moa, one, stairs = made()
    assert moa.gain is None and moa.accuracy.estimate == 0.75
    assert one.gain.estimate == -0.5 and one.ttft is None
    assert stairs.gain.estimate == 0 and stairs.ttft == 0.1
    assert stairs.ttft_cut.estimate == pytest.approx(0.9)
    assert stairs.ttft_cut.low < 0.9 < stairs.ttft_cut.high
    assert stairs.total_ratio.estimate == stairs.speed.estimate == pytest.approx(1.0)
    assert (moa.rounds, one.rounds, stairs.rounds) == (3, 0, 3)
    assert (stairs.repeated, stairs.early) == (0.25, 0.25)


def test_an_arm_with_a_reference_of_its_own_is_compared_with_that():
    scores = SCORES | {"worse": {"1": True, "2": False, "3": False, "4": True}}
    timed = rows("moa", [1.0, 1.1, 0.9]) + rows("stairs", [0.1, 0.1, 0.1])
    timed += rows("worse", [0.2, 0.2, 0.2])
    beside = {"stairs": "worse", "worse": "worse"}
    found = figures(["moa", "one", "stairs", "worse"], "moa", scores, timed, {}, beside)
    assert [arm.reference for arm in found] == ["", "moa", "worse", ""]
    moa, one, stairs, worse = found
    assert stairs.gain.estimate == 0.25 and stairs.ttft_cut.estimate == pytest.approx(0.5)
    assert one.gain.estimate == -0.5 and moa.gain is worse.gain is worse.ttft_cut is None
    said = findings(told(found), "moa", ["one"])
    assert "Compared with `worse`: `stairs`." in said
    assert not any(line.startswith("Compared with") for line in findings(told(made()), "moa", []))


def test_tokens_a_second_count_the_tokens_that_were_written():
    """A shorter answer in less time is no faster; total time is not the measure of speed."""
    timed = rows("moa", [1.0, 1.1, 0.9], tokens=40, total=4.0)
    timed += rows("stairs", [0.1, 0.1, 0.1], tokens=20, total=2.5)
    _, stairs = figures(["moa", "stairs"], "moa", {}, timed, {})
    assert stairs.total_ratio.estimate == pytest.approx(2.5 / 4)
    assert stairs.speed.estimate == pytest.approx((20 / 2.5) / (40 / 4.0))


FORCED = rows("moa", [4.0, 4.0], 100) + rows("stairs", [0.5, 0.5], 100)


def test_forced_lengths_touch_no_figure_that_stands_beside_quality():
    timed = rows("moa", [1.0, 1.1, 0.9]) + rows("stairs", [0.1, 0.1, 0.1])
    arms = ["moa", "stairs"]
    assert figures(arms, "moa", SCORES, FORCED + timed, {}) == figures(
        arms, "moa", SCORES, timed, {}
    )
    alone = figures(arms, "moa", SCORES, FORCED, {})
    assert all(arm.ttft is None and not arm.times and not arm.rounds for arm in alone)
    assert (
        quality(told(alone)).count("stairs") == 0
    )  # there is no latency to draw its quality against


def test_every_length_stands_beside_the_line_that_it_was_chosen_with():
    timed = rows("moa", [1.0, 1.0], drafted=159) + rows("stairs", [0.2, 0.2], drafted=90)
    found = length_figures(timed + FORCED, "moa", {"stairs": 8})
    natural, forced = found
    assert (natural.forced, forced.forced) == (False, True)
    assert natural.tokens == 53 and natural.line == pytest.approx(1 - 8 / 53)
    assert forced.tokens == 100 and forced.line == pytest.approx(0.92)
    assert natural.cut.estimate == pytest.approx(0.8)
    assert forced.cut.estimate == pytest.approx(1 - 0.5 / 4)
    assert natural.rounds == forced.rounds == 2


@given(
    st.lists(st.integers(9, 500), min_size=1, max_size=5, unique=True),
    st.integers(1, 8),
    st.floats(0.001, 0.1),
)
def test_what_is_paid_by_the_token_alone_lies_on_the_line(lengths, first, second):
    timed = [
        row
        for length in lengths
        for arm, paid in (("moa", length), ("stairs", first))
        for row in rows(arm, [second * paid] * 2, length)
    ]
    for one in length_figures(timed, "moa", {"stairs": first}):
        assert one.cut.estimate == pytest.approx(one.line)


def test_a_length_at_which_the_reference_was_not_timed_has_no_cut():
    timed = rows("moa", [1.0, 1.0]) + rows("stairs", [0.2, 0.2]) + rows("stairs", [0.5, 0.5], 64)
    (found,) = length_figures(timed, "moa", {"stairs": 8})
    assert not found.forced
    assert cuts(told([], [found])) == ""
    assert "length of drafts" not in markdown("T", told(made(), [found]), [])


def test_the_sweep_is_a_table_and_a_picture_of_its_own():
    timed = rows("moa", [1.0, 1.0]) + rows("stairs", [0.2, 0.2])
    found = length_figures(timed + FORCED, "moa", {"stairs": 8})
    all_ = told(made(), found)
    for page in (markdown("T", all_, []), html("T", all_, [], {})):
        assert "where they end by themselves" in page and "87.5" in page and "92.0" in page
    assert "1 − chunk/length" in cuts(all_)


def test_sentences_follow_from_intervals():
    said = findings(told(made()), "moa", ["one"])
    assert said[0].startswith("`moa` is not shown to beat `one` alone: +50.0 (")
    assert any(one.startswith("`stairs` cuts the time to the first token by 90.0") for one in said)


def test_a_first_token_that_comes_later_is_not_called_a_cut():
    moa, one, stairs = made()
    late = stairs.model_copy(update={"ttft_cut": Span(estimate=-1.5, low=-1.75, high=-1.25)})
    (said,) = findings(told([moa, one, late]), "moa", ["one"])[1:]
    assert said.startswith("`stairs` shows its first token 150.0 (125.0–175.0) % later and")


def test_pages_and_pictures_hold_every_arm():
    arms = made()
    page = html("T", told(arms), ["`moa` <said>"], {"g": gantt({"moa": EVENTS})})
    for name in ("moa", "one", "stairs"):
        assert name in markdown("T", told(arms), []) and name in page
    assert "<code>moa</code> &lt;said&gt;" in page
    assert strips(arms, "times", "s").count("<circle") == 6
    assert quality(told(arms)).count("stairs") == 1
    assert gantt({"moa": EVENTS}).count("<rect") == 6  # a wait and a stretch of tokens a request


def test_repetition_by_n_grams():
    assert overlap("abcd", "abcd", 2) == 1.0 and overlap("abcd", "wxyz", 2) == 0.0
    assert overlap("abc", "abx", 2) == 0.5 and overlap("ab", "a", 3) == 0.0
    assert restarts("abcdef", "abcx", 3) and not restarts("abcdef", "xabc", 3)
