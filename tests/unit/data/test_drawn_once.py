"""A process draws a split once, and never gives problems that are not those asked for."""

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from llmx.core import registry
from llmx.core.errors import DataError
from llmx.core.record import Sample
from llmx.core.spec import DataSpec
from llmx.data import drawn, load

SPEC = DataSpec(kind="counted", test=5, calibration=3, train=4)
DRAWN: list[str] = []


class Counted:
    """A dataset that says when it is drawn; its content is that of a file."""

    content = "a"

    def __init__(self, spec: DataSpec) -> None:
        self.spec = spec

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, object]:
        if spec.revision == "unknown":
            raise DataError("no revision")
        return {"spec": spec.model_dump(mode="json"), "content": cls.content}

    def split(self, name: str, limit: int | None = None) -> list[Sample]:
        DRAWN.append(name)
        if name == "heldout":
            raise DataError("none there")
        size = getattr(self.spec, name)
        made = [Sample(id=f"{name}-{n}", question=self.content, answer="") for n in range(size)]
        return made[:limit]


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(registry._known()["data"], "counted", f"{__name__}:Counted")
    DRAWN.clear()
    drawn.forget()
    yield
    drawn.forget()


def test_the_same_split_is_drawn_once() -> None:
    assert load(SPEC, "test", 2) == load(SPEC.model_copy(), "test", 2)
    assert DRAWN == ["test"]


def test_another_split_or_size_or_specification_is_another() -> None:
    assert [len(load(SPEC, "test", limit)) for limit in (2, 3, None)] == [2, 3, 5]
    assert len(load(SPEC, "calibration")) == 3
    assert len(load(SPEC.model_copy(update={"test": 4}), "test")) == 4
    assert len(load(SPEC.model_copy(update={"seed": 1}), "test")) == 5
    assert len(DRAWN) == 6


def test_a_part_of_a_whole_split_is_not_drawn_again() -> None:
    whole = load(SPEC, "test", 5)
    assert [load(SPEC, "test", limit) for limit in (None, 3, 5, 9)] == [
        whole,
        whole[:3],
        whole,
        whole,
    ]
    assert DRAWN == ["test"]


def test_what_a_caller_does_to_his_list_is_his_own() -> None:
    load(SPEC, "test").clear()
    assert len(load(SPEC, "test")) == 5


def test_a_file_that_changes_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(SPEC, "test")[0].question == "a"
    monkeypatch.setattr(Counted, "content", "b")
    assert load(SPEC, "test")[0].question == "b"


def test_large_splits_and_what_has_no_identity_are_not_kept() -> None:
    for _ in range(2):
        load(SPEC, "train")
        load(SPEC.model_copy(update={"revision": "unknown"}), "test")
    assert DRAWN == ["train", "test"] * 2


def test_a_split_that_fails_is_asked_for_again() -> None:
    for _ in range(2):
        with pytest.raises(DataError, match="none there"):
            load(SPEC, "heldout")
    assert DRAWN == ["heldout"] * 2


def test_threads_draw_a_dataset_one_after_the_other() -> None:
    spec = DataSpec(kind="gsm_symbolic", templates=(43, 10), test=60, calibration=8)
    wanted = {split: load(spec, split) for split in ("test", "calibration")}
    drawn.forget()
    found: list[bool] = []

    def ask(split: str) -> None:
        found.append(load(spec, split) == wanted[split])

    threads = [Thread(target=ask, args=(split,)) for split in [*wanted] * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 8


def test_a_person_s_own_file_is_read_again_when_its_content_changes(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"

    def question() -> str:
        spec = DataSpec(kind="alpaca_eval", options={"path": str(path)}, test=1)
        return load(spec, "test")[0].question

    row = {"instruction": "one", "output": "x", "generator": "g", "dataset": "d"}
    path.write_text(json.dumps([row]))
    assert question() == "one"
    path.write_text(json.dumps([{**row, "instruction": "two"}]))
    assert question() == "two"
