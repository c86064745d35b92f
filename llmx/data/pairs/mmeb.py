"""MMEB, pairs of texts and pictures: 20 training sets and 36 evaluations, each a dataset.

Tables are those of TIGER-Lab/MMEB-train (``qry``, ``qry_image_path``, ``pos_text``,
``pos_image_path``) and TIGER-Lab/MMEB-eval (``qry_text``, ``qry_img_path``, and ``tgt_text`` and
``tgt_img_path`` as lists, whose first is right), at pinned commits or in a folder; pictures are
always files of a folder, as their archives unpack.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from llmx.core.errors import DataError, nearest
from llmx.core.item import shown
from llmx.core.options import wrong
from llmx.core.spec import DataSpec
from llmx.core.user_cache import at_home
from llmx.data.hub import is_commit, rows
from llmx.data.local import json_rows
from llmx.data.pairs.drawn_mmeb import DRAWN, drawn_folder
from llmx.data.pairs.drawn_mmeb import VERSION as DRAWN_VERSION
from llmx.data.pairs.kind import SPLITS, PairData, PairOptions
from llmx.data.pairs.mmeb_tasks import QUERIES, TASKS, MmebTask
from llmx.data.pairs.pairs import Family, Pair, PairRows, Retrieval
from llmx.data.pairs.splits import Leak
from llmx.data.table import read_table
from llmx.store.files import inside
from llmx.store.fingerprint import fingerprint, hash_file

VERSION = 1  # raised with every change here to a row, a split or a judgement
TRAIN, EVAL = "MMEB-train", "MMEB-eval"
_OWNER = "TIGER-Lab"
_MARK = "<|image_1|>"
_OFFLINE = "run it once where the hub can be reached, or name a copy: data.options.path=FOLDER"
_SOURCE = {"train": "original", "test": "test"}
Target = tuple[str, str]
"""(text, picture) of a query or a target; either may be empty."""


def _tasks(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in TASKS:
            raise wrong(f"MMEB has no task '{name}'", nearest(name, TASKS, "tasks"))
    return names


def _commit(value: str | None) -> str | None:
    if value is not None and not is_commit(value):
        raise wrong(f"'{value}' is no commit", "write its 40 digits")
    return value


class MmebOptions(PairOptions):
    """Where MMEB is, and which of its tasks are read."""

    path: str | None = Field(
        default=None, description="folder with MMEB-train and MMEB-eval: tables and pictures"
    )
    images: str | None = Field(
        default=None, description="folder with their pictures, where the hub has the tables"
    )
    train_commit: Annotated[str | None, AfterValidator(_commit)] = Field(
        default=None, description="of TIGER-Lab/MMEB-train on the hub"
    )
    eval_commit: Annotated[str | None, AfterValidator(_commit)] = Field(
        default=None, description="of TIGER-Lab/MMEB-eval on the hub"
    )
    drawn: int = Field(
        default=0,
        ge=0,
        description="draw four tasks of so many pictures, where no folder is named",
    )
    tasks: Annotated[tuple[str, ...], AfterValidator(_tasks)] = Field(
        default=(), description="evaluations, with their training sets; empty = all 36"
    )
    families: tuple[Family, ...] = Field(default=(), description="of tasks; empty = all")
    target_prompts: bool = Field(
        default=True, description="before targets that are a class, an answer or a caption"
    )
    equal_images: Literal["content", "path"] = Field(
        default="content", description="by what two pictures are one target; a path reads no file"
    )

    @property
    def drawing(self) -> int:
        """Pictures that are drawn; none where a folder is named."""
        return 0 if self.path or self.images else self.drawn

    @property
    def chosen(self) -> tuple[MmebTask, ...]:
        """The tasks that are read, in the order of MMEB."""
        names = self.tasks or (DRAWN if self.drawing else tuple(TASKS))
        return tuple(
            task
            for task in TASKS.values()
            if task.name in names and (not self.families or task.family in self.families)
        )


class Mmeb(PairData):
    """`data: {kind: mmeb, options: {path: FOLDER}}`."""

    Options: ClassVar[type[PairOptions]] = MmebOptions
    evaluated: ClassVar[tuple[str, ...]] = ("test",)
    options: MmebOptions

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """The commits, or the content of a folder's tables and the sizes of its pictures."""
        options = cls(spec).options
        told = spec.model_dump(mode="json")
        held = {n: v for n, v in spec.options.items() if n not in ("path", "images")}
        found = {"spec": {**told, "options": held}, "version": VERSION}
        if options.drawing:
            return {**found, "drawn": DRAWN_VERSION}
        folder = None if options.path is None else at_home(options.path)
        if folder is None or not folder.is_dir():  # a plan needs neither
            return found
        return {**found, "content": _content(folder)}

    @classmethod
    def planned(cls, spec: DataSpec, split: str) -> dict[str, int]:
        """Return about how many rows each dataset has, before any of them is read."""
        options = cls(spec).options
        most = getattr(spec, split)
        found = {}
        for task in options.chosen:
            known = options.drawing or (task.rows if split == "train" else QUERIES)
            if split != "train" or task.in_domain:
                found[task.name] = min(known, most or known)
        return found

    def every(self) -> Sequence[Pair]:
        """Return the rows that train, then a row an evaluated query, with its right target."""
        return [*self._train, *self._test]

    @cached_property
    def _train(self) -> tuple[Pair, ...]:
        """Rows that train, without those whose query is evaluated."""
        asked = {self._asked(row) for row in self._test}
        found: list[Pair] = []
        for task in self.options.chosen:
            if task.in_domain:
                kept = (one for one in self._rows(task) if self._asked(one) not in asked)
                found += islice(kept, self.spec.train or None)
        return tuple(found)

    @cached_property
    def _test(self) -> tuple[Pair, ...]:
        return tuple(one for task in self.options.chosen for one, _ in self._evaluated[task.name])

    @cached_property
    def _evaluated(self) -> dict[str, list[tuple[Pair, list[Target]]]]:
        """Task to its queries, with (text, picture) of their candidates."""
        return {task.name: self._searches(task) for task in self.options.chosen}

    @cached_property
    def _ids(self) -> dict[Target, int]:
        return {}

    def _picture(self, name: str) -> str:
        """Return by what a picture is equal to others; empty for none."""
        if name and self.options.equal_images == "content":
            return hash_file(inside(self._root, name, links=True))
        return name

    def _asked(self, row: Pair) -> tuple[str, str, str]:
        return row.dataset, self._picture(row.images[0]), row.query

    def pairs(self, split: str) -> PairRows:
        """Return the rows of `test` or `train`, as MMEB divides them.

        Raises:
            DataError: for another split, or where pictures are missing.
        """
        if split not in SPLITS or split == "calibration":
            known = [name for name in SPLITS if name != "calibration"]
            raise DataError(f"MMEB has no split '{split}'", nearest(split, known, "splits"))
        found = self._train if split == "train" else self._test
        if not found:
            names = ", ".join(task.name for task in self.options.chosen[:4]) or "no task"
            raise DataError(f"data=mmeb: no row of {split} in {names}", "name other tasks")
        return PairRows(found)

    def audit(self) -> tuple[Leak, ...]:
        """Return queries that train and are evaluated: none, as such rows are left out."""
        asked = {self._asked(row): row.id for row in self._test}
        keys = ((row, self._asked(row)) for row in self._train)
        return tuple(
            Leak("query", shown(row.asked), ("train", "test"), (row.id, asked[key]))
            for row, key in keys
            if key in asked
        )

    def retrieval(self, split: str, dataset: str | None = None) -> Retrieval:
        """Return the search of one evaluation: each query among its own candidates.

        Raises:
            DataError: if there is no such evaluation, or the split is not `test`.
        """
        if split != "test":
            raise DataError(f"MMEB evaluates test, and not {split}", "split: test")
        if dataset not in self._evaluated:
            raise DataError(f"no evaluation '{dataset}'", nearest(dataset or "", self._evaluated))
        import numpy as np

        found = self._evaluated[dataset]
        place: dict[Target, int] = {}
        among, right = [], []
        for _, candidates in found:
            own = [place.setdefault(one, len(place)) for one in candidates]
            among.append(np.array(list(dict.fromkeys(own)), np.int64))
            right.append({own[0]: 2})
        items = [
            Pair("", "", text, 0, dataset, images=("", name), folder=self._root).answer
            for text, name in place
        ]
        ids = np.arange(len(items), dtype=np.int64)
        names = tuple(row.id for row, _ in found)
        asked = tuple(row.asked for row, _ in found)
        return Retrieval(dataset, names, asked, tuple(items), ids, tuple(right), tuple(among))

    def _rows(self, task: MmebTask) -> Iterator[Pair]:
        read, seen = [], _Pictures(self._root)
        for row in self._table(TRAIN, task.trains, "train"):
            query, target = (
                (_text(row, text), _named(TRAIN, _first(row, picture)))
                for text, picture in (("qry", "qry_image_path"), ("pos_text", "pos_image_path"))
            )
            seen.add(query[1], target[1])
            read.append((query, target))
        seen.check()
        for place, (query, target) in enumerate(read):
            yield self._pair(task, f"{task.name}-train-{place}", query, target)

    def _searches(self, task: MmebTask) -> list[tuple[Pair, list[Target]]]:
        read, seen = [], _Pictures(self._root)
        for place, row in enumerate(islice(self._table(EVAL, task.name, "test"), self.spec.test)):
            query = _text(row, "qry_text"), _named(EVAL, _first(row, "qry_img_path"))
            targets = _candidates(row, f"{EVAL}/{task.name}: row {place}")
            seen.add(query[1], *(picture for _, picture in targets))
            read.append((query, targets))
        seen.check()
        return [
            (
                self._pair(task, f"{task.name}-test-{place}", query, targets[0]),
                [(self._prompted(task, one), one[1]) for one in targets],
            )
            for place, (query, targets) in enumerate(read)
        ]

    def _prompted(self, task: MmebTask, target: Target) -> str:
        """Return a target's text: a prompt stands before texts, never beside a picture."""
        text, picture = target
        return task.prompt + text if self.options.target_prompts and not picture else text

    def _pair(self, task: MmebTask, name: str, query: Target, target: Target) -> Pair:
        text, picture = target
        key = text, self._picture(picture)
        return Pair(
            id=name,
            query=query[0],
            target=self._prompted(task, target),
            target_id=self._ids.setdefault(key, len(self._ids)),
            dataset=task.name,
            family=task.family,
            label=text if task.family == "classification" else None,
            group=name,
            images=(query[1], picture),
            folder=self._root,
        )

    @cached_property
    def _root(self) -> Path:
        """The folder of both parts, with their pictures.

        Raises:
            DataError: if none is named, or a part is not there.
        """
        options = self.options
        if options.drawing:
            return drawn_folder(options.drawing)
        named = options.path or options.images
        if named is None:
            text = "data=mmeb: no folder of pictures is named"
            raise DataError(text, "data.options.path=FOLDER, or images=FOLDER and two commits")
        found = at_home(named)
        for part in (TRAIN, EVAL):
            if not inside(found, part, links=True).is_dir():
                raise DataError(f"{found}/{part} is no folder", f"unpack TIGER-Lab/{part} there")
        return found

    def _table(self, part: str, name: str, split: str) -> Sequence[Mapping[str, Any]]:
        source, options = _SOURCE[split], self.options
        if options.drawing or options.path:
            return _local(inside(self._root, part, links=True), name, source)
        commit = options.train_commit if part == TRAIN else options.eval_commit
        if commit is None:
            option = "train_commit" if part == TRAIN else "eval_commit"
            text = f"data.options.{option} is not set"
            raise DataError(text, f"pin the commit of TIGER-Lab/{part}, or path=FOLDER")
        pinned = self.spec.model_copy(update={"revision": commit})
        found: Sequence[Mapping[str, Any]] = rows(
            pinned, f"{_OWNER}/{part}", name, source, _OFFLINE
        )
        return found


