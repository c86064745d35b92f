"""What is measured of a draw: its length, its markers, in each part of its text."""

import numpy as np
import pytest

from llmx.core.record import Record
from llmx.papers.inference_scaling.features.lexicon import CATEGORIES, read_lexicons
from llmx.papers.inference_scaling.features.measured import Feature, measure

LEXICONS = read_lexicons()
WORKED = "Wait, maybe it is 2 + 2 = 4.\n#### 4"
PLAIN = "So it may be 4"


def record(text, tokens=7):
    return Record(
        id="a",
        prompt_ids=(),
        completion_ids=(1,) * tokens,
        prompt="",
        text=text,
        finish="eos",
        rounds=0,
    )


def value(found, category, part, measure, filing="a"):
    filing = "" if category == "length" else filing
    return found.values[Feature(category, filing, part, measure)].tolist()


@pytest.fixture(scope="module")
def found():
    return measure([record(WORKED), record(PLAIN, 5)], LEXICONS)


def test_lengths_are_tokens_of_all_and_characters_of_parts(found):
    assert value(found, "length", "all", "tokens") == [7, 5]
    thinking, final = WORKED.split("####")
    assert value(found, "length", "final", "characters") == [len(final), len(PLAIN)]
    lengths = value(found, "length", "thinking", "characters")
    assert lengths[0] == len(thinking)
    assert np.isnan(lengths[1])


def test_a_draw_that_does_not_think_has_no_value_of_that_part(found):
    for (category, _, part, name), values in found.values.items():
        assert np.isnan(values[1]) == (part == "thinking"), (category, name)


def test_density_is_per_thousand_words_and_diversity_of_the_list(found):
    assert value(found, "hedging", "all", "count") == [1, 1]
    assert value(found, "thinking", "all", "count") == [1, 0]
    # wait maybe it is 2 2 4, and the final 4
    assert value(found, "hedging", "thinking", "density")[0] == 1000 / 7
    assert value(found, "hedging", "all", "density") == [1000 / 8, 1000 / 5]
    assert value(found, "hedging", "all", "diversity") == [1 / 40, 1 / 40]
    assert value(found, "hedging", "final", "density") == [0, 1000 / 5]


def test_all_of_a_text_is_its_parts_together(found):
    for category in CATEGORIES:
        parts = [value(found, category, part, "count")[0] for part in ("thinking", "final")]
        assert value(found, category, "all", "count")[0] == sum(parts)


def test_no_phrase_reaches_from_one_part_into_the_next():
    split = measure([record("<think>let me</think> check"), record("let me check")], LEXICONS)
    assert value(split, "thinking", "all", "count") == [0, 1]


def test_thirds_add_up_to_the_count(found):
    for name, thirds in found.thirds.items():
        count = found.values[name._replace(measure="count")]
        there = np.isfinite(count)
        assert thirds.sum(axis=1)[there].tolist() == count[there].tolist()


def test_a_text_without_words_has_no_density_to_divide_by():
    empty = measure([record("")], LEXICONS)
    assert value(empty, "hedging", "all", "density") == [0]


def test_of_no_records_there_are_no_values():
    nothing = measure([], LEXICONS)
    assert {len(values) for values in nothing.values.values()} == {0}
    assert nothing.hashes == LEXICONS.hashes
