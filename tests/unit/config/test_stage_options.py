"""Options of stages are checked at composition, all at once, each with its line."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import Field

from llmx.config import compose as composing
from llmx.config.compose import compose
from llmx.core import registry
from llmx.core.errors import ConfigError
from llmx.core.options import Count, StageOptions, faults, model_of, parse, still_fits
from llmx.core.spec import RunSpec, StageSpec
from llmx.core.stage import StageInput

RECIPE = """\
defaults:
  - override /model: zoo_gsm
  - override /data: gsm_symbolic
name: optional
stages:
  generate: {{kind: decode{decode}}}
  score:
    kind: score
    needs: [generate]
    scorer: {scorer}
  speed: {{kind: decode_speed, over: recipe{speed}}}
  log: {{kind: divergence_log, needs: [generate], arms: [{logged}]}}
  verdicts:
    kind: verdicts
    over: recipe
    needs: [generate, score]
    findings:
      - {{id: same, statement: Alike., test: lossless, arm: {judged}, target: target}}
arms:
  target: [sampler=target{own}]
  sd: [sampler=speculative]
"""
RIGHT = {"decode": "", "scorer": "gsm", "speed": "", "logged": "sd", "judged": "sd", "own": ""}


@pytest.fixture
def composed(write: Callable[..., Path]) -> Callable[..., RunSpec]:
    def one(*words: str, **wrong: str) -> RunSpec:
        return compose(str(write(RECIPE.format(**RIGHT | wrong), "optional.yaml")), list(words))

    return one


WRONG = [
    ({"decode": ", problms: 3"}, "6: unknown option 'problms' of stages.generate (kind decode)"),
    ({"decode": ", problems: 0"}, "6: stages.generate.problems is 0 (write a whole number, 1 or"),
    ({"decode": ", problems: '3'"}, "stages.generate.problems is '3' (write a whole number)"),
    ({"decode": ", problems: true"}, "stages.generate.problems is True (write a whole number)"),
    ({"decode": ", split: tset"}, "stages.generate.split is 'tset' (did you mean test"),
    ({"decode": ", model: [stage:sft]"}, "stages.generate.model.0: 'stage:sft' is no input of it"),
    ({"scorer": "gms"}, "10: stages.score.scorer: unknown scorer 'gms' (did you mean gsm"),
    ({"speed": ", engines: apart"}, "stages.speed.engines is 'apart'"),
    ({"logged": "ds"}, "12: stages.log.arms.0: there is no arm 'ds' (did you mean sd"),
    ({"judged": "sdd"}, "stages.verdicts.findings.0: there is no arm 'sdd' (did you mean sd"),
    ({"own": ", stages.generate.problems=0"}, "arm target (optional.yaml:20): stages.generate.pro"),
    ({"own": ", stages.generate.problms=2"}, "did you mean stages.generate.problems"),
]


@pytest.mark.parametrize(("wrong", "said"), WRONG)
def test_a_wrong_option_is_one_line_with_its_place(
    composed: Callable[..., RunSpec], wrong: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        composed(**wrong)
    text = str(caught.value).replace(str(Path.cwd().parent / "mine/decode") + "/", "")
    assert said in text and "\n" not in text


def test_all_mistakes_are_shown_at_once_with_those_of_settings(
    composed: Callable[..., RunSpec],
) -> None:
    with pytest.raises(ConfigError) as caught:
        composed("sampler.gama=3", decode=", problems: 0, splt: a", scorer="gms", logged="ds")
    assert len(str(caught.value).splitlines()) == 5


def test_the_place_is_that_of_the_layer_that_said_it(composed: Callable[..., RunSpec]) -> None:
    with pytest.raises(ConfigError, match=r"^command line: stages\.generate\.problems is 0"):
        composed("stages.generate.problems=0")
    with pytest.raises(ConfigError, match=r"^command line, arm sd: stages\.generate\.problems is"):
        composed("arms.sd.stages.generate.problems=0")


def test_an_option_need_not_be_written_out(composed: Callable[..., RunSpec]) -> None:
    spec = composed("stages.generate.problems=3", "arms.sd.stages.generate.split=calibration")
    generate = spec.stages[0]
    assert generate.options == {"problems": 3}
    assert generate.of_arm(spec.arms["sd"]).options == {"problems": 3, "split": "calibration"}


def test_names_mean_arms_that_a_selection_leaves_out(composed: Callable[..., RunSpec]) -> None:
    assert list(composed("arms=[target]").arms) == ["target"]


class Options(StageOptions):
    count: Count = Field(default=3, description="how many")


class Plugged:
    kind, version, timing = "plugged", 1, False
    Options: ClassVar[type[StageOptions]] = Options


class Unplugged:
    kind, version, timing = "unplugged", 1, False


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {name: f"{__name__}:{name.title()}" for name in ("plugged", "unplugged")}
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    known = {**registry._known(), "stage": {**registry._known()["stage"], **found}}
    monkeypatch.setattr(registry, "_known", lambda: known)


PLUGIN = (
    "stages: {{own: {{kind: {kind}, {option}: 0}}}}\nname: plug\narms: {{a: [sampler=target]}}\n"
)


@pytest.mark.usefixtures("plugins")
def test_a_plugins_kind_is_checked_by_its_model_and_needs_none(write: Callable[..., Path]) -> None:
    def plug(kind: str, option: str) -> RunSpec:
        return compose(str(write(PLUGIN.format(kind=kind, option=option), "plug.yaml")))

    assert plug("unplugged", "anything").stages[0].options == {"anything": 0}
    with pytest.raises(ConfigError, match=r"stages\.own\.count is 0"):
        plug("plugged", "count")
    with pytest.raises(ConfigError, match=r"unknown option 'cuont'.*did you mean count"):
        plug("plugged", "cuont")
    with pytest.raises(ConfigError, match="unknown scorer 0"):
        plug("unplugged", "scorer")


@pytest.mark.usefixtures("plugins")
def test_what_is_kept_on_the_disk_is_checked_by_the_code_of_today(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(
        write(PLUGIN.format(kind="plugged", option="count").replace(": 0", ": 2"), "plug.yaml")
    )
    before = compose(path)
    monkeypatch.setattr(composing, "_composed", lambda asked: pytest.fail("composed again"))
    assert compose(path) == before and still_fits(before)
    monkeypatch.setattr(Plugged, "Options", type("Other", (StageOptions,), {}))
    assert not still_fits(before)


def test_options_are_parsed_once() -> None:
    given = StageInput(StageSpec(name="s", kind="s", options={"count": 2}), {})
    assert given.read(Options) is given.read(Options) and given.read(Options).count == 2
    with pytest.raises(ConfigError, match=r"stages\.s\.count is 0"):
        parse(StageSpec(name="s", kind="s", options={"count": 0}), Options)


def test_every_fault_of_a_stage_is_found_and_each_once() -> None:
    options = {"tokens": [4, 0], "arms": "moa", "rounds": -1, "x": 1}
    model = model_of("ensemble_latency")
    assert model is not None
    found = faults(StageSpec(name="s", kind="ensemble_latency", options=options), model)
    assert {one.key for one in found} == {"tokens.1", "arms", "rounds", "x"}
    assert {one.hint for one in found if one.key == "arms"} == {
        "write names of arms: [moa, staircase]"
    }


def test_every_kind_has_a_model_and_none_waits_for_a_model_library() -> None:
    code = (
        "import sys\nfrom llmx.core.registry import kinds\nfrom llmx.core.options import model_of\n"
        "assert all(model_of(kind) is not None for kind in kinds('stage'))\n"
        "heavy = {'torch', 'transformers', 'trl', 'datasets', 'scipy', 'matplotlib', 'pandas'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
