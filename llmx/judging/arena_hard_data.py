"""Arena-Hard v0.1: 500 prompts, and the answers of GPT-4-0314 that others are compared with.

From a folder (``data.options.path``): a checkout of the benchmark, its `data/arena-hard-v0.1`, or
any folder with `question.jsonl` and `model_answer/BASELINE.jsonl`. Or from the hub, at the commit
that ``data.revision`` names. Rows are read in the form of 2025 (`uid`, `prompt`, `messages`) and in
the first one (`question_id`, `turns`, `choices`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llmx.core.errors import DataError
from llmx.core.record import Sample
from llmx.core.spec import DataSpec
from llmx.data.drawn import doubled
from llmx.data.hub import hub_file, pinned_identity
from llmx.data.local import json_rows, path_of, without_path
from llmx.store.files import inside
from llmx.store.fingerprint import fingerprint, hash_file

VERSION = 1  # to be raised with every change here that changes a problem
REPOSITORY = "lmarena-ai/arena-hard-auto"
FOLDER = "data/arena-hard-v0.1"
QUESTIONS, BASELINE = "question.jsonl", "gpt-4-0314"
HOW = (
    "clone the benchmark (lmarena/arena-hard-auto) and name it: data.options.path=FOLDER,"
    " or data.revision=COMMIT of its hub dataset; without either: scale=smoke"
)
_Row = Mapping[str, Any]


class ArenaHardData:
    """`data: {kind: arena_hard}`; `answer` is the baseline's, clusters are the benchmark's topics.

    ``data.options.baseline`` names another model of the folder's `model_answer`.
    """

    def __init__(self, spec: DataSpec) -> None:
        self.spec = spec

    @property
    def baseline(self) -> str:
        """Name of the model whose answers are compared with."""
        return str(self.spec.options.get("baseline", BASELINE))

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """The pinned revision, or the content of both files."""
        data = cls(spec)
        if path_of(spec, ("path", "baseline")) is None:
            if spec.revision is None:  # nothing that could run, see `refusal`
                return {"spec": without_path(spec), "content": None, "version": VERSION}
            return pinned_identity(spec, REPOSITORY, VERSION)
        found = without_path(spec)
        content = fingerprint([hash_file(path) for path in data._files()])
        return {"spec": found, "content": content, "version": VERSION}

    @classmethod
    def refusal(cls, spec: DataSpec) -> DataError | None:
        """Return why there are no problems at all: neither a folder nor a commit is named."""
        if spec.revision is not None or spec.options.get("path") is not None:
            return None
        return DataError("arena_hard: the questions are nowhere", HOW)

    def split(self, name: str, limit: int | None = None) -> list[Sample]:
        """Return `test`, in the published order.

        Raises:
            DataError: for a prompt without an answer of the baseline, among others.
        """
        if name != "test":
            raise DataError(f"arena_hard has no split '{name}'", "its one split is test")
        questions, answers = (json_rows(path) for path in self._files())
        answered = [_read(row, _id, self.baseline) for row in answers]
        _refuse_doubled(answered, f"{self.baseline}.jsonl")
        _refuse_doubled([_read(row, _id, QUESTIONS) for row in questions], QUESTIONS)
        texts = (_read(row, _answer, _id(row)) for row in answers)
        by_id = dict(zip(answered, texts, strict=True))
        size = min(self.spec.test, limit or self.spec.test)
        return [self._sample(row, by_id) for row in questions[:size]]

    def _sample(self, row: _Row, answers: Mapping[str, str]) -> Sample:
        name = _read(row, _id, QUESTIONS)
        if name not in answers:
            text = f"{self.baseline} has no answer to question '{name}'"
            raise DataError(text, "take both files of one release")
        return Sample(
            id=name,
            question=_read(row, _prompt, name),
            answer=answers[name],
            solution=str(row.get("answer", "")),
            cluster=str(row.get("cluster", "")),
        )

    def _files(self) -> tuple[Path, Path]:
        names = (QUESTIONS, f"model_answer/{self.baseline}.jsonl")
        path = path_of(self.spec, ("path", "baseline"))
        if path is None:
            if (error := self.refusal(self.spec)) is not None:
                raise error
            first, second = (
                hub_file(self.spec, REPOSITORY, f"{FOLDER}/{name}", HOW) for name in names
            )
            return first, second
        folder = path / FOLDER if (path / FOLDER).is_dir() else path
        first, second = (inside(folder, name, links=True) for name in names)
        for file, name in ((first, names[0]), (second, names[1])):
            if not file.is_file():
                raise DataError(f"{folder} has no {name}", HOW)
        return first, second


def _refuse_doubled(ids: Sequence[str], name: str) -> None:
    """Refuse two rows of one question, by which prompts, answers and judgements are joined."""
    if (places := doubled(ids)) is not None:
        first, other = (place + 1 for place in places)
        text = f"arena_hard: rows {first} and {other} of {name} have one id: '{ids[places[0]]}'"
        raise DataError(text, "give each question an id of its own")


def _read(row: _Row, read: Any, where: str) -> str:
    try:
        found = read(row)
    except (KeyError, IndexError, TypeError) as error:
        hint = "take the files of one release of the benchmark"
        raise DataError(f"arena_hard: a row of {where} lacks {error}", hint) from error
    if not isinstance(found, str) or not found:
        raise DataError(f"arena_hard: a row of {where} has no text", "take the published files")
    return found


def _id(row: _Row) -> str:
    return str(row["uid"] if "uid" in row else row["question_id"])


def _prompt(row: _Row) -> Any:
    return row["prompt"] if "prompt" in row else row["turns"][0]["content"]


def _answer(row: _Row) -> Any:
    if "messages" in row:
        content = row["messages"][-1]["content"]
        return content["answer"] if isinstance(content, dict) else content
    return row["choices"][0]["turns"][-1]["content"]
