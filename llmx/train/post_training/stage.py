"""What stages `sft`, `dpo`, `grpo` and `rloo` have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from llmx.core.errors import EngineError, LlmxError
from llmx.core.stage import Cost, Memory, StageContext, StageInput
from llmx.engines.size import ModelSize
from llmx.store.machine import machine
from llmx.train.course.accelerate_file import read_processes
from llmx.train.course.duration import supervised_seconds
from llmx.train.course.fields import INSTALL, installed
from llmx.train.course.settings import ACCIDENTS
from llmx.train.course.steps import steps_of
from llmx.train.post_training.audit import Limit
from llmx.train.post_training.base import Base, bases_identity, known_positions, load_tokenizer
from llmx.train.post_training.cost import cost, per_step
from llmx.train.post_training.encoded import Encoded
from llmx.train.post_training.job import Job
from llmx.train.post_training.options import TrainingOptions, bases, read_options, trains
from llmx.train.post_training.rows import TrainingRow


class PostTraining(ABC):
    """Needs a stage with rows; writes ``model/``, ``training.json``, ``audit.json``, ``audit.md``.

    Killed at any moment, the same command goes on from the newest whole checkpoint with optimiser,
    schedule, sampler and generators as they were, and ends at the same bytes on a CPU.
    """

    kind: ClassVar[str]
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False
    Options: ClassVar[type[TrainingOptions]]
    packages: ClassVar[tuple[str, ...]] = ("trl", "datasets")
    """What has to be installed."""

    @abstractmethod
    def texts(
        self, tokenizer: Any, rows: Sequence[TrainingRow], options: TrainingOptions
    ) -> list[Encoded]:
        """Return what the rows are as tokens, uncut; the audit looks at them."""

    @abstractmethod
    def limit(self, options: TrainingOptions, context: int | None) -> Limit:
        """Return how long a text may be, for a model that knows `context` positions."""

    @abstractmethod
    def build(self, job: Job, texts: Sequence[Encoded]) -> Any:
        """Return the trainer, ready to train: transformers' ``Trainer``, or one made of it.

        It saves safetensors, and draws its rows by a sampler that :mod:`llmx.train.order` knows.
        """

    @abstractmethod
    def memory(self, size: ModelSize, options: TrainingOptions) -> Memory:
        """Return the bytes that one process takes."""

    def options(self, given: StageInput) -> TrainingOptions:
        """Return the checked options."""
        return read_options(self.Options, given)

    def tokenizer(self, base: Base) -> Any:
        """Return what makes tokens of texts: one that can end an answer, and pad."""
        return load_tokenizer(base)

    def positions(self, base: Base) -> int | None:
        """Return how many positions the model knows; None where it has no limit."""
        return known_positions(base)

    def complete(self, job: Job, model: Path) -> None:
        """Add to the exported ``model/`` what the trainer does not save."""
        return

    def beside(self, options: TrainingOptions, given: StageInput) -> int:
        """Return the bytes of the device that something else in the same process takes."""
        return 0

    def fed(self, trainer: Any, count: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]] | None:
        """Return ids and mask of the first texts as the trainer feeds them, None if unknown."""
        return None

    def saved(self, trainer: Any, folder: Path) -> None:
        """Add to a checkpoint what the trainer does not keep; called before it counts as whole."""
        return

    def may_save(self, trainer: Any) -> bool:
        """Whether a checkpoint of this moment holds everything that the training is made of."""
        return True

    def own_identity(self, options: TrainingOptions) -> Mapping[str, Any]:
        """Return what only this kind depends on."""
        return {}

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The model, the settings that can change a weight, the adapter, the rows, the seed.

        Several processes are in it as well: two of them make a step of twice the rows.
        """
        options = self.options(given)
        steps_of(options.settings, f"stages.{given.stage.name}.settings")
        processes = read_processes(options.accelerate, _file(given))
        settings = {n: v for n, v in options.settings.items() if n not in ACCIDENTS}
        data = given.arm.data
        asked = (data.system, data.preamble, data.instruction) if data is not None else None
        return {
            "base": bases_identity(bases(options, given), given),
            "settings": settings,
            "lora": options.lora,
            "split": options.split,
            "asked": asked,
            "seed": given.arm.seed,
            **({} if processes.plain else {"processes": processes.identity()}),
            **self.own_identity(options),
        }

    def applies(self, given: StageInput) -> bool:
        """Where the option ``arms`` names the arm, or is not given."""
        return trains(self.options(given), given)

    def plan(self, given: StageInput) -> Cost:
        """Rows, and memory by what it is for."""
        options = self.options(given)
        processes = read_processes(options.accelerate, _file(given))
        refused = processes.refusal(_file(given)) or _refusal(self, options, given)
        return cost(self, given, options, processes, refused)

    def duration(self, size: ModelSize, options: TrainingOptions, steps: int) -> float:
        """Return the seconds that `steps` steps take on a CPU."""
        longest = self.limit(options, size.context or None).longest
        rows = per_step(options.settings)
        return supervised_seconds(size, steps, rows, longest or size.context)

    def steps(self, context: StageContext) -> None:
        """Do what is left of the steps: the share of one process, where there are several."""
        from llmx.train.post_training.train import prepare, steps

        steps(self, *prepare(self, context))

    def run(self, context: StageContext) -> None:
        """Train, or go on training."""
        from llmx.train.post_training.train import train

        train(self, context)


def _file(given: StageInput) -> str:
    """Name the option, for messages about its file."""
    return f"stages.{given.stage.name}.accelerate"


def _refusal(kind: PostTraining, options: TrainingOptions, given: StageInput) -> LlmxError | None:
    """Return why the stage cannot be done here, before anything starts."""
    stage = f"stage '{given.stage.name}'"
    wanted = [*kind.packages, *(["peft"] if options.lora is not None else [])]
    for package in wanted:
        if not installed(package):
            return EngineError(f"{stage} needs {package}, which is not installed", INSTALL)
    return _gpu_refusal(stage, options, given.arm.engine.device)


def _gpu_refusal(stage: str, options: TrainingOptions, device: str) -> LlmxError | None:
    generates = bool(options.settings.get("use_vllm"))
    if not machine()["accelerators"]:
        if generates:
            return EngineError(f"{stage} generates with vLLM, which needs a GPU here", _LAPTOP)
        if device.startswith("cuda"):
            return EngineError(f"{stage} asks for {device}; this machine has no GPU", _LAPTOP)
    if ":" in device:
        return EngineError(
            f"{stage} cannot choose {device} itself",
            f"engine.device=cuda, and CUDA_VISIBLE_DEVICES={device.partition(':')[2]} before it",
        )
    if generates and not installed("vllm"):
        return EngineError(f"{stage} generates with vLLM, which is not installed", _LAPTOP)
    return None


_LAPTOP = "settings.use_vllm: false and engine.device=auto train on a CPU"
