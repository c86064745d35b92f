"""Classes of equal answers: a partition that rests on the pairs alone, with all that joined it."""

import random
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_answer_keys import record

from llmx.core.record import Record, Sample
from llmx.scoring.classes import RIGHT, ProblemClasses, classes_of, read_classes
from llmx.scoring.scorer import made, scored
from llmx.store.files import write_lines

SAMPLE = Sample(id="a", question="q", answer="r", cluster="t")


class Scripted:
    """A text is its own key, unread where it is empty; pairs and right answers are told."""

    kind, version = "scripted", 1

    def __init__(self, right: frozenset[str], pairs: frozenset[frozenset[str]]) -> None:
        self.right, self.pairs = right, pairs

    def score(self, given: Record, sample: Sample):
        read = given.text or None
        found = "r" if read in self.right else read
        return scored(given, sample, "r", found, found)

    def key(self, given: Record) -> str | None:
        return given.text or None

    def why_equal(self, key: str, other: str) -> str | None:
        return "told" if frozenset((key, other)) in self.pairs else None


TEXTS = st.sampled_from(["", *"abcde"])
PAIRS = st.frozensets(st.frozensets(st.sampled_from("abcde"), min_size=2, max_size=2), max_size=6)
SCORERS = st.builds(Scripted, st.frozensets(st.sampled_from("abcde"), max_size=3), PAIRS)


def found(scorer, texts) -> ProblemClasses:
    draws = [record(text).model_copy(update={"draw": at}) for at, text in enumerate(texts)]
    return classes_of(scorer, SAMPLE, draws)


def parts(texts, classes: ProblemClasses) -> dict[frozenset[str], bool]:
    """Return the texts of each class, and whether it is right."""
    sets: dict[int, set[str]] = {}
    for text, number in zip(texts, classes.of, strict=True):
        if number >= 0:
            sets.setdefault(number, set()).add(text)
    return {frozenset(held): classes.right[number] for number, held in sets.items()}


def components(texts, scorer: Scripted) -> set[frozenset[str]]:
    """Return what is connected, by hand: pairs, and all that is right together."""
    sets = [{text} for text in dict.fromkeys(texts) if text]
    for link in [set(scorer.right), *map(set, scorer.pairs)]:
        # A pair joins only what was drawn: none leads over an answer that is not there.
        link &= {text for one in sets for text in one}
        touched = [one for one in sets if one & link]
        sets = [one for one in sets if not one & link] + (
            [set().union(*touched)] if touched else []
        )
    return {frozenset(one) for one in sets}


@given(SCORERS, st.lists(TEXTS, min_size=1, max_size=12))
def test_classes_are_what_equal_pairs_and_the_reference_connect(scorer, texts):
    classes = found(scorer, texts)
    assert set(parts(texts, classes)) == components(texts, scorer)
    assert [number == -1 for number in classes.of] == [not text for text in texts]
    assert len(classes.keys) == len(classes.right) == len({*classes.of} - {-1})


@given(SCORERS, st.lists(TEXTS, min_size=1, max_size=12))
def test_the_class_that_holds_a_right_answer_is_right_and_there_is_at_most_one(scorer, texts):
    classes = found(scorer, texts)
    for held, right in parts(texts, classes).items():
        assert right is bool(held & scorer.right)
    assert sum(classes.right) == bool(scorer.right.intersection(texts))


