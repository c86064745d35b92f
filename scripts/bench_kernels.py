"""Time the fused verifier beside what it replaces, and beside what the memory allows.

    python scripts/bench_kernels.py                          on a GPU: shapes and divergences
    python scripts/bench_kernels.py --device cpu --quick     the same table, from torch

For each shape: the bytes that the algorithm must read (both rows of logits, once or twice), the
time that a device-to-device copy of as many bytes takes (the floor), and for each contender its
median time and its ratio to the floor. Contenders take turns in each round, so that what disturbs
the machine hits all alike. On a CPU nothing is fused: the figures only prove the table.

    call         `verify_block`: arrays of its own each time
    bound call   a `Verifier`: arrays that stay, every kernel launched
    graph        the same `Verifier`, which replays its CUDA graph (on a card)
    replay       that graph and nothing else: the device's time; the aim is graph <= 1.3 x replay
    eager        the torch reference; `compile` and `vllm` where they are asked for and there

A case stops after --case-seconds, and the table after --seconds: what was left out is said.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch

from llmx.core.philox import Purpose, keys
from llmx.kernels import Block, Rule, Verifier, fuses, verify_block
from llmx.kernels.cuda_graph import capture, cuda_graphs
from llmx.kernels.plan import bytes_read
from llmx.kernels.reference import decide, drawn_at

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16, "fp32": torch.float32}


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    batch: int
    gamma: int
    vocab: int
    dtype: str
    semantics: str
    divergence: str | None

    @property
    def rule(self) -> Rule:
        """The rule that is timed, at a temperature that parts the two kinds of normalisers."""
        return Rule(self.semantics, self.divergence, temperature=0.6)  # type: ignore[arg-type]

    def block(self, device: torch.device) -> Block:
        """Return fresh logits; the draft resembles the target."""
        kind = DTYPES[self.dtype]
        rng = torch.Generator(device=device).manual_seed(0)
        shape = (self.batch, self.gamma + 1, self.vocab)
        target = torch.randn(shape, generator=rng, device=device, dtype=torch.float32) * 3
        noise = torch.randn(target[:, :-1].shape, generator=rng, device=device)
        draft = (target[:, :-1] + noise).to(kind)
        names = keys(0, [str(row) for row in range(self.batch)]).view(np.int64)
        return Block(
            target.to(kind),
            draft,
            draft.float().argmax(-1),
            torch.from_numpy(names).to(device),
            torch.zeros(self.batch, device=device, dtype=torch.int64),
            torch.full((self.batch,), self.gamma, device=device, dtype=torch.int64),
            threshold=torch.full((self.batch, self.gamma), 0.1, device=device),
        )


Contender = Callable[[], object]


def contenders(block: Block, rule: Rule, compiled: bool) -> dict[str, Contender]:
    """Return what is timed: the entries of llmx, eager torch, compiled torch, vLLM's verifier."""
    u = (
        drawn_at(block, Purpose.ACCEPT, block.width),
        drawn_at(block, Purpose.TARGET, block.width + 1),
    )

    def eager() -> object:
        return decide(block, rule, (), u, torch.float32)

    found: dict[str, Contender] = {"call": lambda: verify_block(block, rule), "eager": eager}
    made = torch.compile(decide)
    rivals = {
        **kept(block, rule),
        "compile": tried("torch.compile", lambda: made(block, rule, (), u, torch.float32))
        if compiled
        else None,
        "vllm": vllm_verifier(block, rule),
    }
    return found | {name: work for name, work in rivals.items() if work}


def kept(block: Block, rule: Rule) -> dict[str, Contender | None]:
    """Return what keeps its arrays: launched, and on a card as a graph, with and without its key.

    All three read the block where it is.
    """
    size = (block.rows, block.width, block.vocab)
    bound = Verifier(rule, *size, block.target.device)
    found: dict[str, Contender | None] = {"bound call": lambda: bound(block)}
    if block.target.device.type != "cuda":
        return found
    graphs = cuda_graphs()
    graphed = Verifier(rule, *size, block.target.device, graphs=graphs)

    def warm() -> object:
        for _ in range(3):
            graphed(block)
        assert len(graphs) == 1, graphs.refused
        return None

    def bare() -> None:
        bound(block)

    bare()
    if tried("a CUDA graph", warm):
        found |= {"graph": lambda: graphed(block), "replay": capture(bare)}
    return found


def tried(name: str, work: Contender) -> Contender | None:
    """Return `work` after one call; None, and a line on why, if it fails."""
    try:
        work()
    except Exception as error:
        print(f"{name} failed: {str(error).strip().splitlines()[0]}", file=sys.stderr)
        return None
    return work


def vllm_verifier(block: Block, rule: Rule) -> Contender | None:
    """Return vLLM's lossless rejection sampling on the same block; None where it is not there.

    From probabilities, as vLLM has it: the softmax over both is a part of its work.
    """
    if rule.semantics != "speculative" or block.target.device.type != "cuda":
        return None
    try:
        from vllm.v1.sample.rejection_sampler import rejection_sample
    except ImportError:
        return None
    counts = [block.width] * block.rows
    ends = torch.tensor(counts, device=block.target.device).cumsum(0)
    bonus = torch.zeros((block.rows, 1), dtype=torch.int32, device=block.target.device)

    def theirs() -> object:
        p = (block.target[:, :-1].float() / rule.temperature).softmax(-1).flatten(0, 1)
        q = (block.draft.float() / rule.temperature).softmax(-1).flatten(0, 1)
        tokens = block.tokens.flatten().to(torch.int32)
        return rejection_sample(tokens, counts, block.width, ends, q, p, bonus, None)

    return tried("vLLM's verifier", theirs)  # its signature moves between versions