class _Pictures:
    """Pictures that rows name, looked for: all that are missing are said in one line."""

    def __init__(self, root: Path) -> None:
        self.root, self.names = root, dict[str, None]()

    def add(self, *names: str) -> None:
        """Take note of names; an empty one is no picture."""
        self.names.update(dict.fromkeys(name for name in names if name))

    def check(self) -> None:
        """Refuse missing ones.

        Raises:
            DataError: with their number and the first path.
        """
        lost = [name for name in self.names if not inside(self.root, name, links=True).is_file()]
        if lost:
            text = f"{len(lost)} of {len(self.names)} pictures are missing, the first is"
            raise DataError(f"{text} {self.root / lost[0]}", "unpack the archives of MMEB there")


def _first(row: Mapping[str, Any], name: str) -> str:
    """Return a cell, or the first of a cell that is a list.

    Raises:
        DataError: if the table has no such column.
    """
    if name not in row:
        raise DataError(f"a table of MMEB has no column '{name}'", nearest(name, list(row)))
    held = row[name]
    return str((held[0] if held else "") if isinstance(held, list) else held or "")


def _text(row: Mapping[str, Any], name: str) -> str:
    return _clean(_first(row, name))


def _clean(text: str) -> str:
    """Return a text without the mark of its picture, which stands before it anyway."""
    return text.replace(_MARK, "").strip()


