"""Stage `zoo_card`: the models of a zoo recipe as they ship, each with a card."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from llmx.core.errors import ConfigError, RunError
from llmx.core.options import ArmName, NeedName, StageOptions
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.stats import wilson
from llmx.store.files import inside, read_json, read_lines, write_json
from llmx.store.page import write_marked
from llmx.train.card_text import render


class ZooCardOptions(StageOptions):
    """Which models ship, and what their cards say."""

    models: dict[ArmName, str] = Field(
        min_length=1,
        description="arm -> folder name; arms that were left out have none",
        examples=["{ARM: FOLDER}"],
    )
    measured: dict[str, tuple[str, NeedName]] = Field(
        default={}, description="title -> [end of the arm's name, score stage]"
    )
    recipe: str = Field(default="zoo_gsm", description="name of the recipe")
    base: str | None = Field(default=None, description="model that the training went on from")


class ZooCardStage:
    """Writes ``<model>/`` (float16 weights, tokenizer, ``README.md``) for every trained model."""

    Options: ClassVar[type[StageOptions]] = ZooCardOptions
    kind: ClassVar[str] = "zoo_card"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The folder names and what is measured, shapes and training settings.

        Raises:
            ConfigError: if an arm or a stage that a card rests on is not in this run.
        """
        _check(given)
        return {
            "options": given.stage.options,
            "arms": {n: a.stated() for n, a in given.arms.items()},
        }

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Seconds."""
        return Cost(seconds=10.0)

    def run(self, context: StageContext) -> None:
        """Export and describe every model."""
        given = context.given
        asked = given.read(ZooCardOptions).models
        models = {arm: folder for arm, folder in asked.items() if arm in given.arms}
        context.progress.start(len(models), unit="models")
        for arm, folder in models.items():
            model = inside(context.out, folder)
            export(context.inputs[f"train/{arm}"] / "model", model)
            about = _facts(context, arm)
            write_json(inside(context.out, f"{folder}.json"), about)
            write_marked(model / "README.md", render(folder, about))
            context.progress.advance()


def _check(given: StageInput) -> None:
    """Refuse, before anything is trained, a card that would lack its model or a number."""
    where, options, arms = f"stages.{given.stage.name}", given.read(ZooCardOptions), given.arms
    models, measured = options.models, options.measured
    there = [arm for arm in models if arm in arms]
    if not there:
        raise ConfigError(
            f"{where}.models: none of {', '.join(models)} is an arm of this run",
            f"arms=[{','.join(models)}], or without a card: {where}=null",
        )
    for need in ("train", *(stage for _, stage in measured.values())):
        if need not in given.stage.needs:
            raise ConfigError(f"{where} reads stage '{need}'", f"add {need} to its needs")
    wanted = [f"{arm}{suffix}" for arm in there for suffix, _ in measured.values()]
    if missing := [name for name in dict.fromkeys(wanted) if name not in arms]:
        arm = next(arm for arm in there if missing[0].startswith(arm))
        raise ConfigError(
            f"stage '{given.stage.name}': the card of arm '{arm}' needs arm '{missing[0]}'",
            f"arms=[{','.join([*arms, *missing])}], or without a card: "
            f"stages.{given.stage.name}=null",
        )


def export(model: Path, out: Path) -> None:
    """Write a trained model with float16 weights, loadable by ``AutoModelForCausalLM``."""
    import torch

    from llmx.engines.pretrained import causal_model, tokenizer

    loaded = causal_model(str(model), dtype=torch.float32)
    loaded.config.use_cache = True
    loaded.generation_config.use_cache = True
    loaded.half().save_pretrained(out)
    tokenizer(str(model)).save_pretrained(out)
    for path in out.iterdir():
        path.chmod(0o644)
    _tidy_tokenizer(out / "tokenizer_config.json")


def _tidy_tokenizer(path: Path) -> None:
    """Name the class that every version of transformers knows; drop how it was loaded here."""
    found = read_json(path)
    for accident in ("is_local", "local_files_only", "backend"):
        found.pop(accident, None)
    write_json(path, {**found, "tokenizer_class": "PreTrainedTokenizerFast"})


def _facts(context: StageContext, arm: str) -> dict[str, Any]:
    spec = context.given.arms[arm]
    assert spec.shape is not None and spec.trainer is not None and spec.data is not None
    training = read_json(context.inputs[f"train/{arm}"] / "training.json")
    corpus = read_json(_corpus(context.inputs, arm) / "corpus.json")
    options = context.given.read(ZooCardOptions)
    taken = context.given.stages["train"].options.get("tokenizer")
    return {
        "recipe": options.recipe,
        "base": options.base,
        **({"tokenizer": taken} if taken else {}),
        "shape": spec.shape.model_dump(mode="json"),
        "trainer": spec.trainer.model_dump(mode="json"),
        "seed": spec.seed,
        "parameters": training["parameters"],
        "final_loss": training["curve"][-1]["loss"] if training["curve"] else None,
        "data": spec.data.model_dump(mode="json"),
        "generator": corpus["generator"],
        "collisions": corpus["collisions"],
        "measured": dict(_measured(context, arm)),
    }


def _corpus(inputs: Mapping[str, Path], arm: str) -> Path:
    """Return the corpus of the arm, or the one that all arms share."""
    found = {name: folder for name, folder in inputs.items() if (folder / "corpus.json").exists()}
    return next((f for name, f in found.items() if name.endswith(f"/{arm}")), None) or next(
        iter(found.values())
    )


def _measured(context: StageContext, arm: str) -> Iterable[tuple[str, dict[str, Any]]]:
    for title, (suffix, stage) in context.given.read(ZooCardOptions).measured.items():
        folder = context.inputs.get(f"{stage}/{arm}{suffix}")
        if folder is None:
            raise RunError(f"the card has no scores '{stage}' of arm '{arm}{suffix}'")
        yield title, tally(read_lines(folder / "scores.jsonl"))


def tally(scores: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Count right answers, overall and by template, with a 95 % Wilson interval overall."""
    by_cluster: dict[str, list[bool]] = defaultdict(list)
    for score in scores:
        by_cluster[score["cluster"]].append(score["correct"])
    right = sum(map(sum, by_cluster.values()))
    total = sum(map(len, by_cluster.values()))
    interval = wilson(right, total)
    return {
        "correct": right,
        "problems": total,
        "low": interval.low,
        "high": interval.high,
        "by_template": {n: [sum(marks), len(marks)] for n, marks in sorted(by_cluster.items())},
    }
