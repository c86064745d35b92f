"""Wrong commands, keys, values and files: exit code 2, a line that helps, never a traceback."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Llmx = Callable[..., Result]
FSD = ("run", "recipe=fsd_gsm8k", "--dry-run")
GSM = ("run", "recipe=gsm_answers", "--dry-run")

# id, words, what the lines on stderr must name
COMMANDS = [
    ("verb", ["rum"], ["rum", "run"]),
    ("flag", ["run", "--dry-rnu"], ["--dry-rnu", "--dry-run"]),
    ("flag of list", ["list", "--recipe", "x"], ["--recipe", "--recipes"]),
    ("no recipe", ["run"], ["no recipe", "recipe=NAME"]),
    ("bare recipe", ["run", "fsd_gsm8k"], ["fsd_gsm8k", "recipe=fsd_gsm8k"]),
    ("empty recipe", ["run", "recipe="], ["no recipe"]),
    ("two recipes", ["run", "recipe=fsd_gsm8k", "recipe=zoo_gsm"], ["two recipes"]),
    ("recipe name", ["run", "recipe=fsd_gsmk8"], ["fsd_gsmk8", "fsd_gsm8k"]),
    ("recipe group", ["run", "recipe=align/fsd_gsm8k"], ["align/fsd_gsm8k", "fsd_gsm8k"]),
    ("recipe file", ["run", "recipe=./no.yaml"], ["no.yaml"]),
    ("recipe folder", ["run", "recipe=fsd_gsm8k", "--recipes", "no"], ["--recipes", "no"]),
    ("limit", [*FSD, "--limit", "0"], ["--limit", "equal to 1"]),
    ("limit word", [*FSD, "--limit", "x"], ["--limit", "x"]),
    ("key", [*FSD, "sampler.gama=3"], ["sampler.gama", "sampler.gamma"]),
    ("key without section", [*FSD, "gamma=3"], ["'gamma'", "sampler.gamma"]),
    ("key of no arm", [*FSD, "trainer.steps=3"], ["trainer", "trainer="]),
    ("group", [*FSD, "engin=hf"], ["engin", "engine"]),
    ("choice", [*FSD, "engine=hff"], ["engine=hff", "hf"]),
    ("engine kind", [*FSD, "engine.kind=hff"], ["'hff'", "hf"]),
    ("no choice", [*FSD, "engine=null"], ["engine=None", "hf"]),
    ("scale", [*FSD, "scale=smok"], ["smok", "smoke"]),
    ("arm", [*FSD, "arms=[sd,fsd_r_low]"], ["fsd_r_low", "fsd_r_lo"]),
    ("no arms", [*FSD, "arms=[]"], ["arms=[]", "arms=[NAME"]),
    ("key of an arm", [*FSD, "sampler.draft_share=.5"], ["arms.fsd_h_mid.sampler.draft_share=.5"]),
    ("arm's key", [*FSD, "arms.sd.sampler.gama=3"], ["arm sd", "sampler.gama'", "sampler.gamma"]),
    ("arm's arm", [*FSD, "arms.ds.seed=3"], ["'ds'", "sd"]),
    ("bare arm", [*FSD, "arms.sd=3"], ["arms.sd", "arms.sd.KEY"]),
    ("value range", [*FSD, "sampler.gamma=0"], ["sampler.gamma=0", "greater"]),
    ("value above range", [*FSD, "sampler.stop_below=1.5"], ["sampler.stop_below=1.5", "less"]),
    ("stop in vLLM", [*FSD, "engine=vllm", "sampler.stop_below=0.3"], ["stop_below", "engine=hf"]),
    ("value type", [*FSD, "sampler.top_p=high"], ["sampler.top_p=high", "number"]),
    ("value whole", [*FSD, "engine.batch_size=2.5"], ["engine.batch_size=2.5", "integer"]),
    ("value bool", [*FSD, "sampler.temperature=true"], ["sampler.temperature=true"]),
    ("value nan", [*FSD, "sampler.presence_penalty=nan"], ["sampler.presence_penalty", "finite"]),
    ("value choice", [*FSD, "engine.dtype=fp32"], ["engine.dtype=fp32", "float32"]),
    ("value list", [*FSD, "sampler.stop=x"], ["sampler.stop=x", "array"]),
    ("unclosed", [*FSD, "sampler.stop=[a"], ["sampler.stop=[a"]),
    ("equals", [*FSD, "model.target=a=b"], ["model.target=a=b", '"a=b"']),
    ("plus", [*FSD, "+sampler.x=1"], ["+sampler.x=1", "plain key"]),
    ("tilde", [*FSD, "~seed"], ["~seed", "seed=null"]),
    ("seed", [*FSD, "seed=x"], ["seed=x", "integer"]),
    ("twice", [*FSD, "seed=1", "seed=2"], ["seed", "twice"]),
    ("sweep twice", [*FSD, "seed=1,1"], ["seed=1,1", "twice"]),
    ("sweep of scales", [*FSD, "scale=smoke,desk"], ["one scale"]),
    ("sweep of stages", [*FSD, "stages.report.title=a,b"], ["cannot be swept", "over: recipe"]),
    ("stage key", [*FSD, "stages.score.scorr=gsm"], ["stages.score.scorr", "stages.score.scorer"]),
    ("scorer", [*FSD, "stages.score.scorer=gms"], ["'gms'", "gsm"]),
    ("two of one kind", [*FSD, "arms.sd.sampler=target"], ["target and sd", "same settings"]),
    ("environment", [*FSD, "model.target=${oc.env:HOME}"], ["model.target", "refused"]),
    ("describe", ["describe", "fsd"], ["'fsd'", "fsd_gsm8k"]),
    ("describe nothing", ["describe"], ["RECIPE"]),
    ("validate", ["validate", "zoo"], ["'zoo'", "zoo_gsm"]),
    ("report", ["report", "nothing"], ["nothing"]),
    ("runs rm", ["runs", "rm", "nothing"], ["nothing"]),
    ("runs verb", ["runs", "rmm"], ["rmm", "rm"]),
    ("empty scale", [*FSD, "scale="], ["scale=", "scale=smoke"]),
    ("null scale", [*FSD, "scale=null"], ["scale=null", "scale=smoke"]),
    ("list as scale", [*FSD, "scale=[smoke]"], ["scale=[smoke]", "one scale"]),
    ("empty data", [*FSD, "data="], ["there is no data=", "gsm_symbolic"]),
    ("empty model", [*FSD, "model="], ["there is no model=", "zoo_gsm"]),
    ("empty engine", [*FSD, "engine="], ["there is no engine=", "hf"]),
    ("empty arm's group", [*FSD, "arms.sd.sampler="], ["arm sd", "no sampler=", "speculative"]),
    ("empty seed", [*FSD, "seed="], ["seed=", "integer"]),
    ("no seed", [*FSD, "seed=null"], ["seed=null", "integer"]),
    ("half a seed", [*FSD, "seed=1.5"], ["seed=1.5", "integer"]),
    ("empty arm", [*FSD, "arms="], ["no arm ''", "sd"]),
    ("arm twice", [*FSD, "arms=[sd,sd]"], ["arms=[sd,sd]", "twice", "seed=0,1"]),
    ("arms twice by comma", [*FSD, "arms=sd,sd"], ["twice"]),
    ("arms in braces", [*FSD, "arms={sd}"], ["arms={sd}"]),
    ("empty target", [*FSD, "model.target="], ["model.target=", "at least 1"]),
    ("empty draft", [*FSD, "model.draft="], ["model.draft=", "at least 1"]),
    ("number as target", [*FSD, "model.target=1"], ["model.target=1", "string"]),
    ("target nowhere", [*FSD, "model.target=./nowhere"], ["nowhere", "holds no model"]),
    ("target in the zoo", [*FSD, "model.target=zoo:gsm"], ["zoo has no model 'gsm'", "gsm_"]),
    ("data kind", [*FSD, "data.kind=gsm"], ["unknown data kind 'gsm'", "gsm8k"]),
    ("empty data kind", [*FSD, "data.kind="], ["unknown data kind ''", "known data"]),
    ("no problems", [*FSD, "scale.problems=0"], ["scale.problems=0", "greater"]),
    ("all problems", [*FSD, "scale.problems=all"], ["scale.problems=all", "integer"]),
    ("octal problems", [*FSD, "scale.problems=010"], ["scale.problems=010", "integer"]),
    ("clock as tokens", [*FSD, "sampler.max_tokens=1:30"], ["max_tokens=1:30", "integer"]),
    ("no tokens", [*FSD, "sampler.max_tokens=0"], ["sampler.max_tokens=0", "greater"]),
    ("empty stop", [*FSD, "sampler.stop=['']"], ["sampler.stop", "empty text", "[]"]),
    ("empty stop in two", [*FSD, "sampler.stop=[a,'']"], ["sampler.stop", "empty text"]),
    ("stop is nothing", [*FSD, "sampler.stop=null"], ["sampler.stop=null", "array"]),
    ("number as stop", [*FSD, "sampler.stop=[1]"], ["sampler.stop=1", "string"]),
    ("escape", [*FSD, r'sampler.stop=["\d"]'], ["escape", "single quotes"]),
    ("escape at the end", [*FSD, r'sampler.stop=["\x1"]'], ["double quotes"]),
    ("temperature", [*GSM, "sampler.temperature=inf"], ["sampler.temperature", "finite"]),
    ("percent", [*FSD, "sampler.top_p=90"], ["sampler.top_p=90", "less"]),
    ("device", [*FSD, "engine.device=gpu"], ["engine.device=gpu", "cuda"]),
    ("kernel", [*FSD, "engine.kernel=fast"], ["engine.kernel=fast", "native"]),
    ("threads", [*FSD, "engine.threads=0"], ["engine.threads=0", "greater"]),
    ("address", [*GSM, "engine=openai", "engine.base_url=HOST"], ["base_url=HOST", "http"]),
    ("no address", [*GSM, "engine=openai"], ["address", "engine.base_url="]),
    ("over all arms", [*GSM, "stages.generate.over=recipe"], ["one arm", "over=arm"]),
    ("split", [*GSM, "stages.generate.split=tset"], ["tset", "test"]),
    ("no scorer", [*FSD, "stages.score.scorer="], ["unknown scorer ''", "gsm"]),
    ("stage as a value", [*FSD, "stages.score=3"], ["stages.score=3", "stages.score.KEY"]),
    ("all stages", [*FSD, "stages="], ["unknown key 'stages'"]),
    ("needs nothing", [*FSD, "stages.score.needs=[nothing]"], ["needs unknown stage 'nothing'"]),
    ("reference", [*FSD, "reference=sd"], ["reference"]),
    ("empty word", ["run", "recipe=fsd_gsm8k", ""], ["'' is not KEY=VALUE"]),
    ("equals alone", [*FSD, "="], ["'='", "KEY=VALUE"]),
    ("no key", [*FSD, "=3"], ["'=3'", "KEY=VALUE"]),
    ("empty runs", [*FSD, "--runs", ""], ["nothing after --runs"]),
    ("empty runs by equals", [*FSD, "--runs="], ["nothing after --runs"]),
    ("empty recipes", [*FSD, "--recipes", ""], ["nothing after --recipes"]),
    ("empty plugin", [*FSD, "--plugin", ""], ["nothing after --plugin"]),
    ("plugin nowhere", [*FSD, "--plugin", "nowhere"], ["nowhere", "not a folder"]),
    ("recipe as a flag", ["run", "--recipe", "fsd_gsm8k"], ["--recipe", "--recipes"]),
    ("recipe with a colon", ["run", "recipe:fsd_gsm8k"], ["recipe=fsd_gsm8k"]),
    ("recipe with a dash", ["run", "recipe=fsd-gsm8k"], ["fsd-gsm8k", "fsd_gsm8k"]),
    ("recipe and suffix", ["run", "recipe=fsd_gsm8k.yaml"], ["fsd_gsm8k.yaml", "by name"]),
    ("recipe of a folder", ["run", "recipe=.."], ["no recipe '..'"]),
    ("workers", [*FSD, "--workers", "0"], ["--workers", "equal to 1"]),
    ("describe two", ["describe", "fsd_gsm8k", "zoo_gsm"], ["zoo_gsm", "llmx describe --help"]),
    ("paper", ["reproduce", "fds"], ["no paper 'fds'", "fsd"]),
    ("no paper", ["reproduce", ""], ["no paper ''", "fsd"]),
    ("compare one", ["compare", "a"], ["Missing argument"]),
    ("batches of nothing", ["batches", "nothing:b3"], ["no run 'nothing'"]),
    ("budget of nothing", ["budget", "nothing"], ["no run 'nothing'"]),
    ("report above", ["report", "../.."], ["no run '../..'"]),
    ("rm nothing", ["runs", "rm", ""], ["no run ''"]),
    ("check", ["runs", "check", "nothing"], ["no run 'nothing'"]),
    ("port", ["serve", "recipe=staircase_moa", "--port", "99999"], ["--port", "65535"]),
]


@pytest.mark.parametrize(
    ("words", "named"), [row[1:] for row in COMMANDS], ids=[row[0] for row in COMMANDS]
)
def test_wrong_command(llmx: Llmx, words: list[str], named: list[str]) -> None:
    before = sorted(Path().rglob("*"))
    done = llmx(*words)
    assert sorted(Path().rglob("*")) == before
    assert done.exit_code == 2, done.output
    assert isinstance(done.exception, SystemExit)
    lines = done.stderr.splitlines()
    assert lines and lines[0].startswith("error: ")
    assert all(line.startswith(("error: ", "  ")) for line in lines)
    assert "Traceback" not in done.output
    assert [word for word in named if word not in done.stderr] == []


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"stages: [", b"- a\n", b"stages: {}\n"])
@pytest.mark.parametrize("verb", ["validate", "describe", "run"])
def test_wrong_file(llmx: Llmx, verb: str, content: bytes) -> None:
    Path("x.yaml").write_bytes(content)
    done = llmx(verb, "recipe=x.yaml" if verb == "run" else "x.yaml")
    assert done.exit_code == 2
    assert done.stderr.startswith("error: x.yaml:")


def test_every_error_of_a_command_is_shown_at_once(llmx: Llmx) -> None:
    words = ["sampler.gama=3", "engine.dtype=fp32", "model=zoo", "arms.ds.seed=1", "seed=x"]
    done = llmx(*FSD, *words, "sampler.stop=[a", "stages.speed.x=1", "scale=smok")
    assert len(done.stderr.splitlines()) == 8
    for word in ("gama", "fp32", "model=zoo", "'ds'", "seed=x", "[a", "stages.speed.x", "smok"):
        assert sum(word in line for line in done.stderr.splitlines()) == 1


def test_debug_shows_the_traceback(llmx: Llmx) -> None:
    from llmx.core.errors import ConfigError

    done = llmx("run", "recipe=nothing", "--debug")
    assert isinstance(done.exception, ConfigError)


def test_a_defect_is_not_dressed_up(llmx: Llmx, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("llmx.config.index.entries", broken)
    assert isinstance(llmx("list").exception, ZeroDivisionError)