def _named(part: str, picture: str) -> str:
    return f"{part}/{picture}" if picture else ""


def _candidates(row: Mapping[str, Any], where: str) -> list[Target]:
    """Return the candidates of a query, of which the first is right.

    Raises:
        DataError: if they are no two lists of one length.
    """
    texts, names = row.get("tgt_text"), row.get("tgt_img_path")
    if not (isinstance(texts, list) and isinstance(names, list) and 0 < len(texts) == len(names)):
        text = f"{where} has no lists tgt_text and tgt_img_path of one length"
        raise DataError(text, "take the tables of TIGER-Lab/MMEB-eval")
    return [
        (_clean(str(text or "")), _named(EVAL, str(name or "")))
        for text, name in zip(texts, names, strict=True)
    ]


def _local(root: Path, name: str, source: str) -> Sequence[Mapping[str, Any]]:
    """Return the rows of a table: all Parquet files of a split, or one of JSON lines.

    Raises:
        DataError: if there is none.
    """
    folder = inside(root, name)
    parquet = sorted(folder.glob(f"{source}-*.parquet")) or sorted(folder.glob(f"{source}.parquet"))
    if parquet:
        return [row for path in parquet for row in read_table(path, "parquet").rows]
    if (lines := folder / f"{source}.jsonl").is_file():
        return json_rows(lines)
    raise DataError(f"{folder} holds no table {source}-*.parquet", "leave the task out, or copy it")


@lru_cache(maxsize=4)
def _content(folder: Path) -> str:
    """Return a hash of a folder: contents of tables, and names and sizes of all other files."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return fingerprint(
        [
            [
                str(path.relative_to(folder)),
                hash_file(path)
                if path.suffix in (".parquet", ".jsonl")
                else str(path.stat().st_size),
            ]
            for path in files
        ]
    )
