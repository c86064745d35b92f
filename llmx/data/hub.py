"""Datasets of the hub: one repository at one commit, fetched once and read from disk after that."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from llmx.core.errors import DataError
from llmx.core.hub import go_offline_if_unreachable
from llmx.core.install import with_extra
from llmx.core.record import Sample
from llmx.core.spec import DataSpec
from llmx.data.templated import question_key
from llmx.store.files import inside, read_json, write_json

FETCH_ONCE = (
    "run it once where the hub can be reached, or copy the hub's cache ($HF_HOME) here;"
    " without either: recipe=fsd_gsm8k"
)

Row = Mapping[str, Any]
"""One row of a split, as `datasets` yields it: a column name → its value."""


def pinned_identity(spec: DataSpec, repository: str, version: int) -> dict[str, Any]:
    """Return what the problems depend on: repository and revision, whose content the hub keeps.

    Raises:
        DataError: if no revision is named.
    """
    if spec.revision is None:
        raise DataError("data.revision is not set", "pin the commit of the dataset")
    found = spec.model_dump(mode="json")
    return {"spec": found, "repository": repository, "version": version}


def rows(
    spec: DataSpec, repository: str, configuration: str | None, split: str, offline: str
) -> Any:
    """Return the rows of a published split in its own order.

    Args:
        offline: what to do where the hub cannot be reached.

    Raises:
        DataError: if the package `datasets` is missing or the split cannot be had.
    """
    if find_spec("datasets") is None:
        raise DataError(
            f"{spec.kind} needs the package 'datasets'",
            f"{with_extra('hub')}, or {offline}",
        )
    go_offline_if_unreachable()
    from datasets import load_dataset

    try:
        return load_dataset(
            repository,
            configuration,
            split=split,
            revision=spec.revision,
            trust_remote_code=False,
        )
    except Exception as error:  # the library raises a dozen kinds for one missing network
        raise DataError(f"cannot fetch {repository}: {_said(error)}", offline) from error


def samples(
    repository: str, found: Iterable[Row], make: Callable[[int, Row], Sample]
) -> Iterator[Sample]:
    """Turn rows into problems.

    Args:
        make: place of a row in its split, and the row → the problem.

    Raises:
        DataError: naming the first row that has not the columns and values of this dataset.
    """
    for place, row in enumerate(found):
        try:
            yield make(place, row)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            hint = "take the data.revision that the recipe pins"
            raise DataError(
                f"row {place} of {repository} is not as expected: {error}", hint
            ) from error


def distinct(problems: Iterable[Sample], but: Collection[str] = ()) -> Iterator[Sample]:
    """Yield each question once, and none whose key (:func:`question_key`) is among `but`."""
    seen = set(but)
    for problem in problems:
        key = question_key(problem.question)
        if key not in seen:
            seen.add(key)
            yield problem


def hub_file(spec: DataSpec, repository: str, name: str, offline: str) -> Path:
    """Return one file of a dataset's repository at the pinned revision, fetched once.

    Args:
        offline: what to do where the hub cannot be reached.

    Raises:
        DataError: if it cannot be had.
    """
    go_offline_if_unreachable()
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(repository, name, repo_type="dataset", revision=spec.revision))
    except Exception as error:  # a dozen kinds, as above
        text = f"cannot fetch {name} of {repository}: {_said(error)}"
        raise DataError(text, offline) from error


def _said(error: Exception) -> str:
    """Return what a library says, in one line: what can be chosen stands in its second."""
    return " ".join(str(error).split())[:300] or type(error).__name__


_COMMIT = re.compile(r"[0-9a-f]{40}")


def is_commit(revision: str | None) -> bool:
    """Whether a revision is a commit, whose content never changes; a branch or a tag is none."""
    return revision is not None and _COMMIT.fullmatch(revision) is not None


def newest_commit(repository: str, name: str | None, offline: str) -> str:
    """Return the commit at which a dataset stands now, or as the hub's cache here last saw it.

    Args:
        name: of a branch or a tag; None = its main branch.
        offline: what to do where the hub cannot be reached.

    Raises:
        DataError: if it cannot be had.
    """
    go_offline_if_unreachable()
    from huggingface_hub import HfApi, constants

    try:
        return str(HfApi().dataset_info(repository, revision=name).sha)
    except Exception as error:  # a dozen kinds, as above
        owner = f"datasets--{repository.replace('/', '--')}"
        seen = inside(Path(constants.HF_HUB_CACHE), f"{owner}/refs/{name or 'main'}", links=True)
        commit = seen.read_text(encoding="utf-8").strip() if seen.is_file() else ""
        if is_commit(commit):
            return commit
        text = f"cannot look up the newest commit of {repository}: {_said(error)}"
        raise DataError(text, f"data.revision=COMMIT, or {offline}") from error


def kept_commit(repository: str, name: str | None, file: Path, offline: str) -> tuple[str, bool]:
    """Return a dataset's commit as it was looked up once, and whether that was now.

    Args:
        name: of a branch or a tag; None = its main branch.
        file: in which commits stand that were looked up.
        offline: what to do where the hub cannot be reached.

    Raises:
        DataError: if it cannot be had.
    """
    key = f"{repository}@{name or 'main'}"
    known = read_json(file) if file.exists() else {}
    if is_commit(known.get(key)):
        return str(known[key]), False
    commit = newest_commit(repository, name, offline)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_json(file, {**known, key: commit})
    return commit, True
