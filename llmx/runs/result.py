"""What a finished run found, for a notebook or a script: files, figures, every answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from llmx.core.errors import ConfigError, nearest
from llmx.core.figure import Span
from llmx.core.install import pip_install
from llmx.core.names import marked
from llmx.core.spec import RunSpec
from llmx.graph.folder import RunFolder
from llmx.store.files import inside, read_json, read_lines

if TYPE_CHECKING:
    from llmx.stats.interval import Interval

Form = Literal["pandas", "arrow", "rows"]


@dataclass(frozen=True, repr=False)
class RunResult:
    """A finished run and what its report found."""

    folder: RunFolder
    spec: RunSpec
    seconds: float
    results: dict[str, Any] | None
    """Content of ``results.json``, None for a recipe without a report."""
    notes: tuple[str, ...] = ()
    """Lines to read first, e.g. that a newer run has not ended."""

    @property
    def files(self) -> dict[str, Path]:
        """The report, the plot and the pages of stages, where the recipe makes them."""
        names = {"report": "report.html", "markdown": "report.md", "plot": "plot.svg"}
        paths = {name: self.folder.path / file for name, file in names.items()}
        found = {name: path for name, path in paths.items() if path.exists()}
        for ending in ("md", "html"):  # of stages over the recipe; with both it is the latter
            for page in sorted(self.folder.path.glob(f"*/*.{ending}")):
                found[page.parent.name] = page
        return found

    def table(self, form: Form = "pandas") -> Any:
        """Return the report's main figures, an arm a row.

        An interval is three columns: ``accuracy``, ``accuracy_low``, ``accuracy_high``.

        Args:
            form: ``pandas`` (a DataFrame), ``arrow`` (a Table) or ``rows`` (a list of dicts).

        Raises:
            ConfigError: for another form, or if its package is not installed.
        """
        rows = (self.results or {}).get("rows", ())
        return _in_form([dict(_flat(row)) for row in rows], form)

    def samples(self, arm: str | None = None, form: Form = "pandas") -> Any:
        """Return every answer with its score, an answer a row.

        Columns: `arm` (with its seed), `stage`, the fields of the record, and those of the score
        where there is one, as ``score_correct``.

        Args:
            arm: one arm, or one of its seeds (``sd@seed=1``); None = all.
            form: as of :meth:`table`.

        Raises:
            ConfigError: for an unknown arm or form, or if a package is not installed.
        """
        return _in_form(list(self._answers(arm)), form)

    def _answers(self, arm: str | None) -> Iterator[dict[str, Any]]:
        folders = sorted(self.folder.path.glob("*/*/samples.jsonl"))
        known = sorted({path.parent.name for path in folders})
        if arm is not None and not any(_is(name, arm) for name in known):
            raise ConfigError(
                f"{self.folder.name} has no answers of arm '{arm}'", nearest(arm, known, "arms")
            )
        scores = self._scores()
        for path in folders:
            name = path.parent.name
            if arm is None or _is(name, arm):
                for row in read_lines(path):
                    yield {
                        "arm": name,
                        "stage": path.parent.parent.name,
                        **row,
                        **scores.get((name, row["id"], row.get("draw", 0)), {}),
                    }

    def _scores(self) -> dict[tuple[str, str, int], dict[str, Any]]:
        """Return (arm, problem, draw) → the fields of its score."""
        return {
            (path.parent.name, row["id"], row.get("draw", 0)): {
                f"score_{key}": row[key] for key in row if key not in ("id", "draw")
            }
            for path in self.folder.path.glob("*/*/scores.jsonl")
            for row in read_lines(path)
        }

    def scored(self) -> Iterator[tuple[str, str, Span, int]]:
        """Yield (arm, stage, accuracy with its interval, problems) of what each stage scored."""
        from llmx.report.timing import as_span

        for stage in (one for one in self.spec.stages if one.kind == "score"):
            for path in sorted(inside(self.folder.path, stage.name).glob("*/summary.json")):
                found = read_json(path)
                yield path.parent.name, stage.name, as_span(_share(found, path)), found["problems"]

    def __repr__(self) -> str:
        accuracies = ", ".join(f"{arm} {share:.1%}" for arm, share in self._accuracies())
        return f"<run {self.folder.name}: {accuracies or f'{len(self.spec.arms)} arms'}>"

    def _accuracies(self) -> Iterator[tuple[str, float]]:
        for row in (self.results or {}).get("rows", ()):
            if row.get("accuracy"):
                yield row["arm"], row["accuracy"]["estimate"]

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the name, an accuracy a row, the picture."""
        rows = "".join(
            f"<tr><td>{escape(marked(arm))}</td><td>{share:.1%}</td></tr>"
            for arm, share in self._accuracies()
        )
        plot = self.files.get("plot")
        picture = plot.read_text(encoding="utf-8") if plot else ""
        head = "<tr><th>arm</th><th>accuracy</th></tr>"
        return f"<b>{escape(self.folder.name)}</b><table>{head}{rows}</table>{picture}"


def _share(found: Mapping[str, Any], path: Path) -> Interval:
    """Return the accuracy of a summary; several draws of a problem count as one value, their mean.

    Args:
        path: of the summary; the scores lie beside it.
    """
    import numpy as np

    from llmx.stats.bootstrap import bootstrap_mean
    from llmx.stats.proportion import wilson

    draws = found.get("draws", 1)
    if draws == 1:
        return wilson(found["correct"], found["problems"])
    right = [row["correct"] for row in read_lines(path.with_name("scores.jsonl"))]
    return bootstrap_mean(np.reshape(right, (-1, draws)).mean(axis=1))


def _is(name: str, arm: str) -> bool:
    return name == arm or name.startswith(f"{arm}@")


def _flat(row: dict[str, Any], under: str = "") -> Iterator[tuple[str, Any]]:
    """Yield columns: an interval's estimate under its own name, its ends beside it."""
    for key, value in row.items():
        name = f"{under}{key}"
        if isinstance(value, dict):
            if "estimate" in value:
                yield name, value["estimate"]
                value = {end: value[end] for end in ("low", "high")}
            yield from _flat(value, f"{name}_")
        else:
            yield name, value


def _in_form(rows: list[dict[str, Any]], form: Form) -> Any:
    try:
        match form:
            case "rows":
                return rows
            case "pandas":
                from pandas import DataFrame

                return DataFrame(rows)
            case "arrow":
                from pyarrow import Table

                return Table.from_pylist(rows)
    except ImportError as error:
        package = str(error.name)
        raise ConfigError(f"form='{form}' needs {package}", pip_install(package)) from error
    raise ConfigError(f"no form '{form}'", "pandas, arrow or rows")
