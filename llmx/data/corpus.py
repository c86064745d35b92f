"""Stage `corpus`: write a dataset's splits to disk, with what was drawn and what was dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, ClassVar

from llmx.core.errors import ConfigError
from llmx.core.options import NoOptions, StageOptions
from llmx.core.record import as_json
from llmx.core.registry import lookup
from llmx.core.spec import DataSpec
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.data import identity
from llmx.data.drawn import one_of_each
from llmx.data.tasks.readers import require_chat
from llmx.data.templated import Templated
from llmx.store.files import write_json, write_lines
from llmx.store.fingerprint import fingerprint


class CorpusStage:
    """Writes ``<split>.jsonl`` for every split and ``corpus.json`` about them."""

    Options: ClassVar[type[StageOptions]] = NoOptions
    kind: ClassVar[str] = "corpus"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The data specification and the generator's version."""
        return identity(_spec(given))

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """By what the kind says of drawing one problem."""
        spec = _spec(given)
        total = spec.train + spec.test + spec.calibration + spec.heldout
        a_problem = getattr(lookup("data", spec.kind), "draw_seconds", Templated.draw_seconds)
        return Cost(samples=total, seconds=total * a_problem)

    def most_rows(self, given: StageInput) -> int:
        """Return the problems that are asked for."""
        return _spec(given).train

    def run(self, context: StageContext) -> None:
        """Draw every split, in the order that makes a collision cost a training problem."""
        spec = _spec(context.given)
        dataset = _dataset(spec)
        splits = ("test", "calibration", "heldout", "train")
        context.progress.start(len(splits), unit="splits")
        counts = {}
        for split in splits:
            samples = one_of_each(dataset.split(split), spec.kind, split)
            write_lines(context.out / f"{split}.jsonl", (as_json(sample) for sample in samples))
            counts[split] = dict(Counter(sample.cluster for sample in samples))
            context.progress.advance()
        about = {"per_split": counts, "collisions": dataset.collisions, **identity(spec)}
        write_json(context.out / "corpus.json", about)


def _spec(given: StageInput) -> DataSpec:
    specs = [arm.data for arm in given.arms.values() if arm.data is not None]
    # Arms may differ in what no problem depends on, e.g. in the traces that are made of problems.
    different = {fingerprint(identity(spec)): spec for spec in specs}
    if len(different) != 1:
        raise ConfigError(
            f"stage '{given.stage.name}' writes one dataset and the arms have {len(different)}",
            "give all arms one data=…, or run the sweep as several commands",
        )
    require_chat(given, "write the prompts with kind: prompts")
    return specs[0]


def _dataset(spec: DataSpec) -> Any:
    return lookup("data", spec.kind)(spec)
