"""Stage `batches_report`: the plans of all arms beside each other, before anybody trains."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from llmx.core.figure import Figure, Figures, Span
from llmx.core.options import NoOptions, StageOptions
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.papers.b3.stages.batches import DIAGNOSTICS
from llmx.store.files import read_json
from llmx.store.page import write_marked

PAGE = "batches.md"
_NAMED = {
    "kept_share": ("share of edges inside {level}", "share"),
    "leaked": ("own first ranks met in {level}", "rows"),
    "equal_targets": ("equal targets met in {level}", "rows"),
    "mates": ("rows of the own band met in {level}", "rows"),
}
_LEVELS = ("clusters", "batches")


class BatchesReportStage:
    """Over recipe. Writes ``batches.md`` and ``figures.json`` of the needed stages `batches`."""

    Options: ClassVar[type[StageOptions]] = NoOptions
    kind: ClassVar[str] = "batches_report"
    version: ClassVar[int] = 2
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The names of the arms; what is reported is that of its inputs."""
        return {"arms": list(given.arms)}

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
        figures = [one for arm, told in found.items() for one in figures_of(arm, told)]
        write_figures(context.out, Figures(figures=tuple(figures)))
        write_marked(context.out / PAGE, markdown(found))


def figures_of(arm: str, told: Mapping[str, Any]) -> Iterator[Figure]:
    """Yield the figures of one arm; those of several datasets have the dataset's name."""
    alone = len(told["datasets"]) == 1
    for dataset, held in told["datasets"].items():
        of = "" if alone else f", {dataset}"
        n = held["clusters"]["rows"]
        share = held["clusters"]["isolated"] / n
        yield _figure(f"share of rows without an edge{of}", arm, share, "share", n)
        if held["theorem"] is not None:
            ratio, rows = held["theorem"]["ratio"], held["theorem"]["rows"]
            yield _figure(f"log(H/H_B) of Theorem 1{of}", arm, ratio, "nats", rows)
        for level in _LEVELS:
            for key, (name, unit) in _NAMED.items():
                quantity = f"{name.format(level=level)}{of}"
                yield _figure(quantity, arm, held[level][key], unit, held[level]["clustered"])


def _figure(quantity: str, arm: str, value: float, unit: str, n: int) -> Figure:
    return Figure(quantity=quantity, arm=arm, span=Span(estimate=value), unit=unit, n=n)


def markdown(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the page: a table for each dataset.

    Args:
        found: arm to the content of its ``diagnostics.json``.
    """
    lines = [
        "# Batches before any training",
        "",
        "Which rows share a batch, by arm. Nothing was trained, so nothing here says which plan"
        " trains better. A row's *band* holds the rows that it should meet; its *first ranks* are"
        " suspected false negatives; *equal targets* are certain ones. Counts are means a row.",
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
        for level in _LEVELS:
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
