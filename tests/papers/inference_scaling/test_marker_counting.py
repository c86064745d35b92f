"""Markers are whole words of the prose, longest first, and none is counted twice."""

import re
from itertools import combinations

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.papers.inference_scaling.features.counting import MarkerCounter, prose, words_of
from llmx.papers.inference_scaling.features.lexicon import CATEGORIES, Lexicons, read_lexicons

SHIPPED = read_lexicons()
COUNTER = MarkerCounter(SHIPPED)


def lexicons(**markers):
    entries = tuple(sorted(markers))
    filing = tuple(CATEGORIES.index(markers[entry]) for entry in entries)
    return Lexicons(entries, {"a": filing}, {})


def told(text, counter=COUNTER, filing="a"):
    entries = counter.lexicons.entries
    return [entries[one.entry] for one in counter.find(prose(text), filing)]


def counts(text, category, filing="a", counter=COUNTER):
    at = list(counter.lexicons.filings).index(filing)
    return counter.counts(prose(text))[at, CATEGORIES.index(category)].tolist()


@pytest.mark.parametrize(
    ("text", "markers"),
    [
        ("Wait. So MAYBE it is 4?", ["wait", "so", "maybe"]),
        ("await waiting solo butter", []),
        ("so-called, then's and Wait's", []),
        ("'wait', said she; wait—so", ["wait", "wait", "so"]),
        ("I guess so. They guess", ["i guess", "so", "guess"]),
        ("let me\n  check, let me, check", ["let me check"]),
        ("Double-check it, double check it, doublecheck it", ["double check", "double check"]),
        ("on second thought, the second", ["on second thought", "second"]),
        ("hold on second thought", ["on second thought"]),
        ("I ‘made’ it. I made a mistake", ["i made a mistake"]),
        ("", []),
    ],
)
def test_whole_words_and_the_longest_phrase(text, markers):
    assert told(text) == markers


@pytest.mark.parametrize(
    "hidden",
    [
        "```python\nwait = maybe\n```",
        "```\nwait, cut by the cap",
        "~~~\nwait\n~~~",
        "`wait`",
        "$wait + so$",
        "$$wait\nso$$",
        r"\[ wait \]",
        r"\( so \)",
        r"\[ wait, cut by the cap",
        r"\begin{align}wait\\so\end{align}",
        r"\boxed{\text{wait}}",
        r"\text{so}",
        "</think>",
        "<think>",
    ],
)
def test_code_formulas_and_tags_are_no_prose(hidden):
    assert told(f"Maybe {hidden}") == ["maybe"]
    assert words_of(prose(f"Maybe {hidden}")) == 1


@pytest.mark.parametrize(
    "text",
    [
        "It costs $5, so maybe $6 then",
        "It costs $5 so maybe $x$ is then 3",
        r"\$5 so maybe then \$6",
        "5$ so maybe then 6$ ",
    ],
)
def test_sums_of_money_are_no_formula(text):
    assert told(text) == ["so", "maybe", "then"]


def test_no_phrase_reaches_over_a_formula():
    assert told("let me $x$ check") == []


def test_words_are_counted_with_numbers_and_what_is_joined_as_one():
    assert words_of(prose("It's 3 well-known words, $x$ and 4.")) == 6


def test_filings_file_the_same_words_elsewhere():
    text = "Alternatively, wait. Then actually so."
    assert counts(text, "thinking", "a") == [1, 1, 1, 3]
    assert counts(text, "discourse", "a") == [0, 1, 1, 2]
    assert counts(text, "thinking", "b") == [0, 1, 0, 1]
    assert counts(text, "discourse", "b") == [1, 1, 2, 4]


def test_thirds_are_where_markers_begin_and_different_ones_count_once():
    assert counts("so so so xxx xxx xxx xxx xxx xxx", "discourse") == [3, 0, 0, 1]
    assert counts("xxx xxx xxx xxx xxx xxx then so so", "discourse") == [0, 0, 3, 2]


def test_of_equally_long_markers_that_overlap_the_precedence_decides():
    markers = {"aa bb": "discourse", "bb cc": "hedging", "cc dd": "thinking"}
    counter = MarkerCounter(lexicons(**markers))
    assert told("aa bb cc", counter) == ["bb cc"]
    assert told("bb cc dd", counter) == ["cc dd"]
    assert told("aa bb cc dd", counter) == ["aa bb", "cc dd"]


def test_a_shorter_marker_counts_where_the_longer_one_gives_way():
    counter = MarkerCounter(lexicons(**{"a": "hedging", "a b": "hedging", "b c d": "thinking"}))
    assert told("a b c d", counter) == ["a", "b c d"]


def by_trying_all(text, known):
    """Longest first, then precedence, then the leftmost, over every place and every marker."""
    rank = dict(zip(known.entries, known.filings["a"], strict=True))
    places = [
        (-len(entry), rank[entry], at.start(), at.end(), entry)
        for entry in known.entries
        for at in re.finditer(rf"(?<!\S){entry}(?!\S)", text)
    ]
    kept = []
    for one in sorted(places):
        if all(one[3] <= other[2] or other[3] <= one[2] for other in kept):
            kept.append(one)
    return [one[4] for one in sorted(kept, key=lambda one: one[2])]


@settings(max_examples=count(300, 500), deadline=None)
@given(
    st.dictionaries(
        st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(" ".join),
        st.sampled_from(CATEGORIES),
        min_size=1,
        max_size=6,
    ),
    st.lists(st.sampled_from("abcd"), max_size=9).map(" ".join),
)
def test_what_is_found_is_what_trying_all_places_finds(markers, text):
    known = lexicons(**markers)
    assert told(text, MarkerCounter(known)) == by_trying_all(text, known)


@settings(max_examples=count(100, 500), deadline=None)
@given(st.lists(st.sampled_from([*SHIPPED.entries, "xyz", "$x$", "4."]), max_size=12))
def test_no_markers_overlap_and_both_filings_count_the_same_ones(parts):
    written = prose(" ".join(parts))
    found = COUNTER.find(written, "a")
    assert all(one.end <= two.start or two.end <= one.start for one, two in combinations(found, 2))
    table = COUNTER.counts(written)
    assert table[:, :, :3].sum(axis=(1, 2)).tolist() == [len(found)] * 2
    assert (table[:, :, 3] <= table[:, :, :3].sum(axis=2)).all()


def test_one_expression_finds_the_markers_of_long_texts_in_time():
    """A cap of 32,768 tokens of nothing but openings must not take minutes."""
    for opening in (r"\[ ", "$$ ", "```", r"\begin{a}", "$x ", "` ", "let me "):
        assert np.all(COUNTER.counts(prose(opening * 20_000)) == 0)
