"""Rows of a ``results.json``, written by hand and read with dots."""

from dataclasses import asdict, is_dataclass
from types import SimpleNamespace
from typing import Any

from pydantic import BaseModel

from llmx.core.figure import Span
from llmx.core.record import as_json
from llmx.report.figures.decoded import of_results
from llmx.report.results import Results

SPAN = {"estimate", "low", "high", "level"}


def row(arm: str, **fields: Any) -> dict[str, Any]:
    """Return a row as a file holds it; what is left out is left out."""
    return {"arm": arm, **{name: _plain(value) for name, value in fields.items()}}


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return as_json(value)
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if isinstance(value, dict):
        return {key: _plain(held) for key, held in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def gap(estimate: float, half: float | None = None, **fields: Any) -> dict[str, Any]:
    """Return the difference of a row, with nothing gained or lost unless it is said."""
    ends = {} if half is None else {"low": estimate - half, "high": estimate + half}
    said = {"problems": 100, "p_value": 1.0, "gained": 0, "lost": 0, "detectable": 0.1}
    spans = {"score": Span(estimate=estimate, **ends), "bootstrap": Span(estimate=estimate)}
    return _plain({**said, **spans, **fields})


def results(*rows: dict[str, Any], **fields: Any) -> Results:
    """Return the results of a report that has these rows, with their figures."""
    made = Results.model_validate({"title": "t", "reference": "sd", **fields, "rows": rows})
    return made.model_copy(update={"figures": of_results(made)})


def row_of(found: Results, arm: str) -> SimpleNamespace:
    """Return the row of an arm; intervals are spans."""
    return _dotted(next(one for one in found.rows if one["arm"] == arm))


def _dotted(value: Any) -> Any:
    if isinstance(value, dict) and value.keys() == SPAN:
        return Span.model_validate(value)
    if isinstance(value, dict):
        return SimpleNamespace(**{key: _dotted(held) for key, held in value.items()})
    return [_dotted(one) for one in value] if isinstance(value, list) else value
