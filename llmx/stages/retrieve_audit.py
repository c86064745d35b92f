"""What a stage `retrieve` says of its own scores, and of the training that they are of."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from llmx.core.audit import Audit, Check
from llmx.store.files import read_json


def retrieval_audit(names: Sequence[str], asked: int, training: Path | None) -> Audit:
    """Return the checks of a search, and before them those of the rows that were trained on.

    Args:
        names: ids of the queries that have a score.
        asked: how many queries were asked, those without a right target among them.
        training: folder of the stage that trained the model; None = nobody here did, and what its
            training has seen is not known.
    """
    again = len(names) - len(set(names))
    own = (
        Check(check="asked twice", level="fail", passed=not again, found=again, of=len(names)),
        Check(
            check="without a right target",
            level="warn",
            passed=len(names) == asked,
            found=asked - len(names),
            of=asked,
            detail="queries that have no score",
        ),
    )
    checks = (*_trained(training), *own)
    failed = any(one.level == "fail" and one.passed is False for one in checks)
    return Audit(passed=not failed, checks=checks)


def _trained(training: Path | None) -> tuple[Check, ...]:
    if training is None or not (training / "audit.json").exists():
        told = "the model comes from elsewhere"
        return (Check(check="overlap with training", level="fail", passed=None, detail=told),)
    return tuple(Check.model_validate(one) for one in read_json(training / "audit.json")["checks"])
