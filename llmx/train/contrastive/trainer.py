"""The trainer of sentence-transformers, given a plan: what is not its own stands here."""

from __future__ import annotations

from typing import Any

from llmx.engines.embed.vision import check_items, reads_pictures
from llmx.train.contrastive.job import ContrastiveJob, check_sparse
from llmx.train.contrastive.loss import Scores, loss_of
from llmx.train.contrastive.masks import Mask
from llmx.train.contrastive.order import PlannedOrder, follow
from llmx.train.contrastive.pairs import collate
from llmx.train.contrastive.points import TrainingClock, watch_points
from llmx.train.contrastive.students import static_module, student
from llmx.train.contrastive.tokens import static_collate
from llmx.train.course.fit import explained
from llmx.train.course.job import arguments


def make_trainer(job: ContrastiveJob, clock: TrainingClock) -> Any:
    """Return the trainer, ready to train.

    Raises:
        ConfigError: for settings that do not fit together, or processes that do not divide |B|.
    """
    from sentence_transformers import SentenceTransformerTrainingArguments
    from transformers.trainer_utils import set_seed

    set_seed(job.seed)
    model = make_student(job)
    static = static_module(model)
    more: dict[str, Any] = {"per_device_train_batch_size": job.plan.size}
    sparse = check_sparse(job, static is not None)
    if sparse and static is not None:
        static.embedding.sparse = True
        more["max_grad_norm"] = 0.0
    more |= {"prompts": job.prompts} if job.prompts else {}
    args = arguments(job, SentenceTransformerTrainingArguments, more)
    order = PlannedOrder(job.plan, args.world_size)
    args.per_device_train_batch_size = order.batch_size
    masks = job.mask or (Mask() if order.negatives else None)
    scores = Scores(masks)
    loss = loss_of(
        model, scores, job.options.temperature, job.options.mini_batch, args.world_size > 1
    )
    with explained(job):
        trainer = _class()(model=model, args=args, train_dataset=_NoRows(job), loss=loss)
    trainer.plan(job, order, scores, clock, sparse)
    follow(trainer, order)
    watch_points(
        trainer,
        job.out,
        clock,
        job.options.evaluations,
        job.evaluate,
        lambda step: job.at(step, clock.seconds),
    )
    return trainer


def make_student(job: ContrastiveJob) -> Any:
    """Return the model to begin with, with its adapter."""
    items = [*job.pairs.queries, *job.pairs.targets]
    texts = [one for one in items if isinstance(one, str)] if job.folder is None else ()
    options = job.options
    model = student(
        options.student,
        job.folder,
        texts,
        dimension=options.dimension,
        seed=job.seed,
        pixels=options.pixels,
    )
    if not reads_pictures(model):
        check_items(items)
    if options.lora is not None:
        from peft import LoraConfig

        model.add_adapter(LoraConfig(task_type="FEATURE_EXTRACTION", **options.lora))
    return model


class _NoRows:
    """Stands for the rows where the library asks whether there are any; the plan has them."""

    column_names = ("query", "target")

    def __init__(self, job: ContrastiveJob) -> None:
        self._rows = len(job.pairs)

    def __len__(self) -> int:
        return self._rows


def _class() -> Any:
    """Return the class, made where the library may be imported."""
    import torch
    from sentence_transformers import SentenceTransformerTrainer
    from torch.utils.data import DataLoader

    class PlannedTrainer(SentenceTransformerTrainer):  # type: ignore[misc]
        """Batches of the plan; a log says how it went within them."""

        def plan(
            self, job: Any, order: PlannedOrder, scores: Scores, clock: TrainingClock, sparse: bool
        ) -> None:
            self.job, self.order, self.scores, self.clock = job, order, scores, clock
            self.sparse = sparse

        def get_train_dataloader(self) -> Any:
            self.accelerator.even_batches = False
            collator: Any = self._collator()
            slices: Any = self.order  # arrays, where torch's types say lists
            loader = DataLoader(
                self.job.pairs,
                batch_sampler=slices,
                collate_fn=collator,
                num_workers=self.args.dataloader_num_workers,
                pin_memory=self.args.dataloader_pin_memory,
                prefetch_factor=self.args.dataloader_prefetch_factor,
            )
            self._train_dataloader = self.accelerator.prepare(loader)
            return self._train_dataloader

        def _collator(self) -> Any:
            module = static_module(self.model)
            if module is None:
                return collate(self.job.pairs, self.data_collator)
            return static_collate(self.job.pairs, module, self.job.prompts)

        def get_optimizer_cls_and_kwargs(self, args: Any, model: Any = None) -> Any:
            if not self.sparse:
                return super().get_optimizer_cls_and_kwargs(args, model)
            betas = (args.adam_beta1, args.adam_beta2)
            return torch.optim.SparseAdam, {
                "lr": args.learning_rate,
                "betas": betas,
                "eps": args.adam_epsilon,
            }

        def _get_grad_norm(self, model: Any, grad_norm: Any = None) -> Any:
            # There is no norm of a sparse gradient in torch 2, and nothing here needs it.
            return None if self.sparse else super()._get_grad_norm(model, grad_norm)

        def log(self, logs: dict[str, float], start_time: float | None = None) -> None:
            if "loss" in logs:
                logs = {**logs, **self._within()}
            super().log(logs, start_time)

        def _within(self) -> dict[str, float]:
            counted = torch.tensor(self.scores.count(), device=self.args.device)
            right, asked = self.accelerator.reduce(counted, "sum").tolist()
            told = self.job.at(self.state.global_step, self.clock.seconds)
            return {**told, "in_batch_accuracy": right / max(1, asked)}

        def _save(self, output_dir: Any = None, state_dict: Any = None) -> None:
            self.model.save_pretrained(output_dir, create_model_card=False)

        def add_model_card_callback(self, default_args_dict: Any) -> None:
            """The stage writes the card."""

    return PlannedTrainer
