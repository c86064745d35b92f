"""No audit, no verdict."""

from __future__ import annotations

from collections.abc import Iterable

from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.model import Verdict, Word

SAYS_NOTHING: tuple[Word, ...] = ("not comparable", "withheld")


def only_audited(verdict: Verdict, rests_on: Iterable[str], e: Evidence) -> Verdict:
    """Return the verdict, withheld where an arm that it rests on has passed no audit.

    Args:
        rests_on: arms by family; a missing seed's audit counts as the arm's.
    """
    missing = [name for name in rests_on if name not in e.audited]
    if not missing or verdict.word in SAYS_NOTHING:
        return verdict
    names = ", ".join(f"`{name}`" for name in missing)
    failed = all(name in e.failed for name in missing)
    why = "The audit failed of" if failed else "No audit was passed by"
    reason = f"{why} {names}, so nothing is said. {verdict.reason}"
    withheld = {"word": "withheld", "reason": reason, "p": None, "leans": None}
    return verdict.model_copy(update=withheld)
