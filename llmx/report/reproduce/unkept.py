"""A result whose outcomes by problem were not kept: its figures stand with their date, unjudged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from llmx.core.figure import Figures
from llmx.report.figures.decoded import of_verdicts
from llmx.report.results import Finding, Results
from llmx.report.verdict.markdown import markdown
from llmx.report.verdict.model import CANNOT, Verdict, Verdicts

if TYPE_CHECKING:
    from llmx.report.reproduce.stored import Stored

_UNJUDGED = ("not comparable", CANNOT)
_NO_P: dict[str, None] = {"p": None, "p_all": None, "leans": None}


def unjudged(run: Stored) -> Stored:
    """Return the run without any verdict: nobody can compute its intervals again, or correct them.

    Figures stay as they were printed on the day of the run; p values go, as they served verdicts.
    """
    verdicts = tuple(_unjudged(one, run.card.date) for one in run.verdicts)
    results, before = _results(run.results, verdicts), _said(run.results)
    texts = {name: _text(text, before, _said(results)) for name, text in run.texts.items()}
    if "verdicts.md" in texts:
        texts["verdicts.md"] = markdown(Verdicts(verdicts=verdicts, failed=run.failed))
    figures = _without_p(run.figures, of_verdicts(run.verdicts))
    return replace(
        run, verdicts=verdicts, results=results, figures=figures, texts=texts, unkept=True
    )


def _without_p(found: Figures, judged: Figures) -> Figures:
    kept = (
        one.model_copy(update={"p": None}) if one in judged.figures else one
        for one in found.figures
    )
    return found.model_copy(update={"figures": tuple(kept)})


def _unjudged(verdict: Verdict, date: str) -> Verdict:
    if verdict.word in _UNJUDGED:
        return verdict
    reason = f"Measured on {date} and judged by rules that have changed since; outcomes by problem"
    reason += f" were not kept, so no rule can be applied again. {verdict.reason}"
    numbers = tuple(one.model_copy(update={"p": None}) for one in verdict.numbers)
    return verdict.model_copy(
        update={"word": CANNOT, "reason": reason, "numbers": numbers, **_NO_P}
    )


def _said(results: Results) -> str:
    return next((one.text for one in results.findings if one.kind == "verdict"), "")


def _results(results: Results, verdicts: tuple[Verdict, ...]) -> Results:
    names = ", ".join(f"`{one.id}`" for one in verdicts if one.word == CANNOT)
    text = f"Outcomes by problem were not kept, so these {CANNOT}: {names}."
    findings = tuple(
        Finding(kind="verdict", text=text) if one.kind == "verdict" and names else one
        for one in results.findings
    )
    return results.model_copy(update={"findings": findings})


def _text(text: str, before: str, after: str) -> str:
    return text.replace(before, after) if before else text
