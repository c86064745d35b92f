"""Runs whose truth is known: how often does a verdict say the wrong word, and how often the right?

Every test stands at the edge of its own null. Tests of a difference see arms that are equal in
expectation, equivalence sees a true difference of exactly the margin, speed and length a ratio of
exactly 1, shares a distance of exactly the tolerance. Every trained arm has, under every seed, a
shift of its own of standard deviation `spread`; an arm that was not trained has none, and shares
most of its luck with the others.

`python tests/unit/report/null_worlds.py` prints the tables of docs/statistics.md.
"""

import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from documents import (
    Exploration,
    Streamed,
    Streams,
    Trained,
    TrainedArm,
    TrainedSeed,
    Transfer,
    figures_of,
)

from llmx.core.audit import Audit
from llmx.core.figure import Spread, joined
from llmx.core.record import RIGHT, Score
from llmx.report.gather import ArmFiles
from llmx.report.paired_table import PairedTable, correct
from llmx.report.timing import Work
from llmx.report.verdict.evidence import Evidence
from llmx.report.verdict.run_test import run_test
from llmx.stats.rates import ratio_interval

RUNS = 400
PASSED = Audit(passed=True)
MEAN, HARD = 0.5, 0.2
"""Chance of a right answer, and half the range of problems around it."""

OWN = {True: 0.15, False: 0.05}
"""Half the range of what a trained arm makes of a problem, and one that was not trained."""

COMMON = 0.95
"""How often an arm that was not trained draws the luck that all of them share.

Two such arms disagree on 7.5 % of problems; fuzzy and plain speculative decoding did on 8 %.
"""

TOKENS = 60
WEATHER, NOISE = 0.05, 0.03  # of the clock, on a logarithm: of a round for all arms, of each arm


@dataclass(frozen=True)
class World:
    """How much is measured, and how far the seeds of a training are apart.

    Attributes:
        spread: standard deviation of a trained arm's accuracy over its seeds, share of problems;
            of its lengths and rewards as well, on their own scales.
    """

    problems: int = 256
    seeds: int = 3
    spread: float = 0.05
    trained: bool = True
    rounds: int = 6


@dataclass(frozen=True)
class Truth:
    """What is true of the arms `a0`, `a1`, …: of each, beside the others.

    Attributes:
        accuracy: added to the chance of a right answer.
        longer: ratio of lengths. `faster`: of speeds.
        steady: last minus best reward, in units of its standard deviation over seeds.
        cut: share of the time to the first token of `a0`. `rate`: tokens/s end to end over its.
        moved: distance of a draft share from the one asked for, one number a pair of divergences.
    """

    accuracy: tuple[float, ...] = (0.0, 0.0)
    longer: tuple[float, ...] = ()
    faster: tuple[float, ...] = ()
    steady: tuple[float, ...] = ()
    cut: tuple[float, ...] = ()
    rate: tuple[float, ...] = ()
    moved: tuple[float, ...] = ()


@dataclass(frozen=True)
class Case:
    """A test at the edge of its null, and the same test where something is true.

    Attributes:
        wrong: words that are wrong at the edge.
        right: the word that is right of `planted`.
        of: what varies from world to world; a test of rounds or of a log knows no seeds.
        runs: how many are simulated of each world for the table.
    """

    name: str
    finding: Mapping[str, Any]
    edge: Truth
    wrong: tuple[str, ...]
    planted: Truth
    right: str = "shown here"
    of: str = "answers"
    effect: str = "10 points"
    runs: int = RUNS


def _arms(count: int) -> list[str]:
    return [f"a{n}" for n in range(1, count + 1)]


def _equal(count: int, first: float = 0.0, rest: float = 0.0) -> tuple[float, ...]:
    return (first, *(rest for _ in range(count)))


DIFFERENT = ("shown here", "contradicted here")
EDGE, AIM, FAR = 0.1, 0.93, 0.05
_VALUES = {f"a{n}": n for n in range(5)}
_POINT = {"test": "non_inferior_and_faster", "arms": _arms(4), "reference": "a0"}
_KEPT = {"test": "lossless", "arm": "a1", "target": "a0", "margin": EDGE}

