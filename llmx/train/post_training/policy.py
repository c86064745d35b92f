"""What `grpo` and `rloo` have in common: a policy draws completions, rewards judge them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from llmx.core.errors import ConfigError
from llmx.core.stage import Memory, StageInput
from llmx.engines.size import ModelSize
from llmx.store.machine import device_memory
from llmx.train.batch_reward import restore_states, save_states
from llmx.train.course.accelerate_file import read_processes
from llmx.train.course.checkpoints import newest_whole
from llmx.train.course.duration import on_cpu, rewarded_seconds
from llmx.train.course.fields import setting
from llmx.train.course.memory import training_memory
from llmx.train.post_training.audit import Limit
from llmx.train.post_training.cost import per_step
from llmx.train.post_training.encoded import Encoded, encode_asked
from llmx.train.post_training.job import Job, adapter, configuration
from llmx.train.post_training.options import TrainingOptions
from llmx.train.post_training.reward_func import Rewarding, record_rollouts
from llmx.train.post_training.rollouts import RolloutBook
from llmx.train.post_training.rows import TrainingRow
from llmx.train.post_training.stage import PostTraining
from llmx.train.reward import load_rewards, rewards_identity

_PROMPT = 512  # tokens of a prompt that are allowed for


class PolicyStage(PostTraining):
    """Rows: ``prompt`` (a text) or ``question`` (the chat template renders it); a reward sees all
    fields of the row.

    TRL keeps the completions of one generation in a buffer and takes ``steps_per_generation`` times
    ``num_iterations`` steps from it, and no checkpoint holds that buffer. So checkpoints are made
    only where it is used up: a save that falls between is made at the end of the buffer.
    """

    trainer: ClassVar[str]

    def own_identity(self, options: TrainingOptions) -> Mapping[str, Any]:
        """The rewards and their versions."""
        if not options.rewards:
            raise ConfigError(
                f"stage kind '{self.kind}' needs a reward", "rewards: [NAME]; see docs/training.md"
            )
        return {"rewards": rewards_identity(options.rewards)}

    def texts(
        self, tokenizer: Any, rows: Sequence[TrainingRow], options: TrainingOptions
    ) -> list[Encoded]:
        """The prompts, and room for an answer."""
        return encode_asked(tokenizer, rows, self._room(options))

    def limit(self, options: TrainingOptions, context: int | None) -> Limit:
        """TRL cuts no prompt; what counts is whether prompt and answer fit the model."""
        return Limit(context, name="the model's positions")

    def build(self, job: Job, texts: Sequence[Encoded]) -> Any:
        """Return TRL's trainer, whose rollouts are written as they are drawn."""
        import trl
        from datasets import Dataset

        sent = job.tokenizer.batch_decode([list(text.ids) for text in texts])
        rewards = load_rewards(job.options.rewards)
        if (done := newest_whole(job.out)) is not None:
            restore_states(rewards, done.path)
        rewarding = Rewarding(job.rows, sent, rewards)
        rows = [{"prompt": row.prompt, "row": row.number} for row in job.rows]
        trainer = getattr(trl, self.trainer)(
            job.base.place,
            reward_funcs=rewarding.functions(),
            args=configuration(job),
            train_dataset=Dataset.from_list(rows),
            processing_class=job.tokenizer,
            peft_config=adapter(job),
        )
        if trainer.accelerator.is_main_process:
            record_rollouts(trainer, rewarding, RolloutBook(job.out, job.step))
        trainer.llmx_rewards = rewards
        return trainer

    def saved(self, trainer: Any, folder: Path) -> None:
        """Keep the states of rewards that have one; all completions so far were trained on."""
        save_states(trainer.llmx_rewards, folder)

    def fed(self, trainer: Any, count: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]] | None:
        """Have the trainer encode its own first prompts, as it does before it generates."""
        prompts = [trainer.train_dataset[place]["prompt"] for place in range(count)]
        ids = trainer._tokenize_prompts(prompts)[0]
        return [(tuple(one), (0,) * len(one)) for one in ids]

    def may_save(self, trainer: Any) -> bool:
        """Whether no completion of the buffer is still to be trained on."""
        every = trainer.args.steps_per_generation * trainer.num_iterations
        return bool(trainer._step % every == 0)

    def duration(self, size: ModelSize, options: TrainingOptions, steps: int) -> float:
        """Return the seconds that writing and learning take on a CPU."""
        return rewarded_seconds(size, steps, per_step(options.settings), self._room(options))

    def memory(self, size: ModelSize, options: TrainingOptions) -> Memory:
        """A forward pass over a batch, and the caches of all completions drawn at once."""
        settings, room = options.settings, self._room(options)
        return training_memory(
            size,
            settings,
            options.lora,
            texts=int(settings.get("per_device_train_batch_size", 8)),
            length=min(_PROMPT + room, size.context or _PROMPT + room),
            reference=float(setting(self.kind, settings, "beta")) > 0,
            generates=0 if settings.get("use_vllm") else self._drawn(options),
        )

    def beside(self, options: TrainingOptions, given: StageInput) -> int:
        """vLLM in the same process takes its share of the device, and none while it sleeps."""
        settings = options.settings
        mode = setting(self.kind, settings, "vllm_mode")
        asleep = settings.get("vllm_enable_sleep_mode")
        if not settings.get("use_vllm") or mode != "colocate" or asleep or on_cpu(given):
            return 0
        share = float(setting(self.kind, settings, "vllm_gpu_memory_utilization"))
        return int(share * (device_memory(given.arm.engine.device) or 0))

    def _room(self, options: TrainingOptions) -> int:
        return int(setting(self.kind, options.settings, "max_completion_length"))

    def _drawn(self, options: TrainingOptions) -> int:
        """Return the completions that one process draws at once.

        All processes together draw a buffer, and one group at least.
        """
        settings, processes = options.settings, read_processes(options.accelerate).count
        batch = int(settings.get("per_device_train_batch_size", 8))
        buffer = batch * int(settings.get("steps_per_generation") or 0) or per_step(settings)
        drawn = int(settings.get("generation_batch_size") or buffer * processes)
        group = int(setting(self.kind, settings, "num_generations"))
        return -(-max(drawn, group) // processes)
