"""Part 3, on the pair: the accept step over the target's forward, inside the real loop.

The accept step is all that lies between the target's logits and the emitted tokens: warping,
divergence, ratio test, replacement or bonus token. It is timed round by round, at batch 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from bench.book import Book
from bench.clock import CLOCKS, NOTHING, Lap, timed
from bench.models import KERNELS, Models, Pair
from bench.spans import Span, ratio
from bench.steps import Steps
from llmx.decoding import DecodeOptions, decode_refill, rounds, verify
from llmx.decoding.block_model import as_blocks

RULES = ("SD", "FSD-R", "FSD-H")
Where = tuple[str, str, float]  # kernel, rule, temperature
Found = dict[Where, list[dict[str, Lap]]]


@dataclass
class Watch:
    """Time by name, of the problem at hand."""

    laps: dict[str, Lap] = field(default_factory=dict)

    def over(self, inner: Callable[..., Any], label: str) -> Callable[..., Any]:
        """Return a function that times itself."""

        def watched(*args: Any, **named: Any) -> Any:
            found, lap = timed(lambda: inner(*args, **named))
            self.laps[label] = self.laps.get(label, NOTHING) + lap
            return found

        return watched

    def take(self) -> dict[str, Lap]:
        """Return what was measured since the last call, and begin anew."""
        found, self.laps = self.laps, {}
        return found


def options(models: Models, rule: str, heat: float, gamma: int | None = None) -> DecodeOptions:
    """Return how a rule decodes."""
    made = models.options("SD" if rule == "SD" else "FSD-H", heat)
    made = replace(made, gamma=gamma or made.gamma)
    return replace(made, semantics="research") if rule == "FSD-R" else made


def _forwards(pair: Pair) -> list[tuple[Any, str, str]]:
    """Return (home, function, label) of what the models do; a block model drafts in one call."""
    blocks = as_blocks(pair.draft) is not None
    step, drafts, fill = ("feed", "draft", "fill") if blocks else ("forward", "forward", "prefill")
    found: list[tuple[Any, str, str]] = [
        (pair.target, step, "target"),
        (pair.draft, drafts, "draft"),
    ]
    return found + [(model, fill, "prefill") for model in (pair.target, pair.draft)]


@contextmanager
def watching(pairs: list[Pair]) -> Iterator[Watch]:
    """Time the forwards of these pairs, and both halves of the accept step by either kernel."""
    made = Watch()
    places = [place for pair in pairs for place in _forwards(pair)]
    places += [(verify, "apply_rule", "accept"), (verify, "_read", "accept")]
    places += [(rounds, "follow", "accept")]
    before = [(home, name, getattr(home, name)) for home, name, _ in places]
    for home, name, label in places:
        setattr(home, name, made.over(getattr(home, name), label))
    try:
        yield made
    finally:
        for home, name, inner in before:
            setattr(home, name, inner)


def measure(models: Models, steps: Steps) -> Found:
    """Decode each problem by every rule, temperature and kernel in turn."""
    heats = models.settings.temperatures
    found: Found = {(k, rule, heat): [] for k in KERNELS for rule in RULES for heat in heats}
    prompts = models.prompts[: models.settings.accept_problems]
    steps.begin("accept step", 1 + len(prompts))
    with watching([models.pair(kernel) for kernel in KERNELS]) as watch:
        for place, prompt in enumerate([prompts[0], *prompts]):  # the first turn warms up
            for where, laps in found.items():
                row = _decode(models, where, watch, prompt, str(place))
                if place:
                    laps.append(row)
            steps.step()
    return found


def _decode(
    models: Models, where: Where, watch: Watch, prompt: list[int], name: str
) -> dict[str, Lap]:
    kernel, rule, heat = where
    pair, how = models.pair(kernel), options(models, rule, heat)
    watch.take()
    _, lap = timed(
        lambda: decode_refill(pair.target, pair.draft, [prompt], [name], how, 0, slots=1)
    )
    return {"all": lap, **watch.take()}


def show(book: Book, found: Found) -> None:
    """Print the share of each kernel, rule and temperature."""
    for (kernel, rule, heat), rows in found.items():
        where = f"accept step over target's forward, {rule} ({kernel}), T {heat:g}"

        book.clocked(where, "%", {clock: _share(rows, clock) for clock in CLOCKS})
        rest = f"a round beside models and accept step, {rule} ({kernel}), T {heat:g}"
        book.clocked(rest, "% of all", {clock: _rest(rows, clock) for clock in CLOCKS})
        book.samples[where] = [
            {name: {clock: lap.by(clock) for clock in CLOCKS} for name, lap in row.items()}
            for row in rows
        ]


def _share(rows: list[dict[str, Lap]], clock: str) -> Span:
    accept, target = ([row[name].by(clock) for row in rows] for name in ("accept", "target"))
    return ratio(accept, target).times(100)


def _rest(rows: list[dict[str, Lap]], clock: str) -> Span:
    """Return what neither a model nor the accept step took."""
    whole = [row["all"].by(clock) for row in rows]
    known = [sum(lap.by(clock) for name, lap in row.items() if name != "all") for row in rows]
    return ratio([a - b for a, b in zip(whole, known, strict=True)], whole).times(100)
