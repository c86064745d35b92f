"""The contract of a stage: what it reads, what it costs, what it writes.

A stage's identity is known before anything runs: :meth:`Stage.identity` returns exactly the values
that its output depends on, and its fingerprint hashes those together with the fingerprints of its
inputs. A stage that has nothing to do for an arm says so (:meth:`Stage.applies`) and is no input of
that arm's other stages: an arm that needs no calibration does not depend on one, and changing the
calibration recomputes no baseline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel

from llmx.core.errors import ConfigError, LlmxError
from llmx.core.options import StageOptions, model_of, parse
from llmx.core.progress import Progress
from llmx.core.spec import ArmSpec, StageSpec

Options = TypeVar("Options", bound=BaseModel)


@dataclass(frozen=True)
class StageInput:
    """What a stage is told before it runs: its own options and the arms that it covers.

    ``arms`` has one entry for ``over: arm`` and all of them for ``over: recipe``.
    """

    stage: StageSpec
    arms: Mapping[str, ArmSpec]
    reference: str | None = None
    references: Mapping[str, str] = field(default_factory=dict)
    """Arm → the arm it is compared with: the reference at the same point of a sweep."""
    stages: Mapping[str, StageSpec] = field(default_factory=dict)
    """All stages of the recipe, for what a plan says of models that are still to be trained."""

    _read: dict[type[BaseModel], BaseModel] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def arm(self) -> ArmSpec:
        """The only arm that the stage covers.

        Raises:
            ConfigError: if it covers several, as the recipe has it over all arms at once.
        """
        if len(self.arms) != 1:
            name = self.stage.name
            text = f"stage '{name}' ({self.stage.kind}) does its work for one arm at a time"
            raise ConfigError(text, f"stages.{name}.over=arm")
        (arm,) = self.arms.values()
        return arm

    @property
    def options(self) -> Any:
        """The stage's options as the model of its kind; an empty one where it has none."""
        return self.read(model_of(self.stage.kind) or StageOptions)

    def read(self, model: type[Options]) -> Options:
        """Return the stage's options as its kind's model; they are parsed once.

        Raises:
            ConfigError: for an option that cannot be, which composition finds before.
        """
        found = self._read.get(model)
        if not isinstance(found, model):
            found = self._read[model] = parse(self.stage, model)
        return found


@dataclass(frozen=True)
class Memory:
    """Bytes that a stage needs at once; 0 = none, or not known beforehand."""

    weights: int = 0
    cache: int = 0
    activations: int = 0
    optimiser: int = 0
    gradients: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.cache + self.activations + self.optimiser + self.gradients


@dataclass(frozen=True)
class Cost:
    """What a stage is expected to take. ``None`` = not known beforehand.

    Attributes:
        device: where `memory` is needed, as ``engine.device`` says it.
        basis: what `seconds` rest on, for people; empty where they are of a fixed kind of work.
        unknown: why `seconds` are not known.
        money: for the answers at their cap, in the unit of ``engine.price_out``.
        refusal: why the stage cannot be done at all, here or anywhere yet.
    """

    samples: int = 0
    tokens: int = 0
    seconds: float | None = None
    memory: Memory = Memory()
    device: str = "cpu"
    basis: str = ""
    unknown: str = ""
    money: float = 0.0
    notes: tuple[str, ...] = ()
    refusal: LlmxError | None = None


@dataclass(frozen=True)
class StageContext:
    """What a running stage works with.

    ``inputs`` maps ``need`` (input of an ``over: arm`` stage, or an ``over: recipe`` one) or
    ``need/arm`` (the same need of every arm, in an ``over: recipe`` stage) to finished folders.
    """

    given: StageInput
    identity: Mapping[str, Any]
    inputs: Mapping[str, Path]
    out: Path
    progress: Progress
    unavailable: Mapping[str, str] = field(default_factory=dict)
    """Arm → why it cannot be had, of an ``over: recipe`` stage; ``given`` is without these."""


@runtime_checkable
class Parted(Protocol):
    """A stage whose work can be shared out: each part is done, kept and resumed on its own.

    Which parts there are is a function of the specification alone, and the joined output is the
    one that :meth:`Stage.run` would have written.
    """

    def parts(self, given: StageInput) -> Mapping[str, int]:
        """Return name → samples of each part, in order; nothing where it cannot be shared out."""

    def run_part(self, context: StageContext, part: str) -> None:
        """Write a part under ``context.out``, as :meth:`Stage.run` writes the whole."""

    def join(self, context: StageContext, parts: Mapping[str, Path]) -> None:
        """Write the output from the finished parts, given in their order."""


@runtime_checkable
class Portioned(Protocol):
    """A stage that puts together what others write, each a node of the graph with its own name.

    A portion's name says nothing of the others, so that a larger stage finds those of a smaller
    one. The stage reads them among its inputs by their names; they have its needs, and it has none.
    """

    def portions(self, given: StageInput) -> Mapping[str, StageInput]:
        """Return name → what the stage of each portion is told; its kind is in there."""


@runtime_checkable
class Checks(Protocol):
    """A stage that can know more than its plan before anything runs: what it reads is fetched."""

    def check(self, given: StageInput) -> None:
        """Raise an LlmxError where the stage could not do its work on what is there."""


@runtime_checkable
class AsksAgain(Protocol):
    """A stage whose output may hold questions that were answered with nothing that can be read."""

    def unanswered(self, out: Path) -> list[str]:
        """Return what of a whole output was asked in vain."""

    def reopen(self, out: Path) -> None:
        """Make a whole output unfinished, so that :meth:`Stage.run` asks just that again."""


@runtime_checkable
class WritesRows(Protocol):
    """A stage that writes ``train.jsonl``, and knows before it runs how long it may become."""

    def most_rows(self, given: StageInput) -> int:
        """Return the most rows that there can be."""


class Stage(Protocol):
    """One kind of work. Instances hold no state: everything is in the context and on disk.

    A class variable ``Options``, a model of :mod:`llmx.core.options`, says which options the kind
    has; without it any are accepted, and the stage checks them itself.
    """

    kind: ClassVar[str]
    version: ClassVar[int]
    timing: ClassVar[bool]
    """True if the output is a measurement of this machine: its identity then holds the machine."""
    # `sections: ClassVar[tuple[type[Section], ...]]`, where a stage has it, names the sections of
    # an arm that it reads (llmx.core.section); it is given those alone, and they are in its name.

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """Return every value that the output depends on, in a form that JSON can hold."""

    def applies(self, given: StageInput) -> bool:
        """Whether there is anything to do for these arms."""

    def plan(self, given: StageInput) -> Cost:
        """Estimate the work without importing torch."""

    def run(self, context: StageContext) -> None:
        """Write the output under ``context.out``; go on from what an earlier try left there."""
