"""Wrong texts that rows bring: they stand behind the targets, and the whole batch has them."""

import json

import numpy as np
import pytest
from contrasted import Contrast, save_pairs
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.core.errors import ConfigError, DataError
from llmx.papers.b3.plan import BatchPlan, groups
from llmx.store.files import read_json
from llmx.train.contrastive.masks import Mask, check_mask
from llmx.train.contrastive.order import PlannedOrder
from llmx.train.contrastive.pairs import TrainingPairs
from llmx.train.contrastive.plan import WithAnnotated

WORDS = st.sampled_from("abcdefg")
ROWS = st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=8)


@settings(max_examples=count(50, 500), deadline=None)
@given(ROWS)
def test_equal_texts_have_equal_numbers_wherever_they_stand(rows):
    targets = [row[0] for row in rows]
    number = {text: at for at, text in enumerate(dict.fromkeys(targets))}
    own = np.array([number[text] for text in targets])
    pairs = TrainingPairs([*range(len(rows))], targets, targets, own)
    found = pairs.with_annotated([[row[1] for row in rows], [row[2] for row in rows]])
    assert found.targets == [*targets, *(row[1] for row in rows), *(row[2] for row in rows)]
    assert len(found) == len(rows) and found.target_id[: len(rows)].tolist() == own.tolist()
    alike = found.target_id[:, None] == found.target_id[None, :]
    texts = np.array(found.targets)
    assert (alike == (texts[:, None] == texts[None, :])).all()


def plan(rows=12, size=4):
    return BatchPlan(groups(np.arange(rows, dtype=np.int32), 1), size)


def test_each_row_of_a_batch_brings_its_own_texts_by_number():
    held = WithAnnotated(plan(), 12, 2)
    found = next(iter(PlannedOrder(held)))
    assert found.shape == (4, 3)
    assert (found[:, 1] == found[:, 0] + 12).all() and (found[:, 2] == found[:, 0] + 24).all()
    assert (held.size, held.count(), held.digest()) == (4, 3, plan().digest())
    assert (held.epoch(1).batches == plan().epoch(1).batches).all()


def test_hard_negatives_of_the_plan_come_first():
    class Drawn:
        def negatives(self, number):
            return np.full((5, 2), number, np.int32)

    found = WithAnnotated(Drawn(), 5, 1).negatives(3)
    assert found.dtype == np.int32
    assert found.tolist() == [[3, 3, 5 + row] for row in range(5)]


def test_a_wrong_text_that_is_a_rows_own_target_is_masked():
    mask = Mask(np.array([0, 1, 1, 2]))  # two rows, and behind them what they bring
    assert mask.of(np.array([0, 1]), np.array([0, 1, 2, 3])).tolist() == [
        [True, False, False, False],
        [False, True, True, False],
    ]
    check_mask(mask, 2, 4)
    with pytest.raises(ConfigError, match="equal_target is of 4 texts, and there are 2"):
        check_mask(mask, 2)


@pytest.fixture(scope="module")
def bringing(tmp_path_factory):
    """Pairs that bring a wrong text each, trained on with it."""
    folder = tmp_path_factory.mktemp("annotated")
    path = save_pairs(folder)
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for at, row in enumerate(rows):
        row["negatives"] = [f"wrong{at % 5} {row['target']}"]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_a_training_encodes_three_texts_a_row(bringing, tmp_path):
    settings_ = {"num_train_epochs": 1, "learning_rate": 0.05}
    one = Contrast(bringing, tmp_path / "one", {"annotated": 1}, settings_)
    about = read_json(one.run() / "training.json")
    assert (about["negatives"], about["texts_per_step"]) == (1, 3 * about["batch"])
    assert about["options"]["annotated"] == 1
    plain = Contrast(bringing, tmp_path / "plain", {}, settings_)
    other = read_json(plain.run() / "training.json")
    assert "annotated" not in other["options"] and other["negatives"] == 0
    assert other["result"] != about["result"]


def test_a_row_that_brings_none_is_named(bringing, tmp_path):
    with pytest.raises(DataError, match="brings 1 wrong texts, and annotated=2"):
        Contrast(bringing, tmp_path / "out", {"annotated": 2}).run()


def test_what_a_teacher_has_no_vectors_of_it_cannot_mask(bringing, tmp_path):
    options = {"annotated": 1, "mask": ["teacher_margin"]}
    with pytest.raises(ConfigError, match="annotated: wrong texts have no vectors"):
        Contrast(bringing, tmp_path / "out", options).run()


def test_an_option_at_rest_changes_no_name(bringing, tmp_path):
    from llmx.stages.contrastive import ContrastiveStage

    plain = ContrastiveStage().identity(Contrast(bringing, tmp_path).given())
    told = ContrastiveStage().identity(Contrast(bringing, tmp_path, {"annotated": 1}).given())
    assert "annotated" not in plain and told["annotated"] == 1


def test_a_model_of_the_hub_that_is_not_here_is_planned_and_refused(bringing, tmp_path):
    from llmx.core.errors import EngineError
    from llmx.stages.contrastive import ContrastiveStage, _refusal

    away = Contrast(bringing, tmp_path, {"model": "nobody/nothing", "student": "whole"}).given()
    stage = ContrastiveStage()
    assert stage.identity(away)["model"] == "nobody/nothing"
    cost = stage.plan(away)
    assert (
        isinstance(cost.refusal, EngineError) and "is not on this machine" in cost.refusal.message
    )
    assert cost.seconds is None and cost.memory.total == 0
    for made in ("vision", f"nobody/nothing@{'a' * 40}"):  # from nothing, and pinned
        given = Contrast(bringing, tmp_path, {"model": made, "student": "whole"}).given()
        assert _refusal(given) is None
    gone = Contrast(bringing, tmp_path, {"model": "./nothing", "student": "whole"}).given()
    with pytest.raises(EngineError, match="is no folder"):
        stage.identity(gone)
