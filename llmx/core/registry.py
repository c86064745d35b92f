"""`kind` → implementation, without imports until a kind is used and without code in YAML.

A recipe says ``kind: fuzzy``; it never names a Python object. So reading a stranger's recipe can
not run anything. Built-ins stand in the table below; other packages add theirs through the
entry-point group ``llmx.plugins``, each entry named ``family.kind``.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from llmx.core.errors import ConfigError, nearest

_BUILTIN: dict[str, dict[str, str]] = {
    "stage": {
        "corpus": "llmx.data.corpus:CorpusStage",
        "traces": "llmx.data.traces.stage:TracesStage",
        "answers": "llmx.data.reasoning.answers:AnswersStage",
        "sampled": "llmx.data.reasoning.sampled:SampledStage",
        "prompts": "llmx.data.reasoning.stage:PromptsStage",
        "tokenizer": "llmx.train.tokenizer:TokenizerStage",
        "train": "llmx.train.language_model:TrainStage",
        "zoo_card": "llmx.train.zoo_card:ZooCardStage",
        "sft": "llmx.train.post_training.sft:SftStage",
        "dpo": "llmx.train.post_training.dpo:DpoStage",
        "grpo": "llmx.train.post_training.grpo:GrpoStage",
        "rloo": "llmx.train.post_training.rloo:RlooStage",
        "divergence_quantiles": "llmx.run.calibrate:CalibrateStage",
        "divergence_log": "llmx.run.divergence_log:DivergenceLogStage",
        "explore": "llmx.run.explore:ExploreStage",
        "aggregation_corpus": "llmx.run.aggregation:AggregationCorpusStage",
        "decode": "llmx.run.decode:DecodeStage",
        "ensemble_latency": "llmx.run.latency:LatencyStage",
        "ensemble_report": "llmx.run.ensemble_report:EnsembleReportStage",
        "training_report": "llmx.run.training_report:TrainingReportStage",
        "ensemble_simulation": "llmx.run.simulation:SimulationStage",
        "ensemble_decode": "llmx.run.ensemble:EnsembleDecodeStage",
        "decode_speed": "llmx.run.speed:SpeedStage",
        "score": "llmx.run.score:ScoreStage",
        "judge": "llmx.run.judge:JudgeStage",
        "win_rates": "llmx.run.win_rates:WinRatesStage",
        "report": "llmx.run.report:ReportStage",
        "audit": "llmx.run.audit:AuditStage",
        "verdicts": "llmx.run.verdicts:VerdictStage",
    },
    "data": {
        "gsm_symbolic": "llmx.data.gsm_symbolic:GsmSymbolic",
        "worked_arithmetic": "llmx.data.worked_arithmetic:WorkedArithmetic",
        "gsm8k": "llmx.data.gsm8k:Gsm8k",
        "csqa": "llmx.data.csqa:Csqa",
        "mmlu": "llmx.data.mmlu:Mmlu",
        "humaneval": "llmx.data.humaneval:HumanEval",
        "alpaca_eval": "llmx.data.alpaca_eval:AlpacaEvalData",
        "arena_hard": "llmx.data.arena_hard:ArenaHardData",
        "countdown": "llmx.data.reasoning.dataset:ReasoningTask",
        "sudoku": "llmx.data.reasoning.dataset:ReasoningTask",
        "mini_sudoku": "llmx.data.reasoning.dataset:ReasoningTask",
        "arc_1d": "llmx.data.reasoning.dataset:ReasoningTask",
        "advanced_geometry": "llmx.data.reasoning.dataset:ReasoningTask",
        "color_cube_rotation": "llmx.data.reasoning.dataset:ReasoningTask",
        "list_functions": "llmx.data.reasoning.dataset:ReasoningTask",
        "zebra_puzzles": "llmx.data.reasoning.dataset:ReasoningTask",
        "self_reference": "llmx.data.reasoning.dataset:ReasoningTask",
    },
    "engine": {
        "hf": "llmx.engines.hf:HfEngine",
        "openai": "llmx.engines.endpoint.engine:OpenAIEngine",
        "scripted": "llmx.engines.scripted:ScriptedEngine",
        "vllm": "llmx.engines.vllm.engine:VllmEngine",
        "vllm_server": "llmx.engines.vllm_server.engine:VllmServerEngine",
    },
    "reward": {
        "gsm": "llmx.train.rewards.gsm:gsm",
        "countdown": "llmx.train.rewards.puzzles:countdown",
        "sudoku": "llmx.train.rewards.puzzles:sudoku",
        "mini_sudoku": "llmx.train.rewards.puzzles:mini_sudoku",
        "arc_1d": "llmx.train.rewards.puzzles:arc_1d",
        "advanced_geometry": "llmx.train.rewards.puzzles:advanced_geometry",
        "color_cube_rotation": "llmx.train.rewards.puzzles:color_cube_rotation",
        "list_functions": "llmx.train.rewards.puzzles:list_functions",
        "zebra_puzzles": "llmx.train.rewards.puzzles:zebra_puzzles",
        "self_reference": "llmx.train.rewards.puzzles:self_reference",
    },
    "judge": {
        "endpoint": "llmx.run.judge_endpoint:EndpointJudge",
        "length": "llmx.scoring.judging.local:LengthJudge",
        "exact": "llmx.scoring.judging.local:ExactJudge",
    },
    "protocol": {
        "alpaca_eval": "llmx.scoring.judging.alpaca_eval:AlpacaEval",
        "arena_hard": "llmx.scoring.judging.arena_hard:ArenaHard",
    },
    "streamer": {
        "hf": "llmx.engines.stream.hf:HfStreamer",
        "openai": "llmx.engines.stream.endpoint:EndpointStreamer",
        "vllm": "llmx.engines.stream.vllm:VllmStreamer",
        "vllm_server": "llmx.engines.stream.vllm_server:VllmServerStreamer",
    },
    "scorer": {
        "gsm": "llmx.scoring.gsm:GsmScorer",
        "choice": "llmx.scoring.choice:ChoiceScorer",
        "code": "llmx.scoring.code:CodeScorer",
        "countdown": "llmx.scoring.puzzles:CountdownScorer",
        "sudoku": "llmx.scoring.puzzles:SudokuScorer",
        "mini_sudoku": "llmx.scoring.puzzles:MiniSudokuScorer",
        "arc_1d": "llmx.scoring.puzzles:Arc1dScorer",
        "advanced_geometry": "llmx.scoring.puzzles:AdvancedGeometryScorer",
        "color_cube_rotation": "llmx.scoring.puzzles:ColorCubeRotationScorer",
        "list_functions": "llmx.scoring.puzzles:ListFunctionsScorer",
        "zebra_puzzles": "llmx.scoring.puzzles:ZebraPuzzlesScorer",
        "self_reference": "llmx.scoring.puzzles:SelfReferenceScorer",
    },
}


@lru_cache(maxsize=1)
def _plugins() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for entry in entry_points(group="llmx.plugins"):
        family, _, kind = entry.name.partition(".")
        found.setdefault(family, {})[kind] = entry.value
    return found


def families() -> tuple[str, ...]:
    """Return the names of all families, plugins' own included."""
    return tuple(sorted({*_BUILTIN, *_plugins()}))


def kinds(family: str) -> dict[str, str]:
    """Return every known kind of a family as ``kind -> module:attribute``, plugins included."""
    return {**_BUILTIN.get(family, {}), **_plugins().get(family, {})}


def lookup(family: str, kind: str) -> Any:
    """Import and return what stands behind ``kind``.

    Raises:
        ConfigError: if no built-in and no plugin has that kind.
    """
    known = kinds(family)
    if kind not in known:
        hint = nearest(kind, known, f"{family} kinds")
        raise ConfigError(f"unknown {family} kind '{kind}'", hint)
    module, _, attribute = known[kind].partition(":")
    return getattr(import_module(module), attribute)
