"""Options that each draw of a problem shows in another order: laws of the order and the letters."""

import json
from collections import Counter
from itertools import pairwise, permutations
from string import ascii_uppercase

import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st
from permuted import data_of, problems_of, rows_of, shown
from scipy.stats import chisquare

from llmx.core.errors import LlmxError
from llmx.core.permuted import (
    OWN_OPTIONS,
    beside_options,
    first_letter,
    in_draw,
    lettered,
    option_named,
    order_of,
)
from llmx.core.record import PermutedOptions, Sample
from llmx.core.spec import DataSpec
from llmx.data import identity, load

SEEDS, DRAWS = st.integers(0, 2**31), st.integers(0, 300)


@st.composite
def problems(draw) -> Sample:
    """Any problem whose draws show its options in other orders; texts may be alike."""
    texts = tuple(draw(st.lists(st.text("ab .\n", min_size=1, max_size=4), min_size=2, max_size=9)))
    right, seed = draw(st.integers(0, len(texts) - 1)), draw(SEEDS)
    options = PermutedOptions(around=("Which?\n", ""), texts=texts, right=right, seed=seed)
    order = order_of(texts, seed)
    question = f"Which?\n{lettered([texts[place] for place in order])}"
    answer = ascii_uppercase[order.index(right)]
    told = {"choices": len(texts), "permuted": options}
    return Sample(id="a", question=question, answer=answer, **told)


@given(problems(), DRAWS)
@settings(max_examples=count(60, 500))
def test_a_draw_shows_every_option_once_and_the_right_one_under_its_letter(sample, draw):
    options, seen = sample.permuted, in_draw(sample, draw)
    order = order_of(options.texts, options.seed, draw)
    assert sorted(order) == list(range(len(options.texts)))
    assert seen.question == f"Which?\n{lettered([options.texts[at] for at in order])}"
    assert order[ascii_uppercase.index(seen.answer)] == options.right
    assert seen.model_copy(update={"question": "", "answer": ""}) == sample.model_copy(
        update={"question": "", "answer": ""}
    )


@given(problems(), DRAWS, DRAWS)
@settings(max_examples=count(60, 500))
def test_it_does_not_matter_as_which_draw_a_problem_is_given(sample, one, other):
    assert in_draw(in_draw(sample, one), other) == in_draw(sample, other)
    assert in_draw(sample, 0) == sample


@given(problems(), DRAWS)
@settings(max_examples=count(60, 500))
def test_letters_of_a_draw_are_told_by_those_of_the_first(sample, draw):
    options = sample.permuted
    letters = ascii_uppercase[: len(options.texts)]
    told = [first_letter(options, draw, one) for one in letters]
    assert sorted(told) == list(letters)
    assert [first_letter(options, 0, one) for one in letters] == list(letters)
    order, first = (order_of(options.texts, options.seed, number) for number in (draw, 0))
    for one, other in zip(letters, told, strict=True):
        place = first[ascii_uppercase.index(other)]
        assert order[ascii_uppercase.index(one)] == place
        assert option_named(options, other) == f"{other}. {options.texts[place].strip()}"
    assert first_letter(options, draw, in_draw(sample, draw).answer) == sample.answer
    for none in (ascii_uppercase[len(letters)], "", "AB", "a", "1"):
        assert first_letter(options, draw, none) == option_named(options, none) == none


def test_orders_of_draws_are_uniform_and_do_not_hang_together():
    """All 24 orders of four, and what stands first in the next draw by what does in this one."""
    texts = [tuple(f"{word} {n}" for word in "abcd") for n in range(count(150, 1500))]
    orders = [[tuple(order_of(one, 0, draw)) for draw in range(9)] for one in texts]
    of_all = Counter(order for own in orders for order in own)
    assert chisquare([of_all[one] for one in permutations(range(4))]).pvalue > 1e-4
    pairs = Counter((a[0], b[0]) for own in orders for a, b in pairwise(own))
    assert chisquare([pairs[a, b] for a in range(4) for b in range(4)]).pvalue > 1e-4