CASES = (
    Case(
        "`more_accurate`, one arm",
        {"test": "more_accurate", "arms": _arms(1), "control": "a0"},
        Truth(_equal(1)), DIFFERENT, Truth(_equal(1, rest=0.1)),
    ),
    Case(
        "`more_accurate`, four arms",
        {"test": "more_accurate", "arms": _arms(4), "control": "a0"},
        Truth(_equal(4)), DIFFERENT, Truth(_equal(4, rest=0.1)),
    ),
    Case(
        "`beats_control`, four arms",
        {"test": "beats_control", "arms": _arms(4), "control": "a0"},
        Truth(_equal(4)), DIFFERENT, Truth(_equal(4, rest=0.1)),
    ),
    Case(
        "`optimum`, five arms", {"test": "optimum", "arms": _VALUES, "expected": 0},
        Truth(_equal(4)), DIFFERENT, Truth(_equal(4, first=0.1)),
    ),
    Case(
        "`ranking_at_equal_share`, five arms",
        {"test": "ranking_at_equal_share", "arms": [*_VALUES]},
        Truth(_equal(4)), DIFFERENT, Truth(_equal(4, first=0.1)),
    ),
    Case(
        "`lossless`, shown at the margin", _KEPT,
        Truth(_equal(1, rest=-EDGE)), ("shown here",), Truth(_equal(1)), effect="equal arms",
    ),
    Case(
        "`lossless`, contradicted at the margin", _KEPT,
        Truth(_equal(1, rest=-EDGE)), ("contradicted here",), Truth(_equal(1, rest=-3 * EDGE)),
        "contradicted here", effect="30 points",
    ),
    Case(
        "`non_inferior_and_faster`, four arms at the margin", {**_POINT, "margin": EDGE},
        Truth(_equal(4, rest=-EDGE), faster=_equal(4, 1, 1.3)), ("shown here",),
        Truth(_equal(4), faster=_equal(4, 1, 1.3)), effect="equal arms",
    ),
    Case(
        "`non_inferior_and_faster`, four arms as fast", {**_POINT, "margin": 0.3},
        Truth(_equal(4), faster=_equal(4, 1, 1)), ("shown here",),
        Truth(_equal(4), faster=_equal(4, 1, 1.1)), of="rounds", effect="1.1 times",
    ),
    Case(
        "`length_inflation`, two arms",
        {"test": "length_inflation", "arms": _arms(2), "reference": "a0"},
        Truth(_equal(2), longer=_equal(2, 1, 1)), DIFFERENT,
        Truth(_equal(2), longer=_equal(2, 1, 1.15)), effect="1.15 times", runs=RUNS // 2,
    ),
    Case(
        "`steadier`, four arms", {"test": "steadier", "arms": _arms(4), "control": "a0"},
        Truth(steady=_equal(4)), DIFFERENT, Truth(steady=_equal(4, rest=4)), of="seeds",
        effect="4 standard deviations",
    ),
    Case(
        "`first_token_cut`, four arms", {"test": "first_token_cut", "arms": _arms(4), "aim": AIM},
        Truth(cut=_equal(4, rest=AIM)), DIFFERENT, Truth(cut=_equal(4, rest=0.94)), of="rounds",
        effect="94 for 93 %",
    ),
    Case(
        "`end_to_end_speed`, four arms", {"test": "end_to_end_speed", "arms": _arms(4), "aim": 1.6},
        Truth(rate=_equal(4, 1, 1.6)), DIFFERENT, Truth(rate=_equal(4, 1, 1.76)), of="rounds",
        effect="1.76 for 1.6 times",
    ),
    Case(
        "`threshold_transfer`, 12 pairs", {"test": "threshold_transfer", "tolerance": FAR},
        Truth(moved=(FAR,) * 12), DIFFERENT, Truth(moved=(0.1,) * 12), of="log",
        effect="10 for 5 points",
    ),
)  # fmt: skip


