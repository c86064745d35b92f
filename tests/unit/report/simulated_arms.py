"""Arms whose true accuracies are known: how often is their correlation judged, and how?

8 arms, 128 problems. An arm answers right with a chance whose logit is its own value minus how hard
the problem is (normal, spread 1), plus what the arm makes of this problem (spread 0.5, the same
before and after) and of this seed (spread 0.1, half of its variance the same). The values of the
arms have the spread and the correlation that are asked for, exactly.

`python tests/unit/report/simulated_arms.py` prints the table of docs/statistics.md.
"""

from dataclasses import dataclass

import numpy as np
from documents import Trained, figures_of

from llmx.papers.backtracking.verdicts.predictor import poor_predictor
from llmx.report.training.disattenuation import disattenuated
from llmx.report.verdict.evidence import Evidence

ARMS, PROBLEMS, RUNS, BOUND = 8, 128, 300, 0.7
HARD, OWN, LUCK = 1.0, 0.5, 0.1
LEVEL, GAIN = -1.0, 0.3  # mean logit before, and what reinforcement learning adds to it


@dataclass(frozen=True)
class Case:
    """Arms of one spread and one true correlation of their logits."""

    correlation: float
    spread: float
    seeds: int


CASES = (
    *(Case(r, spread, 1) for r in (1.0, 0.7, 0.3) for spread in (0.15, 0.3, 0.6)),
    *(Case(1.0, spread, 3) for spread in (0.15, 0.3, 0.6)),
)


@dataclass(frozen=True)
class Judged:
    """Shares of the replications; `holds` of those that are decided."""

    decided: float
    shown: float
    contradicted: float
    holds: float
    plainly: float


def logits(rng, case):
    """Return the arms' logits before and after, (2, arms)."""
    first, other = rng.normal(size=(2, ARMS))
    first = (first - first.mean()) / first.std()
    other = other - other.mean()
    other -= first * (first @ other) / ARMS
    second = case.correlation * first + (1 - case.correlation**2) ** 0.5 * other / other.std()
    return np.stack([case.spread * first, case.spread * second + GAIN]) + LEVEL


def truth(arms):
    """Return the correlation of the accuracies over all problems and seeds."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    spread = (HARD**2 + OWN**2 + LUCK**2) ** 0.5
    chances = 1 / (1 + np.exp(-(arms[..., None] + spread * nodes)))
    return float(np.corrcoef(chances @ (weights / weights.sum()))[0, 1])


def answers(rng, arms, seeds):
    """Return right or wrong, (arms, problems, seeds, before and after)."""
    hard = rng.normal(0, HARD, (1, PROBLEMS, 1, 1))
    own = rng.normal(0, OWN, (ARMS, PROBLEMS, 1, 1))
    common = rng.normal(0, LUCK * 0.5**0.5, (ARMS, 1, seeds, 1))
    luck = common + rng.normal(0, LUCK * 0.5**0.5, (ARMS, 1, seeds, 2))
    chance = 1 / (1 + np.exp(-(arms.T[:, None, None] - hard + own + luck)))
    return (rng.random(chance.shape) < chance).astype(float)


def plain(rng, table, resamples=500):
    """Return the interval of Pearson's correlation of what was measured, noise and all."""
    arms, problems, seeds, _ = table.shape
    flat = table.transpose(1, 0, 2, 3).reshape(problems, -1)
    rows = rng.multinomial(problems, np.full(problems, 1 / problems), resamples) / problems
    columns = rng.multinomial(seeds, np.full(seeds, 1 / seeds), resamples) / seeds
    means = np.einsum("rasj,rs->raj", (rows @ flat).reshape(-1, arms, seeds, 2), columns)
    means -= means.mean(1, keepdims=True)
    x, y = means[..., 0], means[..., 1]
    found = (x * y).sum(1) / np.sqrt((x**2).sum(1) * (y**2).sum(1))
    return np.quantile(found, [0.025, 0.975])


def judged(case, seed=1, runs=RUNS):
    """Judge many runs of a case."""
    rng, rows = np.random.default_rng(seed), []
    for _ in range(runs):
        arms = logits(rng, case)
        table = answers(rng, arms, case.seeds)
        found = disattenuated(table)
        known = Trained(predicts=found.span, predicts_reliability=found.reliability)
        verdict = poor_predictor(Evidence({}, {}, figures=figures_of(known)), bound=BOUND)
        decided = "Not decided" not in verdict.reason
        holds = decided and found.span.low <= truth(arms) <= found.span.high
        words = [verdict.word == word for word in ("shown here", "contradicted here")]
        rows.append([decided, *words, holds, plain(rng, table)[1] < BOUND])
    decided, shown, contradicted, holds, plainly = np.mean(rows, axis=0)
    return Judged(decided, shown, contradicted, holds / max(decided, 1e-9), plainly)


def main() -> None:
    print("| true | spread | seeds | decided | shown | contradicted | holds | shown, plain |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for case in CASES:
        found = judged(case)
        shares = (found.decided, found.shown, found.contradicted, found.holds, found.plainly)
        cells = [f"{case.correlation:g}", f"{case.spread:g}", f"{case.seeds}"]
        cells += [f"{100 * share:.1f}" for share in shares]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
