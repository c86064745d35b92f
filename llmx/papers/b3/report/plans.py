"""Plans as figures: what clusters and batches are like before anybody trains on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmx.core.figure import Figure, Span
from llmx.papers.b3 import figure_names as names
from llmx.report.timing import as_span
from llmx.stats.proportion import wilson

LEVELS = ("clusters", "batches")
_NAMED = {
    "kept_share": ("share of edges inside {level}", "share"),
    "leaked": ("own first ranks met in {level}", "rows"),
    "equal_targets": ("equal targets met in {level}", "rows"),
    "mates": ("rows of the own band met in {level}", "rows"),
}
TRUTHS = ("duplicate", "related", "unrelated", "unknown")


def figures_of(arm: str, told: Mapping[str, Any]) -> Iterator[Figure]:
    """Yield the figures of one arm; those of several datasets have the dataset's name.

    Args:
        told: the content of its ``diagnostics.json``.
    """
    for of, held in _datasets(told):
        n = held["clusters"]["rows"]
        share = held["clusters"]["isolated"] / n
        yield _figure(f"share of rows without an edge{of}", arm, share, "share", n)
        for level in LEVELS:
            for key, (name, unit) in _NAMED.items():
                quantity = f"{name.format(level=level)}{of}"
                yield _figure(quantity, arm, held[level][key], unit, held[level]["clustered"])


def details_of(arm: str, told: Mapping[str, Any]) -> Iterator[Figure]:
    """Yield what else the diagnostics of one arm say: degrees, sizes, cuts, Theorem 1, truth."""
    for of, held in _datasets(told):
        made = held["clusters"]
        for key, (name, unit) in names.DEGREES.items():
            yield _figure(f"{name}{of}", arm, made[key], unit, made["rows"])
        for name, sizes in (
            (names.SIZES_BEFORE, held.get("sizes_before_repair")),
            (names.SIZES, made["sizes"]),
        ):
            for size, count in sizes or ():
                span = Span(estimate=count)
                yield Figure(
                    quantity=f"{name}{of}", arm=arm, span=span, unit="clusters",
                    setting=names.OF_A_CLUSTER, at=size,
                )  # fmt: skip
        for kind, share in (held.get("cuts") or {}).items():
            yield _figure(f"{names.cut(kind)}{of}", arm, share, "share", made["rows"])
        yield from _bound(arm, held.get("theorem"), of)
        yield from _met(arm, (held.get("truth") or {}).get("batches") or {}, of)


def _datasets(told: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each dataset with what its quantities end in: nothing where there is one alone."""
    alone = len(told["datasets"]) == 1
    for dataset, held in told["datasets"].items():
        yield "" if alone else f", {dataset}", held


def _bound(arm: str, found: Mapping[str, Any] | None, of: str) -> Iterator[Figure]:
    if found is not None:
        for name, key in ((names.BOUND, "ratio"), (names.BOUND_RANDOM, "random")):
            yield _figure(f"{name}{of}", arm, found[key], "nats", int(found["rows"]))


def _met(arm: str, found: Mapping[str, Any], of: str) -> Iterator[Figure]:
    """Yield how many pairs share a batch by range of ranks, and what a sample of them is."""
    for where, held in found.items():
        quantity = f"{names.met(where)}{of}"
        yield _figure(quantity, arm, held["pairs"], "pairs", held["pairs"])
        for truth, count in held["truth"].items():
            if held["asked"]:
                span = as_span(wilson(count, held["asked"]))
                name = f"{names.truth(truth, where)}{of}"
                yield Figure(quantity=name, arm=arm, span=span, unit="share", n=held["asked"])


def _figure(quantity: str, arm: str, value: float, unit: str, n: int) -> Figure:
    return Figure(quantity=quantity, arm=arm, span=Span(estimate=value), unit=unit, n=n)
