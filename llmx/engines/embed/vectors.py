"""Vectors on the disk: float16, memory-mapped, written in shards of which a kill loses one.

A shard is named by the hash of what it is made of (embedder, prompt, ids, texts), so what an
earlier run left is used only where it is the same. The shards are joined to one file at the end.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmx.core.errors import EngineError, StoreError
from llmx.core.item import Item, plain
from llmx.engines.embed.embedder import Embedder
from llmx.store.files import damaged, read_json, write_bytes, write_json, write_parts
from llmx.store.fingerprint import fingerprint, hash_file

if TYPE_CHECKING:
    from numpy import float16
    from numpy.typing import NDArray

SHARD = 8192
_ARRAY, _ABOUT = "vectors.npy", "vectors.json"


@dataclass(frozen=True)
class Vectors:
    """Vectors of a folder.

    Attributes:
        array: float16 (n, dimension), memory-mapped, rows of length 1.
        ids: of the rows.
        hash: of the content of the file.
        identity: what the vectors depend on besides ids and texts.
    """

    array: NDArray[float16]
    ids: tuple[str, ...]
    hash: str
    identity: dict[str, Any]


def embedded(
    folder: Path,
    ids: Sequence[str],
    texts: Sequence[Item],
    embedder: Embedder,
    prompt: str = "",
    shard: int = SHARD,
    done: Callable[[int], None] = lambda rows: None,
) -> Vectors:
    """Return the vectors of texts, made where they are not in the folder already.

    Args:
        ids: of the texts, one each.
        prompt: stands before each text.
        shard: rows that are embedded and written at once; it changes no row of a static embedder.
        done: told of the rows after each shard.

    Raises:
        EngineError: if ids and texts differ in number, or the embedder gives what is no vector.
        StoreError: if the folder cannot be written.
    """
    if len(ids) != len(texts) or not texts:
        raise EngineError(f"{len(texts)} texts with {len(ids)} ids cannot be embedded")
    identity = {**embedder.identity(), "prompt": prompt, "shard": shard}
    meaning = fingerprint([identity, list(ids), list(map(plain, texts))])
    if (folder / _ABOUT).exists() and read_json(folder / _ABOUT).get("meaning") == meaning:
        return open_vectors(folder)
    names = []
    for start in range(0, len(texts), shard):
        part = slice(start, start + shard)
        names.append(_shard(folder, identity, ids[part], texts[part], embedder))
        done(min(start + shard, len(texts)))
    return _joined(folder, names, ids, {"identity": identity, "meaning": meaning})


def _shard(
    folder: Path,
    identity: dict[str, Any],
    ids: Sequence[str],
    texts: Sequence[Item],
    model: Embedder,
) -> Path:
    """Return the file of one shard, made if it is not there."""
    import numpy as np

    named = fingerprint([identity, list(ids), list(map(plain, texts))])
    path = folder / f"shard-{named}.npy"
    if not path.exists():
        found = np.asarray(model.encode(texts, identity["prompt"]))
        if found.shape != (len(texts), model.dimension) or not np.isfinite(found).all():
            text = f"the embedder gave {found.shape} for {len(texts)} texts, or what is no number"
            raise EngineError(text, "use another model")
        held = io.BytesIO()
        np.save(held, found.astype(np.float16))
        write_bytes(path, held.getvalue())
    return path


def _joined(folder: Path, shards: list[Path], ids: Sequence[str], about: dict[str, Any]) -> Vectors:
    """Join the shards to one file, then say what is in it, then let them go."""
    import numpy as np

    first = np.load(shards[0], mmap_mode="r")
    header = io.BytesIO()
    shape = (len(ids), int(first.shape[1]))
    described = {"descr": "<f2", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(header, described)

    def parts() -> Iterator[bytes]:
        yield header.getvalue()
        for path in shards:
            yield np.load(path).tobytes()

    write_parts(folder / _ARRAY, parts())
    content = hash_file(folder / _ARRAY)
    write_json(folder / _ABOUT, {**about, "hash": content, "ids": list(ids)})
    for path in set(shards):
        path.unlink(missing_ok=True)
    return open_vectors(folder)


def open_vectors(folder: Path) -> Vectors:
    """Return the vectors of a folder; their content is not read.

    Raises:
        StoreError: if there are none, or the file does not hold what is said of it.
    """
    import numpy as np

    about = read_json(folder / _ABOUT)
    try:
        array = np.load(folder / _ARRAY, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise damaged(folder / _ARRAY, error) from error
    if array.dtype != np.float16 or array.ndim != 2 or len(array) != len(about["ids"]):
        raise StoreError(f"{folder / _ARRAY} has not the rows that are told", "run it again")
    return Vectors(array, tuple(about["ids"]), about["hash"], about["identity"])
