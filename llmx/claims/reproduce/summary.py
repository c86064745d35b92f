"""What a page comes to, in a sentence; and why two recipes judge one statement differently."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from llmx.claims.reproduce.page import Page, RunVerdict, Tested
from llmx.core.names import several
from llmx.report.verdict.model import CANNOT, Word

_SAYS_NOTHING: tuple[Word, ...] = ("not comparable", "not testable here", "withheld", CANNOT)
_DIFFERENTLY = "judged differently by several recipes"
_ORDER = ("contradicted", _DIFFERENTLY, "not shown")


def summary(page: Page) -> str:
    """Return ``2 of 6 statements shown, 1 contradicted, 3 not run.``, and the same of figures."""
    stated = [tested for tested in page.findings if tested.grade is not None]
    said = [_statements(stated)] if stated else []
    if page.claims:
        words = Counter(one.word for one in page.claims)
        counts = ", ".join(f"{count} {word}" for word, count in words.most_common())
        said.append(f"Of {several(len(page.claims), 'published figure')}: {counts}.")
    return " ".join(said)


def _statements(stated: Sequence[Tested]) -> str:
    words = Counter(map(outcome, stated))
    shown = f"{words.pop('shown', 0)} of {several(len(stated), 'statement')} shown"
    order = [*(word for word in _ORDER if word in words), *sorted(words.keys() - {*_ORDER})]
    return f"{', '.join([shown, *(f'{words[word]} {word}' for word in order)])}."


def outcome(tested: Tested) -> str:
    """Return what all runs together say of a statement, in a word or two."""
    words = dict.fromkeys(one.verdict.word for one in _telling(tested))
    if not words:
        return "not run"
    return next(iter(words)).removesuffix(" here") if len(words) == 1 else _DIFFERENTLY


def _telling(tested: Tested) -> list[RunVerdict]:
    """Return the runs that say something of a statement; where none does, the first."""
    telling = [one for one in tested.judged if one.verdict.word not in _SAYS_NOTHING]
    return telling or list(tested.judged[:1])


def differently(tested: Tested, page: Page) -> str:
    """Say why recipes judge one statement differently; empty where they do not."""
    telling = _telling(tested)
    if len({one.verdict.word for one in telling}) < 2:
        return ""
    words = ", ".join(f"`{one.recipe}` {one.verdict.word}" for one in telling)
    scales = {source.card.run: source.card.scale for source in page.sources}
    apart = [
        f"{what} ({', '.join(values)})"
        for what, values in _of_each(telling, scales).items()
        if len(set(values)) > 1
    ]
    why = "; ".join(["problems of their own", *apart])
    return f"Judged differently: {words}. What differs: {why}."


def _of_each(judged: Sequence[RunVerdict], scales: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return what may differ between runs → its value of each."""
    verdicts = [one.verdict for one in judged]
    return {
        "test": tuple(f"`{one.test}`" for one in verdicts),
        "scale": tuple(scales.get(one.run, "several") for one in judged),
        "number of problems": tuple(str(one.problems) for one in verdicts),
        "number of seeds": tuple(str(one.seeds) for one in verdicts),
        "arms": tuple(" ".join(f"`{name}`" for name in one.arms) or "none" for one in verdicts),
    }
