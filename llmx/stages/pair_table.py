"""What stages of retrieval know of the rows that were embedded: targets, datasets, no texts."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from llmx.core.errors import RunError
from llmx.data.pairs.pairs import PairRows
from llmx.store.files import read_json, write_bytes, write_json

if TYPE_CHECKING:
    from numpy import int32, int64
    from numpy.typing import NDArray

_ARRAYS, _ABOUT = "rows.npz", "rows.json"


@dataclass(frozen=True)
class PairTable:
    """Rows of a split, 0 to n - 1.

    Attributes:
        target_id: int64 (n,); equal texts have equal numbers.
        dataset: int32 (n,), places in `datasets`.
        datasets: name to family, in the order of the rows.
        hash: of all that stands in the rows.
    """

    target_id: NDArray[int64]
    dataset: NDArray[int32]
    datasets: dict[str, str]
    hash: str

    @classmethod
    def of(cls, rows: PairRows) -> PairTable:
        """Return what is known of rows."""
        import numpy as np

        families = {row.dataset: str(row.family) for row in rows}
        datasets = {name: families[name] for name in rows.datasets}
        place = {name: at for at, name in enumerate(datasets)}
        dataset = np.fromiter((place[row.dataset] for row in rows), np.int32, len(rows))
        return cls(rows.target_id, dataset, datasets, rows.hash)

    @classmethod
    def read(cls, folder: Path) -> PairTable:
        """Return what a stage wrote to its folder."""
        import numpy as np

        about = read_json(folder / _ABOUT)
        families = dict(zip(about["datasets"], about["families"], strict=True))
        with np.load(folder / _ARRAYS, allow_pickle=False) as held:
            return cls(held["target_id"], held["dataset"], families, about["hash"])

    def write(self, folder: Path) -> None:
        """Write it; equal tables are equal bytes."""
        import numpy as np

        memory = io.BytesIO()
        np.savez(memory, target_id=self.target_id, dataset=self.dataset)
        write_bytes(folder / _ARRAYS, memory.getvalue())
        told = {"datasets": list(self.datasets), "families": list(self.datasets.values())}
        write_json(folder / _ABOUT, {**told, "hash": self.hash, "rows": len(self.target_id)})


def input_with(inputs: Mapping[str, Path], file: str, kind: str) -> Path:
    """Return the folder of the input that holds a file.

    Args:
        kind: of the stage that writes it.

    Raises:
        RunError: if none of them does.
    """
    found = next((folder for folder in inputs.values() if (folder / file).exists()), None)
    if found is None:
        raise RunError(f"no input holds {file}", f"add a stage of kind {kind} to needs")
    return found
