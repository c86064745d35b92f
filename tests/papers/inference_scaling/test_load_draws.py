"""Draws of a pool and their classes, read together."""

import numpy as np
import pytest

from llmx.core.errors import RunError
from llmx.core.record import CostVector, Record, Sample, as_json
from llmx.papers.inference_scaling.load import drawn
from llmx.scoring.classes import classes_of
from llmx.scoring.scorer import made
from llmx.store.files import write_lines

TEXTS = {"p0": ("#### 3", "#### 4", "none", "#### 3.0"), "p1": ("", "", "", "#### 3")}


def record(problem: str, draw: int, text: str, **more) -> Record:
    return Record(
        id=problem,
        prompt_ids=(1,) * 7,
        completion_ids=tuple(range(draw + 1)),
        prompt="q",
        text=text,
        finish="eos" if text else "length",
        rounds=1,
        draw=draw,
        **more,
    )


def pool(**more) -> list[list[Record]]:
    return [
        [record(name, draw, text, **more) for draw, text in enumerate(texts)]
        for name, texts in TEXTS.items()
    ]


def written(folder, problems, groups):
    """Write records, and classes of the problems that are named."""
    write_lines(folder / "samples.jsonl", (as_json(one) for group in groups for one in group))
    scorer = made("gsm", {})
    samples = (Sample(id=name, question="q", answer="3", cluster=f"of {name}") for name in problems)
    found = [
        classes_of(scorer, sample, group) for sample, group in zip(samples, groups, strict=False)
    ]
    write_lines(folder / "classes.jsonl", map(as_json, found))
    return folder / "samples.jsonl", folder / "classes.jsonl"


def test_draws_are_what_was_sampled_and_how_it_was_read(tmp_path):
    first, other = drawn(*written(tmp_path, TEXTS, pool()))
    assert (first.id, first.cluster, first.prompt, first.draws) == ("p0", "of p0", 7, 4)
    np.testing.assert_array_equal(first.classes, [0, 1, -1, 0])
    np.testing.assert_array_equal(first.right, [True, False])
    np.testing.assert_array_equal(first.correct, [True, False, False, True])
    np.testing.assert_array_equal(first.tokens, [1, 2, 3, 4])
    np.testing.assert_array_equal(first.cut, [False] * 4)
    np.testing.assert_array_equal(other.cut, [True, True, True, False])
    np.testing.assert_array_equal(other.counts, [1])
    assert (first.classes.dtype, first.right.dtype, first.tokens.dtype) == (
        np.int64,
        np.bool_,
        np.int64,
    )


def test_a_problem_of_which_nothing_was_read_has_no_class(tmp_path):
    groups = [[record("p0", draw, "") for draw in range(3)]]
    (found,) = drawn(*written(tmp_path, ["p0"], groups))
    assert found.counts.shape == found.right.shape == (0,) and not found.correct.any()


def test_the_prompt_is_what_was_spent_on_it(tmp_path):
    cost = CostVector(prompt=11, completion=5, calls=1)
    first, _ = drawn(*written(tmp_path, TEXTS, pool(cost=cost)))
    assert first.prompt == 11


def test_problems_without_classes_are_left_out(tmp_path):
    (found,) = drawn(*written(tmp_path, ["p0"], pool()))
    assert found.id == "p0"


def test_classes_of_other_answers_are_refused(tmp_path):
    _, classes = written(tmp_path, TEXTS, pool())
    for name, groups in {
        "fewer": [pool()[0]],
        "shorter": [group[:3] for group in pool()],
        "other": [pool()[1], pool()[0]],
    }.items():
        path = tmp_path / f"{name}.jsonl"
        write_lines(path, (as_json(one) for group in groups for one in group))
        with pytest.raises(RunError, match="classes of other answers") as error:
            drawn(path, classes)
        assert "delete" in error.value.hint
