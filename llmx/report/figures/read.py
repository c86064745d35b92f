"""The figures of a folder: its ``figures.json``, or what follows from the files of older versions.

Stages of versions that wrote none are reused, and results of theirs are committed: this is the
one place that reads those. What a stage writes today goes through the same functions, so that both
are alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from llmx.core.errors import RunError
from llmx.core.figure import FILE, Figures, joined
from llmx.report.figures.decoded import of_results, of_verdicts
from llmx.report.figures.others import of_exploration, of_wins
from llmx.report.figures.streams import of_lengths, of_simulation, of_streams
from llmx.report.figures.trainings import of_trainings
from llmx.report.results import Results, load_results
from llmx.report.verdict.model import Verdicts
from llmx.store.files import read_json, write_json

Reader = Callable[[Any], Figures]

RESULTS = "results.json"

_READERS: Mapping[str, Reader] = {
    RESULTS: lambda raw: of_results(load_results(raw)),
    "ensemble.json": of_streams,
    "lengths.json": of_lengths,
    "win_rates.json": of_wins,
    "simulation.json": of_simulation,
    "training_report.json": of_trainings,
    "explore.json": of_exploration,
    "verdicts.json": lambda raw: of_verdicts(Verdicts.model_validate(raw).verdicts),
}
"""File of an older version -> its figures; tables come before the verdicts on them."""


def figures_in(folder: Path) -> Figures:
    """Return the figures that a folder of a stage, or of a committed result, holds.

    Raises:
        RunError: for a file that holds no figures.
    """
    path = folder / FILE
    if path.exists():
        with readable(path):
            return Figures.model_validate(read_json(path))
    return joined(_old(folder / name, read) for name, read in _READERS.items())


def results_in(folder: Path) -> Results:
    """Return the results of a report, with its figures.

    A report of an older version wrote figures without the metrics that scorers declare, and its
    rows have them.

    Raises:
        RunError: for a file that holds none.
    """
    path = folder / RESULTS
    with readable(path):
        found = load_results(read_json(path))
        held, rows = figures_in(folder), of_results(found)
    known = held.metrics or rows.metrics
    return found.model_copy(update={"figures": held.model_copy(update={"metrics": known})})


def has_own_page(folder: Path) -> bool:
    """Whether the figures of a folder stand on a page: llmx's own tables, or one of its stage."""
    known = any((folder / name).exists() for name in _READERS)
    return known or any(folder.glob("*.html"))


def _old(path: Path, read: Reader) -> Figures:
    if not path.exists():
        return Figures()
    with readable(path):
        return read(read_json(path))


def write_figures(folder: Path, *found: Figures) -> None:
    """Write the figures of a stage.

    Raises:
        StoreError: if the folder cannot be written.
    """
    write_json(folder / FILE, joined(found).dump())


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Say of which file, and where in it, a value is not what its name promises.

    Raises:
        RunError: for it.
    """
    hint = "delete the stage's folder and run again"
    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RunError(f"{path}: {place}: {first['msg']}", hint) from error
    except (KeyError, TypeError, AttributeError) as error:
        raise RunError(f"{path}: it holds no figures ({error})", hint) from error
