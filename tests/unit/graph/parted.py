"""An arm that is shared out as parts: the shipped pair on a few tokens of many problems."""

from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory

from llmx.core.progress import Silent
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, ModelSpec, RunSpec, SamplerSpec, StageSpec
from llmx.engines.hf import HfEngine
from llmx.engines.kernel import with_kernels
from llmx.graph.execute import execute
from llmx.graph.graph import Node, build_graph
from llmx.graph.observer import SilentObserver
from llmx.graph.parts import context_of
from llmx.store.cache import Entry

PAIR = ModelSpec(target="zoo:gsm_target", draft="zoo:gsm_draft")
GENERATE = StageSpec(name="generate", kind="decode")


def arm(problems: int, batch_size: int = 8, seed: int = 0, **engine: object) -> ArmSpec:
    return ArmSpec(
        model=PAIR,
        data=DataSpec(kind="gsm_symbolic", templates=(43, 10), test=problems, calibration=3),
        engine=EngineSpec(batch_size=batch_size, **engine),
        sampler=SamplerSpec(algorithm="speculative", max_tokens=7, gamma=3),
        seed=seed,
    )


def spec_of(problems: int, batch_size: int = 8, **engine: object) -> RunSpec:
    arms = {"sd": arm(problems, batch_size, **engine)}
    spec = RunSpec(name="tiny", group="decode", source="-", stages=(GENERATE,), arms=arms)
    return with_kernels(spec)


def node_of(problems: int, batch_size: int = 8, **engine: object) -> Node:
    (node,) = build_graph(spec_of(problems, batch_size, **engine))
    return node


def entry_in(cache: Path, node: Node) -> Entry:
    return Entry(cache, "decode", node.fingerprint)


def bring(cache: Path, problems: int, batch_size: int = 8, observer=None) -> Entry:
    """Execute the only node; return its entry."""
    graph = build_graph(spec_of(problems, batch_size))
    execute(graph, cache, observer or SilentObserver())
    return entry_in(cache, graph.nodes[0])


@lru_cache
def undivided(problems: int, batch_size: int = 5) -> dict[str, bytes]:
    """Return what the stage writes when one process does it as a whole."""
    node = node_of(problems, batch_size)
    with TemporaryDirectory() as out:
        node.stage.run(context_of(node, {}, Path(out), Silent()))
        return files(Path(out))


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.iterdir() if path.name not in ("stage.json", "progress.json"))
    return {path.name: path.read_bytes() for path in found}


def part_done(cache: Path, node: Node, name: str) -> None:
    """Complete one part as another process would."""
    part = entry_in(cache, node).part(name)
    node.stage.run_part(context_of(node, {}, part.begin(), Silent()), name)
    part.complete({"seconds": 1.0})


def on_each_answer(monkeypatch, hook: Callable[[str], None]) -> list[str]:
    """Call `hook` when an answer is over and before it is kept; return the ids that are asked."""
    asked: list[str] = []
    finished = HfEngine.finished

    def watched(engine: HfEngine, requests) -> Iterator:
        asked.extend(request.id for request in requests)
        for place, record in finished(engine, requests):
            hook(record.id)
            yield place, record

    monkeypatch.setattr(HfEngine, "finished", watched)
    return asked
