"""The length-controlled win rate of AlpacaEval 2, by the package's own function.

Nothing of its regression is here (Dubois et al., arXiv 2404.04475, section 3). Rows go in as its
annotations, and the table that it would fetch from the hub is handed to it as a file.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmx.core.errors import RunError
from llmx.judging.alpaca_package import part
from llmx.stats.interval import Interval, two_sided_z


@dataclass(frozen=True)
class LengthControlled:
    """The rate, a share, and what it is the mean of.

    Attributes:
        rate: with the package's standard error, which is that of a mean over instructions: the
            regression counts as known.
        preferences: each instruction's, had both outputs been of one length.
    """

    rate: Interval
    preferences: tuple[float, ...]


def annotation(
    output: Mapping[str, Any], generator: str, annotator: str, preference: float | None
) -> dict[str, Any]:
    """Return a row as the package writes its annotations.

    Args:
        output: a row of ``outputs.jsonl``.
        annotator: who judged.
        preference: for the judged arm, 0 to 1; the package counts from 1 (baseline) to 2.
    """
    return {
        "instruction": output["instruction"],
        "output_1": output["reference"],
        "generator_1": output["baseline"],
        "output_2": output["output"],
        "generator_2": generator,
        "dataset": output["dataset"],
        "annotator": annotator,
        "preference": None if preference is None else 1 + preference,
    }


def length_controlled(
    rows: Sequence[Mapping[str, Any]], indices: Sequence[int], gamed: Path, level: float = 0.95
) -> LengthControlled:
    """Return the length-controlled win rate.

    Args:
        rows: annotations of one arm (:func:`annotation`).
        indices: each instruction's place among the published ones, which its difficulty goes by.
        gamed: the package's ``df_gamed.csv``.

    Raises:
        RunError: if the regression does not come out, with its own words.
    """
    from pandas import DataFrame

    frame = DataFrame([dict(row) for row in rows])
    frame["preference"] = frame["preference"].astype(float)
    frame["index"] = list(indices)
    if (frame["output_1"] == frame["output_2"]).all():
        # Without any difference of lengths there is nothing to fit; the package knows this case by
        # the name, and calls it a half.
        frame["generator_2"] = frame["generator_1"]
    try:
        found = _fit(frame, gamed)
    except (ValueError, KeyError, IndexError, AssertionError) as error:
        text = f"alpaca_eval's regression failed on {len(rows)} rows: {str(error)[:160]}"
        raise RunError(text, "stages.NAME.length_controlled=false leaves it out") from error
    rate = float(found["length_controlled_winrate"]) / 100
    half = two_sided_z(level) * float(found["lc_standard_error"]) / 100
    preferences = tuple(float(value) for value in frame["glm_preference"])
    return LengthControlled(Interval(rate - half, rate, rate + half, level), preferences)


def _fit(frame: Any, gamed: Path) -> Mapping[str, float]:
    glm_winrate = part("metrics.glm_winrate")
    with warnings.catch_warnings(), _file_for_download(glm_winrate, gamed):
        warnings.simplefilter("ignore", FutureWarning)
        found: Mapping[str, float] = glm_winrate.get_length_controlled_winrate(
            frame, save_weights_dir=None, is_warn_extreme_changes=False
        )
    return found


@contextmanager
def _file_for_download(module: Any, path: Path) -> Iterator[None]:
    """Let the module find its table at `path`, where it would ask the hub for the newest."""
    fetch = module.hf_hub_download
    module.hf_hub_download = lambda **_: str(path)
    try:
        yield
    finally:
        module.hf_hub_download = fetch