@cache
def _score(place: int, right: bool, tokens: int) -> Score:
    return Score(
        id=f"p{place}", cluster="", expected=f"{place}", strict=None, flexible=None,
        correct=right, correct_flexible=right, unparsed=False, tokens=tokens, finish="eos",
        rounds=tokens, drafted=0, accepted=0,
    )  # fmt: skip


def answers(rng, world, accuracy):
    """Return right or wrong, bool (arms, problems, seeds)."""
    arms, shape = len(accuracy), (len(accuracy), world.problems, world.seeds)
    chance = MEAN + rng.uniform(-HARD, HARD, (1, world.problems, 1))
    own = OWN[world.trained]
    chance = chance + rng.uniform(-own, own, (arms, world.problems, 1))
    chance = chance + np.array(accuracy)[:, None, None]
    luck = rng.random(shape)
    if world.trained:
        return luck < chance + world.spread * rng.normal(size=(arms, 1, world.seeds))
    shared = rng.random((1, *shape[1:]))
    return np.where(rng.random(shape) < COMMON, shared, luck) < chance


def lengths(rng, world, longer):
    """Return tokens, int (arms, problems, seeds): skewed, and long for the same problems."""
    shape = (len(longer), world.problems, world.seeds)
    logs = rng.normal(0, 0.3, (1, world.problems, 1)) + rng.normal(0, 0.2, shape)
    if world.trained:
        logs = logs + world.spread * rng.normal(size=(len(longer), 1, world.seeds))
    scaled = TOKENS * np.array(longer)[:, None, None] * np.exp(logs)
    return np.maximum(1, np.rint(scaled)).astype(int)


def files(world, right, tokens):
    """Return an arm of (problems, seeds)."""
    runs = []
    for seed in range(world.seeds):
        column = zip(right[:, seed].tolist(), tokens[:, seed].tolist(), strict=True)
        scores = {f"p{i}": _score(i, *values) for i, values in enumerate(column)}
        runs.append(
            ArmFiles(scores=scores, seed=f"seed={seed}", trained=world.trained, audit=PASSED)
        )
    return runs[0] if len(runs) == 1 else replace(runs[0], seeds=tuple(runs))


def clock(rng, world, faster):
    """Return rounds in which all arms work at the same problems, in the machine's weather."""
    weather = rng.normal(0, WEATHER, world.rounds)
    table = {}
    for n, ratio in enumerate(faster):
        seconds = np.exp(weather + rng.normal(0, NOISE, world.rounds)) / ratio
        table[f"a{n}"] = {r: Work(500.0, 10.0, float(s)) for r, s in enumerate(seconds)}
    return table


def streams(rng, world, cut, rate):
    """Return times to the first token, and each arm's cut of those of `a0`; likewise tokens/s."""
    weather, count = rng.normal(0, WEATHER, world.rounds), len(cut or rate)

    def seconds(shares):
        """Return what each arm takes, of a second of `a0`'s."""
        return [one * np.exp(weather + rng.normal(0, NOISE, world.rounds)) for one in shares]

    times = seconds([1 - share for share in cut or [0.0] * count])
    totals = seconds([1 / times_ for times_ in rate or [1.0] * count])
    ones, tokens = [1.0] * world.rounds, [TOKENS] * world.rounds
    found = []
    for n, mine in enumerate(times):
        row = {"arm": f"a{n}", "times": tuple(mine)} | {"tokens": tokens, "totals": list(totals[n])}
        if n:
            ratio = ratio_interval(ones, times[0], ones, mine)
            ends = (1 - ratio.high, 1 - ratio.estimate, 1 - ratio.low)
            row["ttft_cut"] = dict(zip(ENDS, ends, strict=True))
            ratio = ratio_interval(tokens, totals[n], tokens, totals[0])
            row["speed"] = {end: getattr(ratio, end) for end in ENDS}
        found.append(Streamed.model_validate(row))
    return Streams(arms=tuple(found))


