"""Stage `decode_speed`: tokens a second of every arm, interleaved on one machine.

In each round every arm decodes the same problems, one arm after the other, in an order that turns
from round to round; so whatever disturbs the machine hits all arms alike, and ratios are paired by
round. Quality is measured elsewhere: these texts are thrown away.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from llmx.core.arms import families
from llmx.core.errors import ConfigError
from llmx.core.exchange import Request
from llmx.core.spec import ScaleSpec
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.engines.hf import HfEngine
from llmx.run.ask import calibrated_threshold, decoding_identity, requests_for
from llmx.run.budget import seconds_per_problem
from llmx.run.decode import check_options, positive_option
from llmx.store.files import Appender, read_lines, write_json, write_lines

BLOCKS = "blocks.jsonl"
_OPTIONS = {"split", "problems", "rounds", "batch_size"}


class SpeedStage:
    """Writes ``blocks.jsonl``, a line a round and arm.

    Options: ``problems`` a round, ``rounds`` (defaults: the scale's), ``batch_size`` (default 1,
    the latency that a single user sees; rows are refilled), ``split``.
    """

    kind: ClassVar[str] = "decode_speed"
    version: ClassVar[int] = 2
    timing: ClassVar[bool] = True

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """All arms, how much of each, threads and batch size. The machine is added by the graph."""
        check_options(given, _OPTIONS)
        for name, arm in given.arms.items():
            if arm.engine.kind != "hf":
                raise ConfigError(
                    f"decode_speed cannot time arm '{name}' on engine '{arm.engine.kind}'",
                    "use engine=hf, or drop the stage",
                )
        problems, rounds, batch = _sizes(given)
        arms = {n: decoding_identity(a, _split(given), "speed") for n, a in given.arms.items()}
        threads = {name: arm.engine.threads for name, arm in given.arms.items()}
        sizes = {"problems": problems, "rounds": rounds, "batch_size": batch}
        devices = {name: arm.engine.device for name, arm in given.arms.items()}
        return {"arms": arms, "threads": threads, "devices": devices, **sizes}

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Every arm's time at the batch size that is timed."""
        problems, rounds, batch = _sizes(given)
        seconds = sum(seconds_per_problem(arm, batch) for arm in given.arms.values())
        amount, arms = problems * rounds, len(families(given.arms))
        share = arms / len(given.arms)  # of seeds, one is timed in a round
        return Cost(samples=amount * arms, seconds=amount * seconds * share or None)

    def run(self, context: StageContext) -> None:
        """Time every block; rounds that a kill cut short are done again as a whole."""
        problems, rounds, batch = _sizes(context.given)
        work = _prepare(context, problems * rounds)
        names = families(context.given.arms)
        done = _keep_whole_rounds(context, len(names))
        context.progress.start(rounds * len(names), done * len(names), unit="blocks")
        context.progress.note("warming up")
        for engine, requests in work.values():
            _time(engine, requests[:2], batch)
        with Appender(context.out / BLOCKS) as blocks:
            for round_ in range(done, rounds):
                rows = []
                for name in _turn(names, round_):
                    engine, requests = work[name]
                    places = range(round_ * problems, (round_ + 1) * problems)
                    chunk = [requests[place % len(requests)] for place in places]
                    block = {"round": round_, "arm": name, **_time(engine, chunk, batch)}
                    rows.append(block)
                    context.progress.advance()
                blocks.append(rows)
        write_json(context.out / "summary.json", {"rounds": rounds, "arms": list(names)})


def _turn(names: Mapping[str, tuple[str, ...]], round_: int) -> list[str]:
    """Return the arms of a round in their order; a family's seeds take turns from round to round.

    So seeds cost no time, and a family's rate covers them all.
    """
    order = list(names)
    first = round_ % len(order)
    return [names[one][round_ % len(names[one])] for one in order[first:] + order[:first]]


def _prepare(context: StageContext, amount: int) -> dict[str, tuple[HfEngine, list[Request]]]:
    """Load each pair of models once, however many arms share it."""
    engines: dict[str, HfEngine] = {}
    work = {}
    for name, arm in context.given.arms.items():
        key = repr((arm.model, arm.engine))
        if key not in engines:
            engines[key] = HfEngine(arm.model, arm.engine, context.inputs)
        threshold = calibrated_threshold(context.inputs, name)
        work[name] = engines[key], requests_for(arm, _split(context.given), amount, threshold)
    return work


def _time(engine: HfEngine, requests: Sequence[Request], batch: int) -> dict[str, Any]:
    """Decode a block; the clock runs over prefill, the token loop, and nothing else."""
    import torch

    from llmx.methods.decode import decode_refill

    torch.set_num_threads(engine.spec.threads)  # of the process: the arm before may have had others
    first = requests[0]
    options = engine.options(first.sampler, first.resolved_threshold())
    prompts = [engine.prompt_ids(request) for request in requests]
    target = engine.pair.target if options.uses_target else None
    draft = engine.pair.draft if options.uses_draft else None
    ids, stop = [request.id for request in requests], engine.stopper(first.sampler)
    started = time.perf_counter()
    outputs = decode_refill(target, draft, prompts, ids, options, first.seed, stop, slots=batch)
    seconds = time.perf_counter() - started
    return {
        "problems": len(requests),
        "tokens": sum(len(output.token_ids) for output in outputs),
        "seconds": seconds,
        "rounds": sum(output.rounds for output in outputs),
        "batch_size": batch,
    }


def _keep_whole_rounds(context: StageContext, arms: int) -> int:
    rows = read_lines(context.out / BLOCKS)
    whole = len(rows) // arms
    write_lines(context.out / BLOCKS, rows[: whole * arms])
    return whole


def _split(given: StageInput) -> str:
    return str(given.stage.options.get("split", "test"))


def _sizes(given: StageInput) -> tuple[int, int, int]:
    """Return problems a round, rounds, batch size."""
    scale: ScaleSpec = next(iter(given.arms.values())).scale
    return (
        positive_option(given, "problems", scale.speed_problems),
        positive_option(given, "rounds", scale.speed_rounds),
        positive_option(given, "batch_size", 1),
    )
