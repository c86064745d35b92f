"""The newest whole checkpoint is found; one that a kill cut short is not."""

import pytest

from llmx.train.language_model import newest_checkpoint

WHOLE = ("model.safetensors", "optimizer.pt", "scheduler.pt", "trainer_state.json")


@pytest.mark.parametrize(
    ("folders", "newest"),
    [
        ({}, None),
        ({"checkpoint-5": WHOLE}, "checkpoint-5"),
        ({"checkpoint-900": WHOLE, "checkpoint-1000": WHOLE}, "checkpoint-1000"),
        ({"checkpoint-5": WHOLE, "checkpoint-10": WHOLE[:3]}, "checkpoint-5"),
        ({"checkpoint-5": WHOLE[:1], "checkpoint-10": ()}, None),
        ({"checkpoint-5": WHOLE, "runs": ("trainer_state.json",)}, "checkpoint-5"),
    ],
    ids=["none", "one", "by number, not by name", "torn", "all torn", "another folder"],
)
def test_the_newest_whole_checkpoint(tmp_path, folders, newest):
    for name, files in folders.items():
        (tmp_path / name).mkdir()
        for file in files:
            (tmp_path / name / file).write_text("{}")
    found = newest_checkpoint(tmp_path)
    assert (found and found.name) == newest


def test_a_folder_that_is_not_there_has_none(tmp_path):
    assert newest_checkpoint(tmp_path / "nowhere") is None


@pytest.mark.slow
def test_the_trainer_writes_its_state_last():
    """What the rule rests on: it is read in the installed library, not assumed."""
    import inspect

    from transformers import Trainer

    text = inspect.getsource(Trainer._save_checkpoint)
    order = ["self.save_model(", "self._save_optimizer_and_scheduler(", "self._save_rng_state("]
    places = [text.index(step) for step in [*order, "TRAINER_STATE_NAME"]]
    assert places == sorted(places)
