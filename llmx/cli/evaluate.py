"""``llmx eval``: your model on your questions. Short flags for ``llmx run recipe=evaluate``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from llmx.cli import complete, run
from llmx.cli.options import (
    AskAgain,
    Debug,
    DryRun,
    Limit,
    Plugins,
    Quiet,
    Recipes,
    Runs,
    TrustCode,
    Workers,
)
from llmx.config.choices import FILES
from llmx.core.errors import ConfigError

RECIPE = "evaluate"

Words = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="MODEL... [FILE] [KEY=VALUE]...",
        autocompletion=complete.evaluated,
        show_default=False,
        help="Models, a file of questions, and settings as in `llmx run`.",
    ),
]


def evaluate(
    words: Words = None,
    question: Annotated[
        str | None, typer.Option("--question", metavar="COLUMN", help="Column or template of it.")
    ] = None,
    answer: Annotated[
        str | None, typer.Option("--answer", metavar="COLUMN", help="Column of the right answer.")
    ] = None,
    choices: Annotated[
        str | None, typer.Option("--choices", metavar="COLUMN", help="Column of the options.")
    ] = None,
    scorer: Annotated[
        str | None,
        typer.Option("--scorer", metavar="NAME", help="What reads an answer: docs/scorers.md."),
    ] = None,
    instruction: Annotated[
        str | None, typer.Option("--instruction", metavar="TEXT", help="Below each question.")
    ] = None,
    system: Annotated[
        str | None, typer.Option("--system", metavar="TEXT", help="The system message.")
    ] = None,
    shots: Annotated[
        int | None, typer.Option("--shots", min=0, metavar="N", help="Worked examples above it.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option("--engine", metavar="NAME", help="hf, vllm, vllm_server, openai.")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option("--base-url", metavar="URL", help="Of an endpoint (openai).")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", min=1, metavar="N", help="Of an answer.")
    ] = None,
    dry_run: DryRun = False,
    limit: Limit = None,
    recipes: Recipes = None,
    plugins: Plugins = None,
    runs: Runs = None,
    workers: Workers = None,
    quiet: Quiet = False,
    ask_again: AskAgain = False,
    trust_remote_code: TrustCode = False,
    debug: Debug = False,
) -> None:
    """Put questions to a model: answers, accuracy with its interval, audit, page.

    MODEL is a folder, a name on the hub, zoo:NAME, or what an endpoint calls it; several are
    compared question by question. FILE is .jsonl, .csv or .parquet; data=KIND names other data.

    \b
    Examples:
      llmx eval ./my-model mine.jsonl
      llmx eval ./my-model mine.jsonl --question prompt --answer target --scorer includes
      llmx eval ./a ./b mine.csv --instruction "Answer with one word."
      llmx eval zoo:gsm_target data=gsm_symbolic --limit 50
      llmx eval NAME mine.jsonl --engine openai --base-url https://HOST/v1
    """
    settings = {
        "data.options.question": question,
        "data.options.answer": answer,
        "data.options.choices": choices,
        "stages.score.scorer": scorer,
        "data.instruction": instruction,
        "data.system": system,
        "data.options.shots": shots,
        "engine.base_url": base_url,
        "sampler.max_tokens": max_tokens,
    }
    given = {key: value for key, value in settings.items() if value is not None}
    overrides = asked(words or (), engine, given)
    run.start(
        RECIPE,
        overrides,
        dry_run=dry_run,
        limit=limit,
        recipes=recipes,
        runs=runs,
        workers=workers,
        quiet=quiet,
        ask_again=ask_again,
        trust_remote_code=trust_remote_code,
    )


def asked(words: Sequence[str], engine: str | None, given: Mapping[str, str | int]) -> list[str]:
    """Return the overrides that models, a file, flags and further settings stand for.

    Raises:
        ConfigError: if no model or no questions are named, or two files are.
    """
    own = [word for word in words if "=" in word and not Path(word).exists()]
    named = [word for word in words if word not in own]
    files = [word for word in named if Path(word).suffix.lower() in FILES]
    models = [word for word in named if word not in files]
    keys = {word.partition("=")[0] for word in own}
    _check(models, files, keys)
    return [*_groups(files, engine), *_values(models, files, given), *own]


def _check(models: Sequence[str], files: Sequence[str], keys: set[str]) -> None:
    other = [word for word in models if _is_other_file(Path(word))]
    if other:
        text = f"{other[0]} is no model, and no file of questions that can be told by its name"
        raise ConfigError(
            text, f"questions end with {', '.join(FILES)}; models are folders or .gguf"
        )
    if not models and "model.target" not in keys and "model" not in keys:
        text = "which model? llmx eval MODEL FILE"
        raise ConfigError(text, "a folder, a name on the hub, zoo:gsm_target, an endpoint's name")
    if not files and "data" not in keys:
        text = f"which questions? llmx eval {models[0] if models else 'MODEL'} FILE"
        raise ConfigError(text, "a .jsonl, .csv or .parquet file, or data=KIND")
    if len(files) > 1:
        raise ConfigError(f"two files of questions: {', '.join(files)}", "one file a run")


def _is_other_file(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() != ".gguf"


def _groups(files: Sequence[str], engine: str | None) -> Iterator[str]:
    if files:
        yield f"data={FILES[Path(files[0]).suffix.lower()]}"
    if engine is not None:
        yield f"engine={engine}"


def _values(
    models: Sequence[str], files: Sequence[str], given: Mapping[str, str | int]
) -> Iterator[str]:
    """Yield settings, quoted: whatever a text holds is no grammar."""
    if models:
        yield f"model.target={','.join(map(_quoted, models))}"
    if files:
        yield f"data.options.path={_quoted(files[0])}"
    for key, value in given.items():
        yield f"{key}={_quoted(value) if isinstance(value, str) else value}"


def _quoted(text: str) -> str:
    """Return a text in double quotes, in which the command line reads escapes as YAML does."""
    return json.dumps(text, ensure_ascii=False)
