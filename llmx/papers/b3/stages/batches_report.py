"""Stage `batches_report`: the plans of all arms beside each other, before anybody trains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from llmx.core.figure import Figures
from llmx.core.options import NoOptions, StageOptions
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.papers.b3.report.plans import LEVELS, details_of, figures_of
from llmx.papers.b3.report.room import room_figures, room_said, rooms_of, warm_student
from llmx.papers.b3.stages.batches import DIAGNOSTICS
from llmx.store.files import read_json
from llmx.store.page import write_marked

PAGE = "batches.md"


class BatchesReportStage:
    """Over recipe. Writes ``batches.md`` and ``figures.json`` of the needed stages `batches`.

    Where the teacher is a student that a needed stage `contrastive` has warmed up, and its ranks
    are needed too, the page begins with the room that random batches leave.
    """

    Options: ClassVar[type[StageOptions]] = NoOptions
    kind: ClassVar[str] = "batches_report"
    version: ClassVar[int] = 2
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The names of the arms, and a warm student; what is reported is that of its inputs."""
        warm = warm_student(given)
        return {"arms": list(given.arms), **({} if warm is None else {"warm": warm})}

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Nothing worth telling."""
        return Cost(seconds=0.1)

    def run(self, context: StageContext) -> None:
        """Read the diagnostics of each arm and write both files."""
        from llmx.report.figures.read import write_figures

        found = {}
        for place, folder in context.inputs.items():
            if (folder / DIAGNOSTICS).exists():
                found[place.partition("/")[2]] = read_json(folder / DIAGNOSTICS)
        rooms = rooms_of(context)
        figures = [one for room in rooms for one in room_figures(room)]
        for arm, told in found.items():
            figures += [*figures_of(arm, told), *details_of(arm, told)]
        write_figures(context.out, Figures(figures=tuple(figures)))
        write_marked(context.out / PAGE, markdown(found, [room_said(room) for room in rooms]))


def markdown(found: Mapping[str, Mapping[str, Any]], rooms: Sequence[str] = ()) -> str:
    """Return the page: a table for each dataset.

    Args:
        found: arm to the content of its ``diagnostics.json``.
        rooms: what is said of the room that random batches leave.
    """
    lines = [
        "# Batches before any training",
        "",
        "Which rows share a batch, by arm. Nothing was trained, so nothing here says which plan"
        " trains better. A row's *band* holds the rows that it should meet; its *first ranks* are"
        " suspected false negatives; *equal targets* are certain ones. Counts are means a row.",
        *(line for room in rooms for line in ("", room)),
    ]
    names = dict.fromkeys(name for told in found.values() for name in told["datasets"])
    for name in names:
        lines += ["", f"## {name}", "", *_table(name, found)]
    return "\n".join([*lines, "", *_tails(found), ""])


def _table(name: str, found: Mapping[str, Mapping[str, Any]]) -> Sequence[str]:
    from llmx.report.numbers import number, percent

    heads = ["arm", "in", "edges kept, %", "of its band", "of its first ranks", "equal targets"]
    lines = [f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|"]
    for arm, told in found.items():
        for level in LEVELS:
            held = told["datasets"][name][level]
            cells = [number(held[key], 2) for key in ("mates", "leaked", "equal_targets")]
            shown = [f"`{arm}`", level, percent(held["kept_share"]), *cells]
            lines.append(f"| {' | '.join(shown)} |")
    held = next(iter(found.values()))["datasets"][name]["clusters"]
    alone = percent(held["isolated"] / held["rows"])
    said = f"{held['rows']} rows, {held['edges']} edges, {alone} % of rows without one"
    hub = f"{said}; the largest hub has {held['degree_max']}."
    more = [line for arm, told in found.items() for line in _more(arm, told["datasets"][name])]
    return [*lines, "", hub, *([""] if more else []), *more]


def _more(arm: str, told: Mapping[str, Any]) -> Iterator[str]:
    """Yield lines on Theorem 1 and on false negatives, where either is known."""
    from llmx.report.numbers import number, percent

    if told["theorem"] is not None:
        ours, random = (number(told["theorem"][key], 2) for key in ("ratio", "random"))
        yield f"- `{arm}`: mean log(H/H_B) of Theorem 1: {ours}, of random batches {random}."
    if told["cuts"]:
        shares = (f"{kind} {percent(share)} %" for kind, share in told["cuts"].items())
        yield f"- `{arm}`: edges kept by the cut itself: {', '.join(shares)}."
    first = (told["truth"] or {}).get("batches", {}).get("first")
    if first and first["asked"] and not first["truth"]["unknown"]:
        parts = (f"{kind} {n}" for kind, n in first["truth"].items() if kind != "unknown")
        asked = (
            f"of {first['pairs']} pairs of first ranks in a batch {first['asked']} were looked up"
        )
        yield f"- `{arm}`: {asked}: {', '.join(parts)}."


def _tails(found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for arm, told in found.items():
        batches, tail = told["batches"], told["tail"]
        yield f"- `{arm}`: batches an epoch: {batches}; rows in none: {tail}."