ENDS = ("low", "estimate", "high")


def trainings(rng, world, steady):
    """Return the last minus the best reward of every seed."""
    arms = []
    for n, value in enumerate(steady):
        drops = 0.01 * (value - 10 + rng.normal(size=world.seeds))
        seeds = [
            TrainedSeed(name=f"a{n}@seed={s}", drop=float(d), jitter=0.1, collapsed=False)
            for s, d in enumerate(drops)
        ]
        arms.append(TrainedArm(arm=f"a{n}", steady=tuple(seeds)))
    return Trained(arms=tuple(arms))


def exploration(rng, world, moved):
    """Return the draft share of logged texts under each pair of divergences."""
    rows = []
    for n, distance in enumerate(moved):
        share = 0.7 + distance
        emitted = np.maximum(10, np.rint(rng.normal(TOKENS, 15, world.problems)))
        accepted = rng.binomial(
            emitted.astype(int), rng.beta(8 * share, 8 * (1 - share), world.problems)
        )
        found = float(accepted.sum() / emitted.sum())
        residual = accepted - found * emitted
        reach = 1.96 * float(residual.std(ddof=1)) / world.problems**0.5 / float(emitted.mean())
        both = np.cov(accepted, emitted)
        spread = Spread(
            items=world.problems, accepted=float(accepted.mean()), emitted=float(emitted.mean()),
            variances=(float(both[0, 0]), float(both[0, 1]), float(both[1, 1])),
        )  # fmt: skip
        rows.append(Transfer.model_validate({
            "source": "js", "to": f"d{n}", "asked_share": 0.7, "threshold": 0.1, "share": found,
            "low": found - reach, "high": found + reach, "spread": spread,
        }))  # fmt: skip
    return Exploration(transfer=tuple(rows))


@dataclass(frozen=True)
class Arrays(PairedTable):
    """A paired table that has its values already: (problems, seeds) of each arm."""

    right: tuple[Any, Any] = ()
    tokens: tuple[Any, Any] = ()

    def values(self, which, value):
        """Return the answers, or the lengths: a round is a token here."""
        known = self.right if value is correct else self.tokens
        return known[0 if which is self.first else 1].astype(float)


@dataclass
class Tables(Evidence):
    """Evidence that pairs arms without reading them problem by problem."""

    right: Any = None
    tokens: Any = None

    def pair(self, first, second, metric=RIGHT):
        """Return what :meth:`Evidence.pair` does."""
        both, places = (self.arm(first), self.arm(second)), (int(first[1:]), int(second[1:]))
        ids, seeds = tuple(both[0].scores), tuple(run.seed for run in both[0].runs())
        values = [tuple(table[n] for n in places) for table in (self.right, self.tokens)]
        return Arrays(*both, ids, ids, seeds, *values)


def evidence(rng, world, truth):
    """Return what a run of this truth could have left behind."""
    count = max(map(len, (truth.accuracy, truth.steady, truth.cut)))
    right = answers(rng, world, truth.accuracy)
    tokens = lengths(rng, world, truth.longer or (1.0,) * len(truth.accuracy))
    if not truth.longer:
        tokens = np.full_like(tokens, TOKENS)
    arms = {f"a{n}": ArmFiles(trained=world.trained, audit=PASSED) for n in range(count)}
    streamed = bool(truth.cut or truth.rate)
    scored = len(truth.accuracy) if not (truth.steady or streamed or truth.moved) else 0
    arms |= {f"a{n}": files(world, right[n], tokens[n]) for n in range(scored)}
    documents = [
        exploration(rng, world, truth.moved) if truth.moved else None,
        trainings(rng, world, truth.steady) if truth.steady else None,
        streams(rng, world, truth.cut, truth.rate) if streamed else None,
    ]
    return Tables(
        arms=arms,
        clock=clock(rng, world, truth.faster),
        audited=frozenset(arms),
        figures=joined(map(figures_of, documents)),
        right=right,
        tokens=tokens,
    )


