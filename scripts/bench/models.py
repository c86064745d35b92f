"""The pair that is measured, by every kernel, and the prompts that it answers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
import transformers

from bench.settings import Settings
from llmx.config.compose import compose
from llmx.core.speech import Algorithm, DraftMode, ask
from llmx.data import load as load_data
from llmx.decoding import DecodeOptions, StepModel
from llmx.engines.hf import HfEngine
from llmx.engines.native.model import NativeLlama
from llmx.engines.step import build_step_model

Prompts = list[list[int]]
KERNELS = ("native", "torch")
LOOPS: dict[str, Algorithm] = {"target": "target", "SD": "speculative", "FSD-H": "fuzzy"}


@dataclass(frozen=True)
class Pair:
    """A target and its draft, ready to step."""

    target: StepModel
    draft: StepModel


class Models:
    """Loads each form of the pair when it is first asked for."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.held: dict[str, Pair] = {}

    @cached_property
    def whole(self) -> tuple[Any, Any]:
        """Target and draft as transformers loads them; the draft drafts blocks of gamma."""
        target, draft = (
            transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
            for folder in (self.settings.target, self.settings.draft)
        )
        draft.generation_config.num_assistant_tokens = self.settings.gamma
        draft.generation_config.num_assistant_tokens_schedule = "constant"
        draft.generation_config.assistant_confidence_threshold = 0.0
        return target, draft

    def pair(self, kernel: str) -> Pair:
        """Return the pair by one of :data:`KERNELS`."""
        if kernel not in self.held:
            self.held[kernel] = self.native() if kernel == "native" else self._lean()
        return self.held[kernel]

    def native(self, kind: type[NativeLlama] = NativeLlama) -> Pair:
        """Return the pair by the compiled forward, through a class of one's own."""
        folders = (self.settings.target, self.settings.draft)
        target, draft = (kind.load(folder.name, folder) for folder in folders)
        if target is None or draft is None:
            raise SystemExit("the compiled forward does not know this pair")
        return Pair(target, draft)

    def _lean(self) -> Pair:
        target, draft = self.whole
        return Pair(build_step_model(target), build_step_model(draft))

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """Tokens that end an output."""
        ids = self.whole[0].generation_config.eos_token_id
        return () if ids is None else tuple(np.atleast_1d(ids).tolist())

    def options(self, loop: str, temperature: float) -> DecodeOptions:
        """Return how one of :data:`LOOPS` decodes: all with the same draft mode, cap and blocks."""
        wanted = self.settings
        mode: DraftMode = "greedy" if wanted.draft_mode == "greedy" else "sampled"
        return DecodeOptions(
            LOOPS[loop],
            temperature=temperature,
            top_p=wanted.top_p,
            max_tokens=wanted.max_new,
            gamma=wanted.gamma,
            draft=mode,
            semantics="fallback",
            threshold=wanted.threshold,
            eos_ids=self.ends,
        )

    @cached_property
    def prompts(self) -> Prompts:
        """As many prompts as any part asks for."""
        wanted = self.settings
        most = max(wanted.problems, wanted.batch_problems, wanted.accept_problems)
        if wanted.prompts is None:
            return zoo_prompts(most)
        lines = [json.loads(line) for line in wanted.prompts.read_text().splitlines() if line]
        if "prompt_ids" in lines[0]:
            return [line["prompt_ids"] for line in lines[:most]]
        tokenizer = transformers.AutoTokenizer.from_pretrained(wanted.target)
        return [tokenizer(line["prompt"])["input_ids"] for line in lines[:most]]


def zoo_prompts(problems: int) -> Prompts:
    """Return the first problems of the test split that the shipped pair is measured on."""
    arm = compose("fsd_gsm8k").arms["sd"]
    assert arm.data is not None and arm.sampler is not None
    engine = HfEngine(arm.model, arm.engine)
    samples = load_data(arm.data, "test", problems)
    return [engine.prompt_ids(ask(sample, "", arm.sampler, 0)) for sample in samples]
