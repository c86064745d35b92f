"""Stage `judge`: a judge compares an arm's outputs with the baseline's, game by game."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from llmx.core.errors import ConfigError, DataError, LlmxError, RunError, nearest
from llmx.core.judging import Game, Judgement, JudgeSpec, judged
from llmx.core.options import ProtocolName, Split, StageOptions
from llmx.core.permuted import in_draw
from llmx.core.record import Record, Sample
from llmx.core.registry import kinds, lookup
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.core.user_cache import at_home
from llmx.data import evaluation_identity, load
from llmx.data.local import text_of
from llmx.judging.protocol import JudgeProtocol
from llmx.stages.decode import SAMPLES, problems_of, split_of
from llmx.stages.judgements import Judge, judge_all, reopen
from llmx.stages.requests import required
from llmx.store.files import read_json, read_lines, write_json, write_lines

OUTPUTS = "outputs.jsonl"


class JudgeOptions(StageOptions):
    """How answers are judged."""

    protocol: ProtocolName | None = Field(
        default=None, description="kind of protocol; null = that of the data"
    )
    split: Split = Field(default="test", description="split whose answers are judged")


class JudgeStage:
    """Reads ``samples.jsonl`` of its one need; writes three files.

    ``judgements.jsonl`` holds a Judgement of each game (prompt, reply, verdict, tokens),
    ``outputs.jsonl`` the two outputs of each problem, ``summary.json`` the counts. A judgement is
    on the disk when it is there: after a kill the same command asks for what is missing.

    """

    Options: ClassVar[type[StageOptions]] = JudgeOptions
    kind: ClassVar[str] = "judge"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """Data, protocol with whose words it uses, and the judge; not how he is reached."""
        data, _ = required(given.arm, given.stage.name)
        protocol, spec = protocol_of(given), judge_of(given)
        found = {
            "data": evaluation_identity(data, split_of(given)),
            "protocol": protocol.kind,
            "protocol_version": protocol.version,
            "judge": spec.kind,
        }
        if spec.kind == "endpoint":
            return {**found, **_told(spec, protocol)}
        version = getattr(lookup("judge", spec.kind), "version", 1)
        return {**found, **({"judge_version": version} if version > 1 else {})}

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Games, and tokens of verdicts at their cap."""
        spec, protocol = judge_of(given), protocol_of(given)
        games = problems_of(given) * protocol.per_problem
        if spec.kind != "endpoint":
            text = f"judged by the rule '{spec.kind}', not by a model: no measure of quality"
            return Cost(samples=games, seconds=1.0, notes=(text,))
        tokens = games * spec.max_tokens
        money = tokens * spec.price_out / 1e6
        return Cost(samples=games, tokens=tokens, money=money, refusal=_refusal(given))

    def run(self, context: StageContext) -> None:
        """Judge every game that an earlier try has not judged."""
        given = context.given
        protocol = protocol_of(given)(instructions_of(judge_of(given)))
        problems, baseline = _problems(given), baseline_of(given)
        records = _records(context.inputs)
        games = [game for one in records for game in protocol.games(_of(problems, one), one.text)]
        rows = [_row(_of(problems, one), one, baseline) for one in records]
        write_lines(context.out / OUTPUTS, rows)
        judge = lookup("judge", judge_of(given).kind)(judge_of(given), protocol)
        ask = partial(_judgements, judge, protocol)
        summary = judge_all(context.out, games, ask, context.progress)
        write_json(context.out / "summary.json", summary)
        if (accounts := getattr(judge, "accounts", None)) is not None:
            write_json(context.out / "engine.json", accounts())

    @staticmethod
    def unanswered(out: Path) -> list[str]:
        """Return the games of a whole output in which the judge gave no verdict that is read."""
        return list(read_json(out / "summary.json")["unparsable_games"])

    @staticmethod
    def reopen(out: Path) -> None:
        """Let the games without a verdict be asked again, alone."""
        reopen(out)


