"""The numbers of a stored result beside those that its outcomes give."""

import json
from pathlib import Path
from typing import Any

from llmx.claims.reproduce.stored import ENSEMBLE, LATENCY, TRAINED, Stored, load_stored
from llmx.core.record import as_json
from llmx.report.ensemble.figures import figures
from llmx.report.figures.streams import of_streams
from llmx.report.outcomes.model import FILE, OF_TRAININGS, Outcomes, TrainingOutcomes
from llmx.report.outcomes.retest import gathered, rebuilt, rebuilt_trainings, retested
from llmx.report.training.model import TrainingReport

SAID = (
    *("problems", "seeds", "accuracy", "accuracy_flexible", "difference", "rounds_reference"),
    *("tokens_per_second", "problems_per_second", "speedup", "speedup_reference"),
    *("speedup_problems", "speedup_reference_problems", "target_rounds", "accepted_length"),
    *("draft_share", "asked_share", "share_missed", "output_tokens", "cut_share"),
    "unparsed_share",
)
OUTPUTS = ("seeds", "before", "after", "gain", "more_backtracks", "against", "versus")


def differing(folder: Path) -> list[str]:
    """Return what does not follow from the outcomes of a run folder, or of what was kept of it."""
    stored = load_stored(folder)
    found = Outcomes.model_validate_json(stored.texts[FILE])
    again, rows = retested(found).verdicts, rebuilt(found).rows
    odd = [f"verdict {one.id}" for one in stored.verdicts if one not in again]
    if len(found.findings) != len(stored.verdicts):
        odd.append("a finding without its verdict")
    mine = {row["arm"]: row for row in rows}
    odd += [
        f"row {row['arm']}: {name}"
        for row in stored.results.rows
        for name in SAID
        if row.get(name) != _like(row.get(name), mine[row["arm"]].get(name))
    ]
    return odd + _trainings(stored) + _streams(stored, found)


def _like(said: Any, found: Any) -> Any:
    """Return what was found without what the stored row does not say."""
    if not (isinstance(said, dict) and isinstance(found, dict)):
        return found
    return {key: _like(held, found.get(key, held)) for key, held in said.items()}


def _trainings(stored: Stored) -> list[str]:
    if TRAINED not in stored.texts:
        return []
    said = TrainingReport.model_validate_json(stored.texts[TRAINED])
    found = rebuilt_trainings(TrainingOutcomes.model_validate_json(stored.texts[OF_TRAININGS]))
    odd = [f"{name}" for name in ("predicts", "predicts_reliability", "predicts_seeds")
           if getattr(said, name) != getattr(found, name)]  # fmt: skip
    for one in said.arms:
        mine = found.arm(one.arm)
        odd += [
            f"training {one.arm}: {name}"
            for name in OUTPUTS
            if mine is None or getattr(one, name) != getattr(mine, name)
        ]
    return odd


def _streams(stored: Stored, found: Outcomes) -> list[str]:
    if LATENCY not in stored.texts:
        return []
    rows = [json.loads(line) for line in stored.texts[LATENCY].splitlines()]
    scores = {
        name: {score.id: score.correct for score in files.scores.values()}
        for name, files in gathered(found).arms.items()
    }
    arms, reference = list(found.arms), found.reference or ""
    again = figures(arms, reference, scores, rows, {}, found.references)
    computed = of_streams([as_json(one) for one in again]).figures
    quality = ("chunks that repeat", "ended before their sources")  # of the quality stage
    said = [one for one in of_streams(json.loads(stored.texts[ENSEMBLE])).figures
            if one.quantity not in quality]  # fmt: skip
    return [f"stream {one.arm}: {one.quantity}" for one in said if one not in computed]
