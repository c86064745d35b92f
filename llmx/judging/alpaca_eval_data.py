"""AlpacaEval 2's 805 instructions and the outputs of GPT-4 Turbo that others are compared with.

From the hub at a pinned revision, or from a file in the package's format (``data.options.path``):
a JSON list of rows with `instruction`, `output`, `generator` and `dataset`. The dataset of the hub
is a loading script, which `datasets` no longer runs; its file is read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from llmx.core.errors import DataError
from llmx.core.record import Sample
from llmx.core.spec import DataSpec
from llmx.data.hub import hub_file, pinned_identity
from llmx.data.local import json_rows, path_of, without_path
from llmx.store.fingerprint import hash_file

VERSION = 1  # to be raised with every change here that changes a problem
REPOSITORY = "tatsu-lab/alpaca_eval"
BASELINE_FILE, GAMED_FILE = "alpaca_eval_gpt4_baseline.json", "df_gamed.csv"
PUBLISHED = 805
OFFLINE = (
    "run it once where the hub can be reached, or name the file: data.options.path=FILE;"
    " without either: scale=smoke"
)


class AlpacaEvalData:
    """`data: {kind: alpaca_eval}`; `answer` is the baseline's output, clusters are the sources."""

    def __init__(self, spec: DataSpec) -> None:
        self.spec = spec

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """The pinned revision, or the content of the file."""
        path = path_of(spec)
        if path is None:
            return pinned_identity(spec, REPOSITORY, VERSION)
        found = without_path(spec)
        return {"spec": found, "content": hash_file(_file_in(path)), "version": VERSION}

    def split(self, name: str, limit: int | None = None) -> list[Sample]:
        """Return `test`, in the published order: a problem's number is its place there."""
        if name != "test":
            raise DataError(f"alpaca_eval has no split '{name}'", "its one split is test")
        size = min(self.spec.test, limit or self.spec.test)
        return _samples(self._rows()[:size], str(self.spec.options.get("path", REPOSITORY)))

    @property
    def baseline(self) -> str:
        """Name of the model whose outputs are compared with."""
        return str(self._rows()[0].get("generator", "baseline"))

    @property
    def whole(self) -> bool:
        """Whether these are the published instructions with the published baseline."""
        rows = self._rows()
        return len(rows) == PUBLISHED and self.baseline == "gpt4_1106_preview"

    def gamed(self) -> Path:
        """Return the package's table for the length-controlled win rate, from the hub.

        Raises:
            DataError: if it cannot be had.
        """
        offline = "stages.NAME.gamed=FILE names a copy, stages.NAME.length_controlled=false"
        return hub_file(self.spec, REPOSITORY, GAMED_FILE, offline)

    def _rows(self) -> list[Mapping[str, Any]]:
        path = path_of(self.spec)
        if path is None:
            return json_rows(hub_file(self.spec, REPOSITORY, BASELINE_FILE, OFFLINE))
        return json_rows(_file_in(path))


def _file_in(path: Path) -> Path:
    found = path / BASELINE_FILE if path.is_dir() else path
    if not found.is_file():
        raise DataError(f"{path} has no {BASELINE_FILE}", "name the file: data.options.path=FILE")
    return found


def _samples(rows: Iterable[Mapping[str, Any]], where: str) -> list[Sample]:
    found = [_sample(place, row, where) for place, row in enumerate(rows)]
    if len({sample.question for sample in found}) < len(found):
        raise DataError(f"{where}: an instruction stands twice", "take the published file")
    return found


def _sample(place: int, row: Mapping[str, Any], where: str) -> Sample:
    try:
        return Sample(
            id=f"test-{place}",
            question=row["instruction"],
            answer=row["output"],
            solution=row.get("answer", ""),
            cluster=row.get("dataset", ""),
        )
    except (KeyError, ValueError) as error:
        hint = "rows have instruction, output, generator and dataset"
        text = str(error).splitlines()[0]
        raise DataError(f"row {place} of {where} is not as expected: {text}", hint) from error