def _refusal(given: StageInput) -> LlmxError | None:
    """Return why a model cannot be asked: no problems, no address, no package."""
    from llmx.judging.endpoint import check

    data, _ = required(given.arm, given.stage.name)
    nowhere = getattr(lookup("data", data.kind), "refusal", None)
    error: LlmxError | None = nowhere(data) if nowhere else None
    if error is not None:
        return error
    try:
        check(judge_of(given))
    except LlmxError as found:
        return found
    refused: LlmxError | None = protocol_of(given).refusal()
    return refused


def _judgements(
    judge: Judge, protocol: JudgeProtocol, games: Sequence[Game], kept: Sequence[Judgement]
) -> Iterator[Judgement]:
    """Yield what needs no judge, then what he says."""
    open_games = []
    for game in games:
        verdict = protocol.settled(game)
        if verdict is None:
            open_games.append(game)
        else:
            yield judged(game, verdict)
    yield from judge.judgements(open_games, kept)


def protocol_of(given: StageInput) -> type[JudgeProtocol]:
    """Return the protocol that the options name, or the data's kind.

    Raises:
        ConfigError: naming the known ones.
    """
    data, _ = required(given.arm, given.stage.name)
    name = given.read(JudgeOptions).protocol or data.kind
    if name not in kinds("protocol"):
        where = f"stages.{given.stage.name}.protocol"
        raise ConfigError(f"{where}: no protocol '{name}'", nearest(name, kinds("protocol")))
    found: type[JudgeProtocol] = lookup("protocol", name)
    return found


def judge_of(given: StageInput) -> JudgeSpec:
    """Return the arm's judge.

    Raises:
        ConfigError: without one.
    """
    if given.arm.judge is None:
        text = f"stage '{given.stage.name}' needs a judge"
        raise ConfigError(text, "judge=length rehearses; judge=arena_hard_gpt4_turbo asks a model")
    lookup("judge", given.arm.judge.kind)
    return given.arm.judge


def instructions_of(spec: JudgeSpec) -> str | None:
    """Return the text of ``judge.instructions``.

    Raises:
        ConfigError: if the file cannot be read.
    """
    if spec.instructions is None:
        return None
    try:
        return text_of(at_home(spec.instructions)).strip()
    except (OSError, ValueError) as error:  # not text, or no name that a file can have
        text = f"judge.instructions={spec.instructions} cannot be read"
        raise ConfigError(text, str(error)) from error


def _told(spec: JudgeSpec, protocol: type[JudgeProtocol]) -> dict[str, Any]:
    protocol(instructions := instructions_of(spec))
    return {
        "url": (spec.url or "").rstrip("/"),
        "model": spec.model,
        "temperature": spec.temperature,
        "max_tokens": spec.max_tokens,
        "options": dict(spec.options),
        "instructions": instructions,
        "words": protocol.source(),
    }


def _problems(given: StageInput) -> dict[str, Sample]:
    data, _ = required(given.arm, given.stage.name)
    return {sample.id: sample for sample in load(data, split_of(given))}


def baseline_of(given: StageInput) -> str:
    """Return the name of the model that the data's reference outputs are from."""
    data, _ = required(given.arm, given.stage.name)
    found = lookup("data", data.kind)(data)
    return str(getattr(found, "baseline", "reference"))


def _records(inputs: Mapping[str, Path]) -> list[Record]:
    paths = [folder / SAMPLES for folder in inputs.values() if (folder / SAMPLES).exists()]
    if len(paths) != 1:
        text = f"stage 'judge' needs one stage that answers, and has {len(paths)}"
        raise RunError(text, "needs: [generate]")
    return [Record.model_validate(row) for row in read_lines(paths[0])]


def _of(problems: Mapping[str, Sample], record: Record) -> Sample:
    if record.id not in problems:
        text = f"record '{record.id}' has no problem in the data that it is judged with"
        raise DataError(text, "judge with the data and split that were answered")
    return in_draw(problems[record.id], record.draw)


def _row(sample: Sample, record: Record, baseline: str) -> dict[str, Any]:
    return {
        "id": sample.id,
        "instruction": sample.question,
        "dataset": sample.cluster,
        "output": record.text,
        "reference": sample.answer,
        "baseline": baseline,
        "tokens": record.tokens,
        "finish": record.finish,
    }
