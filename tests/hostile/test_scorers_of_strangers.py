"""A scorer that asks a judge: where a file sends answers to is said, and needs the user's word."""

from pathlib import Path

import pytest
from recipes_of_strangers import line_of, stranger
from typer.testing import CliRunner

from llmx.config.compose import compose
from llmx.core.errors import ConfigError
from llmx.core.options import parse
from llmx.graph.graph import refusal, sending
from llmx.judging.rubric import RubricScorer
from llmx.scoring.scorer import made
from llmx.stages.scoring_stage import ScoreOptions

OPTIONS = "stages.score.scorer_options"
EVIL, MINE, HERE = "https://evil.example/v1", "https://mine.example/v1", "http://127.0.0.1:9/v1"
SECRET = "token-of-another-service"


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMX_CONFIG", str(tmp_path / "config"))
    monkeypatch.delenv("LLMX_HOSTS", raising=False)
    monkeypatch.setenv("PRIVATE_DEPLOY_TOKEN", SECRET)
    monkeypatch.setenv("OPENAI_API_KEY", "key-of-the-user")
    monkeypatch.setenv("COLUMNS", "400")


def sent(folder: Path, options: str = "", arm: str = "", scale: str = "") -> Path:
    """Write a recipe whose scores are a judge's."""
    held = f"    scorer_options: {{model: m{options}}}\n"
    stages = "stages:\n  generate: {kind: decode, over: arm}\n"
    stages += "  score:\n    kind: score\n    over: arm\n    needs: [generate]\n    scorer: judge\n"
    arms = f"arms:\n  greedy: [sampler=greedy{arm}]\n  drawn: [sampler=target]\n"
    own = f"scales:\n  smoke: [scale.problems=2{scale}]\n"
    return stranger(folder, own, "hf", stages + held, arms)


def scorer(path: Path, *words: str, arm: str = "greedy") -> RubricScorer:
    spec = compose(str(path), list(words))
    (stage,) = (one.of_arm(spec.arms[arm]) for one in spec.stages if one.name == "score")
    found = made("judge", parse(stage, ScoreOptions).scorer_options)
    assert isinstance(found, RubricScorer)
    return found


def by(path: Path, *words: str) -> tuple[str, str]:
    options = scorer(path, *words).options
    return options.address_by, options.key_by


def test_an_address_of_a_file_needs_the_users_word(tmp_path: Path) -> None:
    path = sent(tmp_path, f', base_url: "{EVIL}", key_env: PRIVATE_DEPLOY_TOKEN')
    spec = compose(str(path))
    found = refusal(spec)
    assert found is not None and line_of(path, "evil.example") in found.message
    assert any("judge" in line and "llmx trust evil.example" in line for line in sending(spec))
    assert by(path) == ("file", "file")
    with pytest.raises(ConfigError, match="nothing is sent there"):
        scorer(path).check(reach=True)


@pytest.mark.parametrize("scale", ["'{}={}'", "'{}={{model: m, base_url: \"{}\"}}'"])
def test_so_does_one_of_a_scale(tmp_path: Path, scale: str) -> None:
    key = OPTIONS if "model" in scale else f"{OPTIONS}.base_url"
    path = sent(tmp_path, scale=f", {scale.format(key, EVIL)}")
    assert refusal(compose(str(path), ["scale=smoke"])) is not None
    assert by(path, "scale=smoke") == ("file", "user")


def test_what_the_user_types_is_his_and_nothing_is_written_of_it(tmp_path: Path) -> None:
    path = sent(tmp_path, f', base_url: "{EVIL}", key_env: PRIVATE_DEPLOY_TOKEN')
    typed = [f"{OPTIONS}.base_url={MINE}"]
    assert by(path, *typed) == ("user", "file")  # the key's variable is still the file's
    typed += [f"{OPTIONS}.key_env=MINE"]
    spec = compose(str(path), typed)
    assert refusal(spec) is None and by(path, *typed) == ("user", "user")
    (stage,) = (one for one in spec.stages if one.name == "score")
    assert set(stage.options["scorer_options"]) == {"model", "base_url", "key_env"}
    # What was typed once leaves nothing behind for the next.
    assert by(path) == ("file", "file")


def test_here_a_file_gets_answers_and_no_key(tmp_path: Path) -> None:
    path = sent(tmp_path, f', base_url: "{HERE}"')
    assert refusal(compose(str(path))) is None
    assert by(path) == ("file", "user")
    from llmx.engines.endpoint.address import find_address

    assert find_address(scorer(path).spec.engine).key == ""
    plain = scorer(path, f"{OPTIONS}.base_url={HERE}")
    assert find_address(plain.spec.engine).key == "key-of-the-user"


@pytest.mark.parametrize(
    "arm",
    [
        f"'{OPTIONS}.base_url={EVIL}'",
        f"'{OPTIONS}.key_env=PRIVATE_DEPLOY_TOKEN'",
        f"'{OPTIONS}={{model: m, base_url: \"{EVIL}\"}}'",
        f"'{OPTIONS}={{model: m}}'",
    ],
)
def test_an_arm_asks_nobody_else(tmp_path: Path, arm: str) -> None:
    path = sent(tmp_path, f', base_url: "{HERE}"', arm=f", {arm}")
    with pytest.raises(ConfigError, match="all arms ask the same judge"):
        compose(str(path))


def test_an_arm_may_have_another_model_and_rubric(tmp_path: Path) -> None:
    path = sent(tmp_path, f', base_url: "{HERE}"', arm=f", '{OPTIONS}.model=other'")
    assert scorer(path).options.model == "other"
    assert (scorer(path).options.address_by, by(path)) == ("file", ("file", "user"))
    assert scorer(path, arm="drawn").options.model == "m"


@pytest.mark.parametrize("name", ["address_by", "key_by"])
def test_nobody_says_who_named_an_address(tmp_path: Path, name: str) -> None:
    said = f"{name} is no setting"
    with pytest.raises(ConfigError, match=said):
        compose(str(sent(tmp_path, f', base_url: "{EVIL}", {name}: user')))
    with pytest.raises(ConfigError, match=said):
        compose(str(sent(tmp_path, f", {name}: user")))
    with pytest.raises(ConfigError, match=r"no setting|same judge"):
        compose(str(sent(tmp_path, f', base_url: "{EVIL}"', arm=f", {OPTIONS}.{name}=user")))


def test_it_is_shown_where_a_recipe_is_looked_at(tmp_path: Path) -> None:
    from llmx.cli.app import app

    path = sent(tmp_path, f', base_url: "{EVIL}", key_env: PRIVATE_DEPLOY_TOKEN')
    for words in (("list", "--recipes", str(path.parent)), ("describe", str(path))):
        told = CliRunner().invoke(app, list(words), prog_name="llmx").stdout
        assert EVIL in told and "$PRIVATE_DEPLOY_TOKEN" in told and SECRET not in told, words


def test_a_key_among_the_options_is_refused_and_the_variable_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="looks like a secret") as caught:
        compose(str(sent(tmp_path, ", api_key: abcdef")))
    assert f"{OPTIONS}.key_env" in caught.value.hint and "abcdef" not in str(caught.value)
