"""Decode the pair that ships on the GPU and on the CPU, greedily, and count what differs."""

from __future__ import annotations

import sys

from llmx.core.record import Record
from llmx.core.spec import DataSpec, EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import ask
from llmx.data import load
from llmx.engines.hf import HfEngine

PAIR = ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft")
DATA = DataSpec(kind="gsm_symbolic", test=64, templates=(43, 10, 58, 48, 62, 16))
SAMPLERS = {
    "target": SamplerSpec(algorithm="target", temperature=0),
    "SD": SamplerSpec(algorithm="speculative", temperature=0),
    "FSD-R": SamplerSpec(algorithm="fuzzy", temperature=0, threshold=0.1),
    "FSD-H": SamplerSpec(algorithm="fuzzy", temperature=0, threshold=0.1, semantics="fallback"),
}


def answers(sampler: SamplerSpec, device: str) -> list[Record]:
    """Return the records of one device."""
    engine = HfEngine(PAIR, EngineSpec(batch_size=16, device=device, lean=False))
    requests = [ask(problem, "", sampler, 0) for problem in load(DATA, "test", 64)]
    return list(engine.generate(requests))


def main() -> None:
    """Print a line a sampler; exit code 1 if an answer differs that was not said to be fragile."""
    device, unexplained = (sys.argv[1:] or ["cuda"])[0], 0
    for name, sampler in SAMPLERS.items():
        both = (answers(sampler, where) for where in ("cpu", device))
        pairs = list(zip(*both, strict=True))
        differ = [(one, two) for one, two in pairs if one.completion_ids != two.completion_ids]
        sturdy = sum(not one.fragile for one, _ in differ)
        unexplained += sturdy
        same = len(pairs) - len(differ)
        print(f"{name}: {same} of {len(pairs)} equal; {sturdy} differ without a fragile place")
    sys.exit(unexplained > 0)


if __name__ == "__main__":
    main()