def seconds(work: Contender, device: torch.device, repeat: int) -> float:
    """Return seconds of one call, over `repeat` of them."""
    if device.type != "cuda":
        started = time.perf_counter()
        for _ in range(repeat):
            work()
        return (time.perf_counter() - started) / repeat
    start, end = (torch.Event(device, enable_timing=True) for _ in range(2))
    start.record()
    for _ in range(repeat):
        work()
    end.record()
    torch.cuda.synchronize()
    return float(start.elapsed_time(end)) / 1e3 / repeat


def copying(size: int, device: torch.device) -> Contender:
    """Return a copy whose traffic, read and written, is `size` bytes."""
    source = torch.empty(max(size // 2, 1), dtype=torch.uint8, device=device)
    there = torch.empty_like(source)
    return lambda: there.copy_(source)


def measure(case: Case, device: torch.device, given: argparse.Namespace) -> dict[str, float]:
    """Return median seconds of every contender and of the copy, in interleaved rounds.

    A round is finished, and one is made whatever the time.
    """
    started = time.monotonic()
    block = case.block(device)
    work = contenders(block, case.rule, given.compile)
    work["copy"] = copying(bytes_read(block, case.rule), device)
    for one in work.values():
        one()
    found: dict[str, list[float]] = {name: [] for name in work}
    for round_ in range(given.rounds):
        if round_ and time.monotonic() - started > given.case_seconds:
            break
        names = list(work)
        turn = round_ % len(names)
        for name in names[turn:] + names[:turn]:
            found[name].append(seconds(work[name], device, given.repeat))
    return {name: statistics.median(times) for name, times in found.items()}


def line(case: Case, size: int, times: dict[str, float]) -> str:
    """Return one row of the table: microseconds, and the share of the copy's bandwidth."""
    floor = times["copy"]
    cells = [f"{case.batch:>5} {case.gamma:>2} {case.vocab:>7} {case.dtype} {case.semantics:<11}"]
    cells += [f"{case.divergence or '-':<11} {size / 1e6:>9.1f} MB  floor {floor * 1e6:>9.1f} us"]
    cells += [
        f"{name} {times[name] * 1e6:.1f} us ({floor / times[name]:.0%} of copy bandwidth)"
        for name in times
        if name != "copy"
    ]
    if "replay" in times:
        cells.append(f"graph / replay {times['graph'] / times['replay']:.2f}")
    return "  ".join(cells)


def cases(given: argparse.Namespace) -> list[Case]:
    """Return the shapes of a run."""
    if given.quick:
        batches, vocabs, dtypes = [2], [4096], ["fp32"]
    else:
        batches, vocabs, dtypes = given.batch, given.vocab, given.dtype
    rules: Sequence[tuple[str, str | None]] = [
        ("speculative", None),
        *(("research", name) for name in ("js", "ag", "tv", "kl", "kl_reversed", "draft_token")),
        ("fallback", "js"),
        ("union", "kl"),
    ]
    shapes = product(batches, vocabs, dtypes, rules)
    return [Case(b, given.gamma, v, d, s, name) for b, v, d, (s, name) in shapes]


def options() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--batch", type=int, nargs="+", default=[64, 8, 1])
    parser.add_argument("--vocab", type=int, nargs="+", default=[128_256, 32_000, 262_144])
    parser.add_argument("--dtype", choices=DTYPES, nargs="+", default=["bf16", "fp32"])
    parser.add_argument("--gamma", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--repeat", type=int, default=10)
    parser.add_argument("--case-seconds", type=float, default=3.0, help="of a row of the table")
    parser.add_argument("--seconds", type=float, default=480.0, help="of the table")
    parser.add_argument("--compile", action="store_true", help="also torch.compile (slow to start)")
    parser.add_argument("--quick", action="store_true", help="one small shape")
    return parser


def table(given: argparse.Namespace, device: torch.device) -> None:
    """Print a row a case, until the time is up."""
    started, rows = time.monotonic(), cases(given)
    for place, case in enumerate(rows):
        if time.monotonic() - started > given.seconds:
            print(f"{len(rows) - place} of {len(rows)} rows left out after {given.seconds:.0f} s")
            return
        with torch.inference_mode():
            times = measure(case, device, given)
            print(line(case, bytes_read(case.block(device), case.rule), times), flush=True)


def main() -> None:
    """Print the table."""
    given = options().parse_args()
    device = torch.device(given.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        sys.exit("bench_kernels: no CUDA device here (--device cpu --quick shows the table)")
    torch.set_num_threads(1)
    name = (
        torch.cuda.get_device_name()
        if device.type == "cuda"
        else "a CPU: nothing is fused, no figure is performance"
    )
    print(f"{name}, torch {torch.__version__}, fused: {fuses(device)}")
    table(given, device)


if __name__ == "__main__":
    main()