@given(SCORERS, st.lists(TEXTS, min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_draws_decides_numbers_and_names_alone(scorer, texts, order: random.Random):
    shuffled = texts[:]
    order.shuffle(shuffled)
    one, other = found(scorer, texts), found(scorer, shuffled)
    assert parts(texts, one) == parts(shuffled, other)
    assert len(one.merged) == len(other.merged)
    assert {*map(frozenset, one.unequal)} == {*map(frozenset, other.unequal)}
    numbers = [number for number in one.of if number >= 0]
    assert list(dict.fromkeys(numbers)) == list(range(len(one.keys)))
    assert one.keys == tuple(texts[one.of.index(number)] for number in range(len(one.keys)))


@given(SCORERS, st.lists(TEXTS, min_size=1, max_size=12))
def test_merges_are_as_many_as_joined_the_keys_and_each_has_a_reason_that_holds(scorer, texts):
    classes = found(scorer, texts)
    keys = {text for text in texts if text}
    assert len(classes.merged) == len(keys) - len(classes.keys)
    for one, other, why in classes.merged:
        told = frozenset((one, other)) in scorer.pairs
        assert (told and why == "told") or ({one, other} <= scorer.right and why == RIGHT)


@given(SCORERS, st.lists(TEXTS, min_size=1, max_size=12))
def test_every_unequal_pair_of_a_class_is_listed_and_no_other(scorer, texts):
    classes = found(scorer, texts)
    wanted = set()
    for held, right in parts(texts, classes).items():
        wanted |= {
            frozenset(pair) for pair in combinations(held, 2) if frozenset(pair) not in scorer.pairs
        }
        wanted |= {frozenset(("r", key)) for key in held - scorer.right if right}
    assert {*map(frozenset, classes.unequal)} == wanted
    assert len(classes.unequal) == len(wanted)


def test_a_chain_of_near_values_is_one_class_whose_ends_are_listed():
    scorer = made("numeric", {"tolerance": 0.5})
    draws = [record(text) for text in ("1.8", "1.4", "1", "0", "nothing", "1.0")]
    classes = classes_of(scorer, SAMPLE.model_copy(update={"answer": "1"}), draws)
    assert classes.keys == ("1.8", "0") and classes.right == (True, False)
    assert classes.of == (0, 0, 0, 1, -1, 0) and classes.expected == "1"
    assert classes.merged == (("1.4", "1", RIGHT), ("1.8", "1.4", "within the tolerance"))
    assert classes.unequal == (("1", "1.8"), ("1.8", "1"))


def test_mathematics_joins_by_math_verify_and_numbers_only_by_value():
    texts = [r"\boxed{0.333}", r"\boxed{0.3333333}", r"\boxed{1/3}", r"\boxed{\frac{2}{6}}"]
    texts += [r"\boxed{A}", r"\boxed{a}", r"\boxed{3:30}", r"\boxed{12 \text{ dollars}}"]
    classes = classes_of(
        made("math", {}), SAMPLE.model_copy(update={"answer": "1/3"}), list(map(record, texts))
    )
    assert classes.of == (0, 1, 2, 2, 3, 3, 4, 5)
    assert classes.right == (False, False, True, False, False, False)
    assert classes.merged == (("A", "a", "by math-verify"),) and classes.unequal == ()


def test_what_math_verify_joins_and_does_not_find_equal_is_listed():
    """It reads an interval as an inequality and as a set, and the two are not equal."""
    texts = [r"\boxed{\{2,1\}}", r"\boxed{1<x<2}", r"\boxed{(1,2)}"]
    classes = classes_of(
        made("math", {}), SAMPLE.model_copy(update={"answer": "1<x<2"}), list(map(record, texts))
    )
    assert classes.of == (0, 0, 0) and classes.right == (True,)
    assert ("1<x<2", r"\{2,1\}") in classes.unequal


def test_several_references_are_one_answer_and_the_merge_says_why():
    sample = SAMPLE.model_copy(
        update={"answer": "Paris", "metadata": {"answers": ["the Eiffel Tower"]}}
    )
    draws = [record(text) for text in ("London", "the Eiffel Tower", "Paris.", "Paris")]
    classes = classes_of(made("exact", {}), sample, draws)
    assert classes.of == (0, 1, 1, 1) and classes.right == (False, True)
    assert classes.merged == (("the Eiffel Tower", "Paris", RIGHT),)
    assert classes.unequal == (("the Eiffel Tower", "Paris"),)


def test_each_answer_is_scored_once():
    asked = []

    class Counted(Scripted):
        def score(self, given: Record, sample: Sample):
            asked.append(given.text)
            return super().score(given, sample)

    found(Counted(frozenset("a"), frozenset()), ["a", "b", "a", "b", "a", "a"])
    assert sorted(asked) == ["a", "b"]


def test_classes_of_a_file_are_read_as_they_were_written(tmp_path):
    both = [found(Scripted(frozenset("a"), frozenset()), texts) for texts in (["a", ""], ["b"])]
    write_lines(tmp_path / "classes.jsonl", [one.model_dump(mode="json") for one in both])
    assert list(read_classes(tmp_path / "classes.jsonl")) == both
    line = (tmp_path / "classes.jsonl").read_text().splitlines()[0]
    assert line == (
        '{"id": "a", "cluster": "t", "expected": "r", "keys": ["a"], "right": [true],'
        ' "of": [0, -1], "merged": [], "unequal": []}'
    )


def test_a_reference_that_cannot_be_read_is_said():
    with pytest.raises(Exception, match="sample 'a' is no number"):
        classes_of(made("numeric", {}), SAMPLE, [record("1")])
