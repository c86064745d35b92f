"""Two problems of one id are refused, whatever the kind of data; so are lines that are cut."""

import json
import sys
from types import ModuleType

import pytest
from judge_server import write_arena

from llmx.core import registry
from llmx.core.errors import LlmxError
from llmx.core.record import Sample
from llmx.core.spec import DataSpec, JudgeSpec
from llmx.data import load
from llmx.data.drawn import doubled
from llmx.runs.parity import prompts
from llmx.stages.judge import instructions_of


class Twins:
    """A kind of a stranger's that gives ids as it is told."""

    def __init__(self, spec: DataSpec) -> None:
        self.ids = spec.options["ids"]

    @classmethod
    def identity(cls, spec):
        return {"spec": spec.model_dump(mode="json")}

    def split(self, name, limit=None):
        return [Sample(id=one, question=f"{n}?", answer="") for n, one in enumerate(self.ids)][
            :limit
        ]


@pytest.fixture
def twins(monkeypatch):
    module = ModuleType("stranger")
    module.Twins = Twins
    monkeypatch.setitem(sys.modules, "stranger", module)
    monkeypatch.setitem(registry._known()["data"], "twins", "stranger:Twins")


# Splits that are kept in memory, and splits that are read each time.
@pytest.mark.parametrize("split", ["test", "calibration", "heldout", "train", "sft"])
def test_every_kind_of_data_passes_one_place_where_equal_ids_are_refused(twins, split):
    good = DataSpec(kind="twins", options={"ids": ["a", "b", "c"]})
    assert [one.id for one in load(good, split)] == ["a", "b", "c"]
    bad = DataSpec(kind="twins", options={"ids": ["a", "b", "c", "b", "a"]})
    with pytest.raises(LlmxError, match=f"problems 2 and 4 of twins, split {split}, have one id"):
        load(bad, split)
    assert [one.id for one in load(bad, split, 3)] == ["a", "b", "c"]


def test_the_first_two_places_of_the_same_are_found():
    assert doubled("abc") is None and doubled("") is None
    assert doubled("abcbba") == (1, 3) and doubled("aa") == (0, 1)


def arena(folder):
    return DataSpec(kind="arena_hard", options={"path": str(folder)})


@pytest.mark.parametrize("name", ["question", "model_answer/gpt-4-0314"])
def test_a_question_and_an_answer_of_arena_hard_stand_once(tmp_path, name):
    file = write_arena(tmp_path / "arena", 3) / f"{name}.jsonl"
    file.write_text(file.read_text() + file.read_text().split("\n")[0] + "\n")
    with pytest.raises(LlmxError, match=rf"rows 1 and 4 of {name.split('/')[-1]}\.jsonl have one"):
        load(arena(tmp_path / "arena"), "test")


@pytest.mark.parametrize("odd", ["\u2028", "\x85", "\x0b", "\x0c", "\x1e"], ids=ascii)
def test_lines_end_at_their_end_alone_in_every_file_of_a_person(tmp_path, odd):
    folder = write_arena(tmp_path / "arena", 3)
    for file in (folder / "question.jsonl", folder / "model_answer" / "gpt-4-0314.jsonl"):
        lines = file.read_text().split("\n")[:-1]
        rows = [json.loads(line.replace("Instruction", f"In{json.dumps(odd)[1:-1]}struction"))
                for line in lines]  # fmt: skip
        body = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        file.write_bytes(f"\ufeff{body}".encode())
    assert load(arena(folder), "test")[0].question == f"In{odd}struction <0>"
    (tmp_path / "prompts.txt").write_bytes(f"\ufeffone{odd}two\r\n\nthree".encode())
    samples, _ = prompts(tmp_path / "prompts.txt", 9)
    assert [(one.id, one.question) for one in samples] == [
        ("line 1", f"one{odd}two"),
        ("line 3", "three"),
    ]
    (tmp_path / "words.txt").write_bytes(f"\ufeffBe{odd}fair.".encode())
    judge = JudgeSpec(kind="length", instructions=str(tmp_path / "words.txt"))
    assert instructions_of(judge) == f"Be{odd}fair."
