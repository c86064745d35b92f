"""Stage `win_rates`: how often each arm's outputs are preferred to the baseline's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from llmx.core.errors import ConfigError, RunError
from llmx.core.judging import Judgement
from llmx.core.options import StageOptions
from llmx.core.record import as_json
from llmx.core.registry import lookup
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.core.user_cache import at_home
from llmx.judging.alpaca_package import installed, missing
from llmx.judging.length_controlled import LengthControlled, annotation, length_controlled
from llmx.judging.win_rate import points
from llmx.report.figures.others import of_wins
from llmx.report.figures.read import write_figures
from llmx.report.judged import FILE, ArmWins, markdown
from llmx.stages.judge import OUTPUTS
from llmx.stages.judgements import JUDGEMENTS
from llmx.stages.requests import required
from llmx.stages.win_figures import JudgedArm, figures, judge_name
from llmx.store.files import inside, read_json, read_lines, write_json
from llmx.store.fingerprint import hash_file
from llmx.store.page import write_marked


class WinRatesOptions(StageOptions):
    """What is counted, and under which title."""

    title: str = Field(default="Win rates", description="title of the page")
    length_controlled: bool | None = Field(
        default=None,
        description="by the package `alpaca_eval`; null = true for AlpacaEval's own data",
    )
    gamed: str | None = Field(
        default=None, description="copy of alpaca_eval's `df_gamed.csv`; null = from the hub"
    )


class WinRatesStage:
    """Over recipe. Reads stage `judge`; writes ``win_rates.json`` and ``win_rates.md``.

    For the package `alpaca_eval` it also writes ``outputs/ARM.json`` and ``annotations/ARM.json``.
    """

    Options: ClassVar[type[StageOptions]] = WinRatesOptions
    kind: ClassVar[str] = "win_rates"
    version: ClassVar[int] = 2
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """Options, arms, who is compared with whom, and whose regression it is."""
        controlled, gamed = controlled_of(given), gamed_of(given)
        return {
            "options": {k: v for k, v in given.stage.options.items() if k != "gamed"},
            "arms": list(given.arms),
            "reference": given.reference,
            "references": dict(given.references),
            "controlled_by": f"alpaca_eval {installed()}" if controlled else None,
            "gamed": hash_file(gamed) if gamed else None,
        }

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Seconds; a length-controlled rate needs the package."""
        return Cost(seconds=10.0, refusal=missing() if controlled_of(given) else None)

    def run(self, context: StageContext) -> None:
        """Count, control for length, compare and write."""
        given = context.given
        context.progress.start(len(given.arms), unit="arms")
        arms = {}
        for name in given.arms:
            folder = _judged_folder(context.inputs, name)
            arms[name] = _judged_arm(given, name, folder, context.out)
            context.progress.advance()
        found = figures(arms, _pairs(given))
        rows = [as_json(one) for one in found]
        write_json(context.out / FILE, rows)
        write_figures(context.out, of_wins(rows))
        write_marked(context.out / "win_rates.md", _page(given, arms, found))


def _judged_arm(given: StageInput, name: str, folder: Path, out: Path) -> JudgedArm:
    judgements = [Judgement.model_validate(row) for row in read_lines(folder / JUDGEMENTS)]
    outputs = read_lines(folder / OUTPUTS)
    shares = {key: one.won / one.played for key, one in points(judgements).items()}
    judge = judge_name(given.arms[name].judge)
    # a preference of several games is their weighted mean
    rows = [annotation(row, name, judge, shares.get(row["id"])) for row in outputs]
    keys = ("instruction", "output", "dataset")
    shown = [{**{key: row[key] for key in keys}, "generator": name} for row in outputs]
    write_json(inside(out, "outputs", f"{name}.json"), shown)
    write_json(inside(out, "annotations", f"{name}.json"), rows)
    controlled = _controlled(given, name, outputs, rows) if controlled_of(given) else None
    summary = read_json(folder / "summary.json")
    return JudgedArm(judgements, summary, outputs, controlled, given.arms[name].judge)


def _page(given: StageInput, arms: Mapping[str, JudgedArm], found: Sequence[ArmWins]) -> str:
    title = given.read(WinRatesOptions).title
    judges = {judge_name(arm.judge) for arm in given.arms.values()}
    baselines = {str(row["baseline"]) for arm in arms.values() for row in arm.outputs}
    rule = all(arm.judge is None or arm.judge.kind != "endpoint" for arm in given.arms.values())
    return markdown(title, found, ", ".join(sorted(judges)), rule, ", ".join(sorted(baselines)))


def controlled_of(given: StageInput) -> bool:
    """Return whether lengths are controlled for.

    Raises:
        ConfigError: for data that cannot have it.
    """
    kinds = {required(arm, given.stage.name)[0].kind for arm in given.arms.values()}
    asked = given.read(WinRatesOptions).length_controlled
    wanted = kinds == {"alpaca_eval"} if asked is None else asked
    where = f"stages.{given.stage.name}.length_controlled"
    if wanted and kinds != {"alpaca_eval"}:
        raise ConfigError(
            f"{where}: the regression is fitted to AlpacaEval alone", f"{where}=false"
        )
    return wanted


def gamed_of(given: StageInput) -> Path | None:
    """Return the file that ``gamed`` names, None where it names none.

    Raises:
        ConfigError: if it is not there.
    """
    named = given.read(WinRatesOptions).gamed
    if named is None:
        return None
    path = at_home(named)
    if not path.is_file():
        where = f"stages.{given.stage.name}.gamed"
        raise ConfigError(
            f"{where}={named} is not there", "name a copy of alpaca_eval's df_gamed.csv"
        )
    return path


def _controlled(
    given: StageInput,
    name: str,
    outputs: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
) -> LengthControlled:
    data, _ = required(given.arms[name], given.stage.name)
    loaded = lookup("data", data.kind)(data)
    if not loaded.whole:
        text = (
            "a length-controlled win rate needs the 805 published instructions and their baseline"
        )
        raise RunError(text, f"stages.{given.stage.name}.length_controlled=false")
    indices = [int(row["id"].rpartition("-")[2]) for row in outputs]
    return length_controlled(rows, indices, gamed_of(given) or loaded.gamed())


def _pairs(given: StageInput) -> dict[str, str]:
    """Return arm → the arm that it is compared with."""
    pairs = {arm: given.references.get(arm, given.reference) for arm in given.arms}
    return {arm: base for arm, base in pairs.items() if base and base in given.arms and base != arm}


def _judged_folder(inputs: Mapping[str, Path], arm: str) -> Path:
    found = [f for n, f in inputs.items() if n.endswith(f"/{arm}") and (f / JUDGEMENTS).exists()]
    if len(found) != 1:
        raise RunError(f"stage 'win_rates' has no judgements of arm '{arm}'", "needs: [judge]")
    return found[0]
