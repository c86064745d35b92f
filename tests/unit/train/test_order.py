"""The order of the rows: what it always was, and the same wherever a training goes on."""

from pathlib import Path
from typing import Any

import pytest
from counts import some

from llmx.store.files import read_json
from llmx.train.order import ByLength, Order, Repeated, Shuffled, follow, order_of

GOLDEN = read_json(Path(__file__).parents[2] / "golden/training/order.json")
LENGTHS, SEED = GOLDEN["lengths"], GOLDEN["seed"]


def by_length(batch: int = 4) -> ByLength:
    return ByLength(LENGTHS, batch, SEED)


def repeated(shuffle: bool = True) -> Repeated:
    utils = pytest.importorskip("trl.trainer.utils")
    return Repeated(utils.RepeatSampler(range(11), 2, 3, 2, shuffle=shuffle, seed=SEED))


ORDERS = [by_length, lambda: Shuffled(11, SEED), repeated, lambda: repeated(shuffle=False)]
NAMES = ["by length", "shuffled", "repeated", "repeated, not shuffled"]


@pytest.mark.parametrize("batch", [4, 5])
def test_the_batches_are_those_of_the_trainings_before(batch):
    """Written down from `train` before it had an order of its own: two passes and a half."""
    passes = [by_length(batch).rows(passed) for passed in range(4)]
    found = [rows[at : at + batch] for rows in passes for at in range(0, len(rows), batch)]
    expected = GOLDEN["batches"][str(batch)]
    assert found[: len(expected)] == expected


def test_passes_by_length_are_those_that_transformers_draws():
    """And the global generator, which dropout draws from, is left where it was then."""
    import torch
    from torch.utils.data import DataLoader
    from transformers.trainer_pt_utils import LengthGroupedSampler

    states = []
    for sampler in (LengthGroupedSampler(4, lengths=LENGTHS), by_length()):
        torch.manual_seed(SEED)
        loader = DataLoader(range(len(LENGTHS)), 4, sampler=sampler)
        drawn = []
        for passed in range(3):
            sampler.passed = passed
            drawn.append([batch.tolist() for batch in loader])
        states.append((drawn, torch.random.get_rng_state().tolist()))
    assert states[0] == states[1]


def test_shuffled_passes_are_those_that_accelerate_draws():
    import torch
    from accelerate.data_loader import SeedableRandomSampler

    torch.manual_seed(SEED)
    theirs, ours = SeedableRandomSampler(range(11)), Shuffled(11, SEED)
    assert [list(theirs) for _ in range(3)] == [ours.rows(passed) for passed in range(3)]


@pytest.mark.parametrize("shuffle", [True, False])
def test_repeated_passes_are_those_that_trl_draws(shuffle):
    theirs, ours = repeated(shuffle).sampler, repeated(shuffle)
    assert [list(theirs) for _ in range(3)] == [ours.rows(passed) for passed in range(3)]


@pytest.mark.parametrize("make", ORDERS, ids=NAMES)
def test_a_pass_is_the_same_whatever_was_asked_before(make):
    order = make()
    passes = [order.rows(passed) for passed in range(4)]
    assert {len(rows) for rows in passes} == {len(order)}
    for passed in (2, 0, 3, 1):
        order.passed = passed
        assert list(order) == list(order) == passes[passed] == make().rows(passed)


@pytest.mark.parametrize("make", ORDERS[:2], ids=NAMES[:2])
def test_a_pass_has_every_row_once_and_seeds_and_passes_differ(make):
    order = make()
    other = make()
    other.seed += 100
    passes = [one.rows(passed) for one in (order, other) for passed in range(3)]
    assert all(sorted(rows) == list(range(len(order))) for rows in passes)
    assert len({tuple(rows) for rows in passes}) == len(passes)


def test_a_sampler_that_draws_nothing_stays():
    pytest.importorskip("trl")
    from torch.utils.data import RandomSampler, SequentialSampler

    assert order_of(SequentialSampler(range(5)), SEED) is None and order_of(None, SEED) is None
    found = order_of(RandomSampler(range(5)), SEED)
    assert isinstance(found, Shuffled) and (len(found), found.seed) == (5, SEED)
    assert isinstance(order_of(repeated().sampler, 0), Repeated)


def trained(out: Path, order: Order, accumulated: int, begin: int = 0) -> dict[int, list[int]]:
    """Train three passes, from a checkpoint on; return batch by its place in the whole training."""
    import torch
    from transformers import Trainer, TrainingArguments

    class Line(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.slope = torch.nn.Parameter(torch.zeros(1))

        def forward(self, rows: Any) -> dict[str, Any]:
            return {"loss": ((self.slope - rows.float()) ** 2).mean()}

    batches: list[list[int]] = []

    def collate(rows: Any) -> dict[str, Any]:
        batches.append(list(rows))
        return {"rows": torch.tensor(rows)}

    of_pass = -(-len(order) // 4)
    steps = -(-of_pass // accumulated)
    arguments = TrainingArguments(
        str(out), max_steps=3 * steps, per_device_train_batch_size=4, save_steps=1, report_to=[],
        gradient_accumulation_steps=accumulated, use_cpu=True, disable_tqdm=True, seed=SEED,
        remove_unused_columns=False, dataloader_pin_memory=False, logging_strategy="no",
    )  # fmt: skip
    trainer = Trainer(Line(), arguments, collate, list(range(len(LENGTHS))))
    follow(trainer, order)
    trainer.train(resume_from_checkpoint=str(out / f"checkpoint-{begin}") if begin else None)
    first = of_pass * (begin // steps) + accumulated * (begin % steps)
    return {first + place: rows for place, rows in enumerate(batches)}


@pytest.mark.slow
@pytest.mark.parametrize("accumulated", [1, 4], ids=["step by step", "accumulated"])
@pytest.mark.parametrize("make", ORDERS[:3], ids=NAMES[:3])
def test_a_batch_does_not_depend_on_where_a_training_goes_on(tmp_path, make, accumulated):
    whole = trained(tmp_path, make(), accumulated)
    steps = len(list(tmp_path.glob("checkpoint-*")))
    passes = [make().rows(passed) for passed in range(3)]
    expected = [rows[at : at + 4] for rows in passes for at in range(0, len(rows), 4)]
    assert list(whole.values()) == expected and steps >= 3
    for begin in some(range(1, steps), 3):
        rest = trained(tmp_path, make(), accumulated, begin)
        assert rest == {place: rows for place, rows in whole.items() if place >= min(rest)}
        assert len(rest) < len(whole)