def test_a_problem_without_such_options_is_what_it_was():
    sample = Sample(id="a", question="Which?\nA. x\nB. y", answer="B", choices=2)
    assert in_draw(sample, 7) is sample
    assert beside_options(None, 7, "So B.") == "So B."


def test_an_answer_among_others_stands_below_the_options_that_it_was_given(tmp_path):
    sample = problems_of(tmp_path)[0]
    seen = in_draw(sample, 3).question.partition("\n")[2]
    assert beside_options(sample.permuted, 3, "So B.") == f"{OWN_OPTIONS}\n{seen}\n\nSo B."


# ---- read from a file


ROW = {"question": "Which 0?", "choices": ["red", "green", "blue", "grey"], "answer": "A"}
WRITTEN = {  # as they were written before draws had orders
    1: '{"id":"bcb934e41f7286a4","question":"Which 0?\\nA. green\\nB. grey\\nC. red\\nD. blue",'
    '"answer":"C","solution":"","choices":4,"cluster":""}',
    7: '{"id":"bcb934e41f7286a4","question":"Which 0?\\nA. green\\nB. blue\\nC. red\\nD. grey",'
    '"answer":"C","solution":"","choices":4,"cluster":""}',
}


@pytest.mark.parametrize("seed", WRITTEN)
def test_one_order_for_each_problem_is_what_it_was_byte_for_byte(tmp_path, seed):
    data = data_of(tmp_path, [ROW], permute=True, seed=seed, id=None)
    assert [one.model_dump_json() for one in load(data, "test")] == [WRITTEN[seed]]
    assert identity(data)["spec"]["options"]["permute"] is True
    plain = data_of(tmp_path, [ROW], permute=False, seed=seed, id=None)
    assert "permuted" not in load(plain, "test")[0].model_dump_json()


def test_the_order_of_a_draw_never_moves(tmp_path):
    (sample,) = load(data_of(tmp_path, [{**ROW, "id": "a"}], seed=7), "test")
    orders = [" ".join(shown(sample, draw).values()) for draw in range(4)]
    assert orders == [
        "green blue red grey",
        "grey red green blue",
        "blue red green grey",
        "blue red grey green",
    ]


@pytest.mark.parametrize("seed", [0, 1, 5])
def test_the_first_draw_is_the_problem_of_one_order_for_each(tmp_path, seed):
    one = problems_of(tmp_path, permute=True, seed=seed)
    each = problems_of(tmp_path, seed=seed)
    assert [sample.model_copy(update={"permuted": None}) for sample in each] == one
    assert [in_draw(sample, 0) for sample in each] == each
    assert all(Sample.model_validate_json(one.model_dump_json()) == one for one in each)
    data = data_of(tmp_path, rows_of(6), seed=seed)
    assert identity(data) != identity(data_of(tmp_path, rows_of(6), permute=True, seed=seed))


def test_another_seed_is_another_order_in_every_draw(tmp_path):
    one, other = (problems_of(tmp_path, 20, seed=seed) for seed in (0, 1))
    for draw in (0, 1, 9):
        same = [
            in_draw(a, draw).question == in_draw(b, draw).question
            for a, b in zip(one, other, strict=True)
        ]
        assert sum(same) < 6


@pytest.mark.parametrize(
    "question",
    [
        "{{ question }} One of:\n{{ lettered }}\nSay which.",
        "{{ lettered }}",
        "{{ question }} ({{ choices | length }})\n{{ lettered }}\nAgain:\n{{ lettered }}",
    ],
)
def test_a_template_writes_the_options_of_each_draw(tmp_path, question):
    each = problems_of(tmp_path, question=question)
    assert each[0].question == problems_of(tmp_path, permute=True, question=question)[0].question
    for n, sample in enumerate(each):
        for draw in (0, 1, 5):
            options = sample.permuted
            seen = lettered([options.texts[at] for at in order_of(options.texts, 0, draw)])
            wanted = question.replace("{{ question }}", f"Which of {n}?")
            wanted = wanted.replace("{{ choices | length }}", "4").replace("{{ lettered }}", seen)
            assert in_draw(sample, draw).question == wanted