def words(case, world, truth, runs=RUNS, seed=1):
    """Return how often each word is said, as shares."""
    rng = np.random.default_rng([seed, world.problems, world.seeds, round(1000 * world.spread)])
    finding = {"id": "x", **case.finding}
    present = [f"a{n}" for n in range(5)]
    said = Counter(
        run_test(evidence(rng, world, truth), finding, present).word for _ in range(runs)
    )
    return {word: times / runs for word, times in said.items()}


def wrong(case, world, runs=RUNS):
    """Return how often a word is said that is wrong at the edge."""
    found = words(case, world, case.edge, runs)
    return sum(found.get(word, 0.0) for word in case.wrong)


def right(case, world, runs=RUNS):
    """Return how often the word is said that is right of what is planted."""
    return words(case, world, case.planted, runs, seed=2).get(case.right, 0.0)


def allowed(runs, level=0.05):
    """Return the largest share that is no more than chance: three Monte-Carlo errors above."""
    return level + 3 * (level * (1 - level) / runs) ** 0.5


SPREADS = (0.0, 0.03, 0.05, 0.08)


@dataclass(frozen=True)
class Row:
    """One line of a table: a case, and the worlds of its columns.

    Attributes:
        edge, planted: worlds in which wrong and right words are counted.
    """

    name: str
    case: Case
    size: tuple[str, ...]
    edge: tuple[World | None, ...]
    planted: tuple[World | None, ...]

    def cells(self):
        """Return the line as it is printed; shares in %."""
        found = [_share(wrong, self.case, world) for world in self.edge]
        found += [_share(right, self.case, world) for world in self.planted]
        return (self.name, *self.size, *found)


def _share(count, case, world):
    return "–" if world is None else f"{100 * count(case, world, case.runs):.1f}"


def _answers(case):
    """Yield the lines of a test of answers: not trained, then by the spread of seeds."""
    for problems, seeds in ((256, 1), (128, 3), (128, 5), (256, 3)):
        plain = World(problems, seeds, 0.0, trained=False)
        trained = tuple(World(problems, seeds, spread) for spread in SPREADS)
        whole = problems == 256
        untrained = (plain if whole else None,)
        none = (None,) * len(SPREADS)
        yield Row(
            case.name, case, (f"{problems}", f"{seeds}"),
            (*untrained, *(trained if seeds > 1 else (*none[1:], trained[-1]))),
            (*untrained, *(trained if whole and seeds > 1 else none)),
        )  # fmt: skip


def rows_of_answers():
    """Return the lines of the first table."""
    return [row for case in CASES if case.of == "answers" for row in _answers(case)]


def rows_of_others():
    """Return the lines of the second table: rounds, seeds or logged texts."""
    found = []
    for case in CASES:
        if case.of == "rounds":
            worlds = [(f"{n} rounds", World(256, 1, 0.0, False, n)) for n in (3, 6, 12)]
        elif case.of == "seeds":
            worlds = [(f"{n} seeds", World(256, n)) for n in (1, 3, 5)]
        elif case.of == "log":
            worlds = [(f"{n} texts", World(n, 1, 0.0, False)) for n in (64, 128)]
        else:
            continue
        found += [Row(case.name, case, (size,), (world,), (world,)) for size, world in worlds]
    return found


HEAD = ("test", "problems", "seeds", "wrong", *(f"{100 * s:g}" for s in SPREADS), "right")
HEAD = (*HEAD, *(f"{100 * s:g}" for s in SPREADS))
OTHER = ("test", "of", "wrong", "right")


def line(cells):
    """Return a line of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def main(asked: str = "") -> None:
    for head, rows in ((HEAD, rows_of_answers()), (OTHER, rows_of_others())):
        print(line(head), line(["---"] + ["---:"] * (len(head) - 1)), sep="\n")
        for row in rows:
            if asked in row.name:
                print(line(row.cells()), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
