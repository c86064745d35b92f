"""Invented trainings: arms with seeds, curves, rollouts, and outputs before and after."""

from random import Random

from llmx.core.names import seed_of
from llmx.core.record import Score
from llmx.report.gather import ArmFiles
from llmx.report.training.drawn import by_step, chosen
from llmx.report.training.evidence import Half, SeedRun, TraceReading


def half(right: list[bool], returns: list[int], cut: int = 0, seed: str = "") -> Half:
    """Outputs to as many problems as there are values; the first `cut` were cut at the cap."""
    names = [f"test-{n}" for n in range(len(right))]
    scores = {
        name: Score(
            id=name, cluster="", expected=name, strict="7" if ok else None, flexible=None,
            correct=ok, correct_flexible=ok, unparsed=not ok, tokens=20 + 3 * back,
            finish="length" if n < cut else "eos", rounds=20, drafted=0, accepted=0,
        )
        for n, (name, ok, back) in enumerate(zip(names, right, returns, strict=True))
    }  # fmt: skip
    traced = {n: TraceReading(back, ok) for n, ok, back in zip(names, right, returns, strict=True)}
    return Half(ArmFiles(scores=scores, seed=seed), traced)


def outputs(share: float, backtracks: int, name: str, seed: int, problems: int = 60) -> Half:
    rng = Random(seed)
    right = [rng.random() < share for _ in range(problems)]
    returns = [rng.randint(0, 2 * backtracks) for _ in right]
    return half(right, returns, cut=3, seed=seed_of(name))


def rollouts(steps: int, share: float, seed: int, groups: int = 2, size: int = 4) -> list[dict]:
    rng, rows = Random(seed), []
    for step in range(steps):
        for group in range(groups):
            for _ in range(size):
                right = rng.random() < share * (0.3 + step / steps)
                form = right or rng.random() < 0.5
                rewards = {"format": 0.1 * form, "correct": 0.9 * right}
                rows.append({
                    "step": step, "row": f"row {group} ('train-{group}')",
                    "prompt": "<user> 3 & 4 make 7",
                    "completion": "1: 3 + 4 = 7\nback to 0\n</think>",
                    "tokens": 12, "truncated": not form, "rewards": rewards,
                    "reward": sum(rewards.values()), "advantage": rng.gauss(0, 1),
                })  # fmt: skip
    return rows


def run(
    name: str, share: float = 0.6, seed: int = 0, steps: int = 40, backtracks: int = 1
) -> SeedRun:
    rng, rows = Random(seed), rollouts(steps, share, seed)
    curve = tuple(
        {
            "step": n + 1, "loss": 0.1, "reward": share * n / steps + rng.gauss(0, 0.04),
            "length": 30 + n / 3 + rng.gauss(0, 2), "truncated": 0.3 * (1 - n / steps),
            "entropy": 1.2 - n / steps, "kl": 0.001 * n,
        }
        for n in range(steps)
    )  # fmt: skip
    drawn = by_step(rows, 4, lambda text: text.count("back to"))
    return SeedRun(
        name=name,
        warm=tuple({"step": n, "loss": 2.0 / n} for n in range(1, 21)),
        rl=curve,
        drawn=drawn,
        shown=chosen([one.step - 1 for one in drawn], lambda: rows, 4, 20),
        before=outputs(share / 2, backtracks, name, seed),
        after=outputs(share, backtracks + 1, name, seed + 1000),
    )


def arms() -> dict[str, tuple[SeedRun, ...]]:
    wanted = {
        "k0": (0.4, 0),
        "k1": (0.7, 1),
        "k3": (0.6, 3),
        "k1_shuffled": (0.2, 1),
        "rl_only": (0.1, 0),
    }
    return {
        name: tuple(
            run(f"{name}@seed={seed}", share, seed * 100 + place, backtracks=k) for seed in range(3)
        )
        for place, (name, (share, k)) in enumerate(wanted.items())
    }
