"""The loss: the library's without a mask, cached or not; masks on worked examples; accuracy."""

import numpy as np
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.core.errors import ConfigError
from llmx.train.contrastive.masks import Mask, check_mask

ROWS, WIDTH = 8, 5


def encoder(seed=0, layers=2):
    """A tiny encoder from nothing whose texts are token ids."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    torch.manual_seed(seed)

    class Tokens(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = torch.nn.Embedding(40, WIDTH)
            self.turn = torch.nn.Linear(WIDTH, WIDTH)

        def forward(self, features, **_):
            found = self.turn(torch.tanh(self.embedding(features["input_ids"])))
            return {**features, "token_embeddings": found}

    model = SentenceTransformer(modules=[Tokens(), Pooling(WIDTH)], device="cpu")
    return model.double()


def features(columns=2, seed=0):
    import torch

    drawn = torch.Generator().manual_seed(seed)
    ids = [torch.randint(0, 40, (ROWS, 4), generator=drawn) for _ in range(columns)]
    ids[1][::2] = ids[0][::2].flip(1)  # half of the targets say what their queries say
    return [{"input_ids": one, "attention_mask": torch.ones_like(one)} for one in ids]


def labels(columns=2):
    import torch

    own = torch.arange(ROWS)[:, None]
    return torch.cat([own, *(own + 20 * at for at in range(1, columns - 1))], dim=1)


def gradients(loss, model, columns=2):
    model.zero_grad()
    value = loss(features(columns), labels(columns))
    value.backward()
    return float(value.detach()), [one.grad.clone() for one in model.parameters()]


def losses(mini_batch=None, mask=None):
    from llmx.train.contrastive.loss import Scores, loss_of

    model, scores = encoder(), Scores(mask)
    return model, loss_of(model, scores, 0.1, mini_batch, False), scores


@pytest.mark.parametrize("mini_batch", [None, 1, 3, ROWS])
@pytest.mark.parametrize("columns", [2, 4])
def test_without_a_mask_the_gradients_are_the_librarys_cached_or_not(mini_batch, columns):
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    model, loss, _ = losses(mini_batch)
    value, ours = gradients(loss, model, columns)
    plain = MultipleNegativesRankingLoss(model, scale=10.0)
    wanted, theirs = gradients(plain, model, columns)
    assert value == pytest.approx(wanted, abs=1e-9)
    for one, other in zip(ours, theirs, strict=True):
        assert np.abs((one - other).numpy()).max() < 1e-6


@pytest.mark.parametrize("mini_batch", [None, 3])
def test_a_masked_target_is_as_if_it_were_not_in_the_batch(mini_batch):
    """The loss by hand: a softmax over what is left of each row."""
    import torch

    equal = np.array([0, 0, 1, 2, 3, 4, 5, 2])
    model, loss, _ = losses(mini_batch, Mask(target_id=equal))
    value, ours = gradients(loss, model)
    model.zero_grad()
    query, target = (
        torch.nn.functional.normalize(model(dict(one))["sentence_embedding"]) for one in features()
    )
    scores = query @ target.T / 0.1
    terms = []
    for row in range(ROWS):
        kept = [at for at in range(ROWS) if at == row or equal[at] != equal[row]]
        terms.append(torch.logsumexp(scores[row, kept], 0) - scores[row, row])
    hand = torch.stack(terms).mean()
    hand.backward()
    assert value == pytest.approx(float(hand.detach()), abs=1e-9)
    for one, parameter in zip(ours, model.parameters(), strict=True):
        assert np.abs((one - parameter.grad).numpy()).max() < 1e-9


def test_a_negative_that_is_none_is_masked_for_every_row():
    _, loss, _ = losses(None, Mask())
    rows = labels(3)
    rows[:, 1] = -1
    value = float(loss(features(3), rows).detach())
    assert value == pytest.approx(float(loss(features(2), labels(2)).detach()), abs=1e-9)


def test_masks_on_a_worked_example():
    """Four rows; the targets of rows 0 and 3 are one text; row 1 ranks rows 1 and 2 first."""
    rows, columns = np.array([0, 1, 3]), np.array([0, 1, 3, 2, -1])
    equal = Mask(target_id=np.array([7, 8, 9, 7])).of(rows, columns)
    assert equal.tolist() == [
        [True, False, True, False, True],
        [False, True, False, False, True],
        [True, False, True, False, True],
    ]
    near = np.array([[0, 2], [1, 2], [2, 0], [-1, -1]], np.int32)
    assert Mask(near=near).of(rows, columns).tolist() == [
        [True, False, False, True, True],
        [False, True, False, True, True],
        [False, False, False, False, True],
    ]
    query = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [1.0, 0.0]], np.float16)
    target = np.array([[0.8, 0.6], [0.6, 0.8], [1.0, 0.0], [0.0, 1.0]], np.float16)
    mask = Mask(teacher=(query, target), margin=0.15)
    # Row 0: own 0.8, so above 0.65: columns 0 (0.8) and 3 (row 2, 1.0). Row 1: own 0.8, above 0.65:
    # 1 (0.8) and 2 (row 3, 1.0). Row 3: own 0, above -0.15: all.
    assert mask.of(rows, columns[:4]).tolist() == [
        [True, False, False, True],
        [False, True, True, False],
        [True, True, True, True],
    ]


@settings(max_examples=count(50, 500))
@given(st.integers(0, 10**6), st.integers(2, 12), st.integers(1, 4))
def test_masks_join_and_each_is_what_its_words_say(seed, n, depth):
    rng = np.random.default_rng(seed)
    equal = rng.integers(0, n, n)
    near = np.array([rng.permutation(n)[:depth] for _ in range(n)])
    rows, columns = rng.permutation(n)[: max(1, n // 2)], rng.integers(-1, n, n + 2)
    both = Mask(target_id=equal, near=near).of(rows, columns)
    for a, row in enumerate(rows):
        for b, column in enumerate(columns):
            wanted = column < 0 or equal[row] == equal[column] or column in near[row]
            assert both[a, b] == wanted


def test_masks_of_other_rows_are_refused():
    check_mask(Mask(target_id=np.zeros(4)), 4)
    for mask in (
        Mask(target_id=np.zeros(3)),
        Mask(near=np.zeros((5, 2))),
        Mask(teacher=(np.zeros((4, 2)), np.zeros((5, 2)))),
    ):
        with pytest.raises(ConfigError, match=r"the mask \w+ is of"):
            check_mask(mask, 4)


@pytest.mark.parametrize("mini_batch", [None, 3])
def test_the_accuracy_is_of_the_scores_that_the_loss_sees(mini_batch):
    model, loss, scores = losses(mini_batch)
    loss(features(), labels()).backward()
    query, target = (model(dict(one))["sentence_embedding"].detach().numpy() for one in features())
    cosine = query @ target.T / np.linalg.norm(query, axis=1)[:, None]
    cosine /= np.linalg.norm(target, axis=1)
    right = int((cosine.argmax(1) == np.arange(ROWS)).sum())
    assert scores.count() == (right, ROWS) and scores.count() == (0, 0)
    assert 0 < right < ROWS


def test_a_masked_rival_does_not_count_against_a_row():
    import torch

    from llmx.train.contrastive.loss import Scores

    vectors = torch.eye(2)
    for mask, right in ((None, 0), (Mask(target_id=np.array([4, 4])), 2)):
        scores = Scores(mask)
        scores.begin(torch.tensor([[0], [1]]), torch.tensor([[0], [1]]), 0)
        scores(vectors, vectors.flip(0))
        assert scores.count() == (right, 2)


def test_of_two_processes_each_counts_its_own_rows():
    import torch

    from llmx.train.contrastive.loss import Scores

    everything = torch.tensor([[4], [5], [6], [7]])
    vectors = torch.eye(4)
    for rank in (0, 1):
        scores = Scores(Mask(target_id=np.array([0, 0, 0, 0, 1, 2, 1, 3])))
        own = everything[2 * rank : 2 * rank + 2]
        scores.begin(own, everything, rank)
        found = scores(vectors[2 * rank : 2 * rank + 2], vectors)
        assert scores.count() == (2, 2)
        masked = torch.isneginf(found).nonzero().tolist()
        assert masked == ([[0, 2]] if rank == 0 else [[0, 0]])  # rows 4 and 6 share their target