def said(folder, rows, **options) -> str:
    with pytest.raises(LlmxError) as error:
        load(data_of(folder, rows, **options), "test")
    assert error.value.hint and "\n" not in f"{error.value}{error.value.hint}"
    return f"{error.value} | {error.value.hint}"


PLAIN = [{"id": "a", "question": "1 + 1?", "answer": "2"}]
COLUMNS = [{"id": "a", "question": "Which?", "A": "x", "B": "y", "C": "z", "D": "w", "answer": "B"}]
BAD = {
    "no options": (PLAIN, {}, "each_draw: there are no options to choose from"),
    "options that are left aside": (rows_of(1), {"choices": []}, "there are no options to choose"),
    "a word that is none": (rows_of(1), {"permute": "each"}, "write true, false or each_draw"),
    "a number": (rows_of(1), {"permute": 2}, "write true, false or each_draw"),
    "options that a template changes": (
        rows_of(1),
        {"question": "{{ question }} {{ lettered | upper }}"},
        "line 1: data.options.question changes the options that it writes",
    ),
    "a part of the options": (
        rows_of(1),
        {"question": "{{ question }} {{ lettered.split('B.')[0] }}"},
        "data.options.question changes the options that it writes",
    ),
    "options that are not written": (
        rows_of(1),
        {"question": "{{ question }}{% if lettered == 'x' %}{{ lettered }}{% endif %}"},
        "data.options.question writes no options",
    ),
    "the data's own column": (
        rows_of(1),
        {"question": "{{ question }} {{ choices | join(', ') }}", "choices": "choices"},
        "shows the column choices as it is published",
    ),
    "columns that nobody named": (
        COLUMNS,
        {"question": "{{ question }} A) {{ A }} B) {{ B }}"},
        "shows the column A as it is published (write {{ lettered }} in its place",
    ),
}


@pytest.mark.parametrize(("rows", "options", "says"), BAD.values(), ids=BAD)
def test_what_has_no_order_for_each_draw_is_refused_in_one_line(tmp_path, rows, options, says):
    assert says in said(tmp_path, rows, **options)


def test_one_order_for_each_problem_is_refused_where_a_template_shows_another(tmp_path):
    """The letters would be those of the drawn order beside the published one."""
    template = "{{ question }} A) {{ A }} B) {{ B }}"
    assert "permute=true: the template" in said(tmp_path, COLUMNS, permute=True, question=template)
    data = data_of(tmp_path, COLUMNS, permute=False, question=template)
    assert load(data, "test")[0].answer == "B"


def test_worked_examples_keep_the_order_of_the_first_draw(tmp_path):
    rows = [{**row, "part": "train" if n else "test"} for n, row in enumerate(rows_of(4))]
    more = {"split_column": "part", "shots": 2}
    (one,), (each,) = (
        load(data_of(tmp_path, rows, permute=permute, **more), "test")
        for permute in (True, "each_draw")
    )
    assert one.examples == each.examples == in_draw(each, 5).examples != ""


def test_a_dataset_that_is_not_read_for_a_plan_is_refused_without_it():
    told = {"repository": "a/b", "choices": [], "permute": "each_draw", "rows": 2}
    with pytest.raises(LlmxError, match="no options to choose from"):
        load(DataSpec(kind="hub", revision="a" * 40, options=told), "test")


def test_problems_go_to_disk_and_come_back(tmp_path):
    sample = problems_of(tmp_path)[0]
    assert set(json.loads(sample.model_dump_json())["permuted"]) == {
        "around",
        "texts",
        "right",
        "seed",
    }
