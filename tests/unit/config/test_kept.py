"""Compositions kept on the disk: found where nothing changed, never where anything did."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from llmx.config import compose, edge
from llmx.config.compose import Arguments
from llmx.core import registry, user_cache
from llmx.core.errors import ConfigError
from llmx.core.plugins import version_of
from llmx.core.spec import RunSpec

Write = Callable[..., Path]
WORDS = ["seed=3", "sampler.gamma=3,4", "scale=smoke"]


class Composer:
    """Counts real compositions, and lets a test stand in their middle."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.real, self.count = compose._composed, 0
        self.meanwhile: Callable[[], object] = lambda: None
        monkeypatch.setattr(compose, "_composed", self)

    def __call__(self, question: Arguments) -> RunSpec:
        self.count += 1
        spec = self.real(question)
        self.meanwhile()
        return spec


@pytest.fixture
def composer(monkeypatch: pytest.MonkeyPatch) -> Composer:
    return Composer(monkeypatch)


def files() -> list[Path]:
    return sorted((user_cache.folder() / "compositions").glob("*"))


def everything_written() -> bytes:
    found = [path for path in user_cache.folder().rglob("*") if path.is_file()]
    return b"".join(path.read_bytes() + str(path).encode() for path in found)


def test_the_same_command_is_composed_once_and_comes_back_as_it_was(
    small: str, composer: Composer
) -> None:
    first = compose.compose(small, WORDS)
    again = compose.compose(small, WORDS)
    assert composer.count == 1
    assert repr(again) == repr(first) == repr(composer.real(Arguments(small, tuple(WORDS))))


@pytest.mark.parametrize("recipe", ["fsd_gsm8k", "staircase_moa", "backtracking_sudoku", "zoo_gsm"])
def test_shipped_recipes_come_back_as_they_were(recipe: str, composer: Composer) -> None:
    first = compose.compose(recipe)
    assert repr(compose.compose(recipe)) == repr(first)
    assert composer.count == 1


def test_what_is_kept_needs_no_hydra(small: str) -> None:
    code = (
        "import sys; from llmx.config.compose import compose; compose(sys.argv[1]);"
        "print({'hydra', 'omegaconf', 'antlr4', 'numpy'} & set(sys.modules))"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code, small], capture_output=True, text=True, check=True
        ).stdout.strip()
        for _ in range(2)
    ]
    assert "hydra" in said[0] and said[1] == "set()"


def asks(small: str) -> Iterator[Callable[[], RunSpec]]:
    yield lambda: compose.compose(small)
    yield lambda: compose.compose(small, ["seed=1"])
    yield lambda: compose.compose(small, ["seed=1", "scale=smoke"])
    yield lambda: compose.compose(small, ["seed=1"], scale="smoke")
    yield lambda: compose.compose(small, ["seed=1"], arms=["sd"])
    yield lambda: compose.compose(small, ["seed=1"], arms=["sd", "target"])


def test_every_question_has_an_answer_of_its_own(small: str, composer: Composer) -> None:
    for number, ask in enumerate(asks(small), 1):
        ask()
        assert composer.count == number


def rewrite(path: Path, old: str, new: str) -> None:
    """Change a file without changing its size or its times."""
    before = path.stat()
    text = path.read_text()
    assert old in text and len(old) == len(new)
    path.write_text(text.replace(old, new))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


def test_a_recipe_of_the_same_size_and_time_is_another_recipe(write: Write) -> None:
    path = write()
    assert compose.compose(str(path)).arms["sd"].sampler.max_tokens == 99
    rewrite(path, "max_tokens: 99", "max_tokens: 98")
    assert compose.compose(str(path)).arms["sd"].sampler.max_tokens == 98
    rewrite(path, "max_tokens: 98", "max_tokens: 99")
    assert compose.compose(str(path)).arms["sd"].sampler.max_tokens == 99


@pytest.fixture
def own_group(tmp_path: Path) -> Path:
    """A folder of recipes with a sampler of its own."""
    folder = tmp_path / "groups" / "_groups" / "sampler"
    folder.mkdir(parents=True)
    path = folder / "mine.yaml"
    path.write_text("defaults: [target, _self_]\nmax_tokens: 31\n")
    return path


def test_a_group_of_the_same_size_and_time_is_another_group(small: str, own_group: Path) -> None:
    def tokens() -> int:
        words = ["arms.target.sampler=mine"]
        spec = compose.compose(str(recipe), words, extra_paths=[own_group.parents[2]])
        return spec.arms["target"].sampler.max_tokens

    recipe = Path(small)
    recipe.write_text(recipe.read_text().replace("sampler: {max_tokens: 99}\n", ""))
    recipe.write_text(recipe.read_text().replace("target: [sampler=target]", "target: []"))
    assert tokens() == 31
    rewrite(own_group, "31", "32")
    assert tokens() == 32


def test_a_file_that_comes_or_goes_is_seen(small: str, own_group: Path, composer: Composer) -> None:
    extra = [own_group.parents[2]]
    compose.compose(small, extra_paths=extra)
    (own_group.parent / "other.yaml").write_text("defaults: [target]\n")
    compose.compose(small, extra_paths=extra)
    (extra[0] / "_claims").mkdir()
    (extra[0] / "_claims" / "some.yaml").write_text("x: 1\n")
    compose.compose(small, extra_paths=extra)
    assert composer.count == 3


def test_another_current_folder_is_another_question(
    small: str, composer: Composer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose.compose(small)
    monkeypatch.chdir(tmp_path)
    compose.compose(small)
    assert composer.count == 2


CHANGES = {
    "code": lambda patch: patch.setattr(compose, "_CODE_LOADED", "other"),
    "form": lambda patch: patch.setattr(compose, "_FORM", "other"),
    "python": lambda patch: patch.setattr(compose.sys, "version", "other"),
    "plugin": lambda patch: patch.setitem(registry._known()["engine"], "mine", "a:B"),
    "package": lambda patch: patch.setattr(
        compose, "version_of", lambda name: "other" if name == "hydra-core" else version_of(name)
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_another_llmx_composes_anew(
    what: str, small: str, composer: Composer, monkeypatch: pytest.MonkeyPatch
) -> None:
    compose.compose(small)
    with monkeypatch.context() as patch:
        CHANGES[what](patch)
        compose.compose(small)
    assert composer.count == 2
    compose.compose(small)
    assert composer.count == 2


def test_the_hash_of_the_code_is_of_all_that_composes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert {folder.name for folder in compose._CODE} == {"config", "core"}
    (tmp_path / "a.py").write_text("x = 1\n")
    monkeypatch.setattr(compose, "_CODE", (tmp_path,))
    before = compose.code_digest()
    (tmp_path / "a.py").write_text("x = 2\n")
    assert compose.code_digest() != before
    assert not compose.code_unchanged()


def test_code_that_is_edited_while_it_runs_keeps_nothing(
    small: str, composer: Composer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose, "code_digest", lambda: "edited")
    compose.compose(small)
    assert not files()


def test_a_file_that_changes_meanwhile_keeps_nothing(write: Write, composer: Composer) -> None:
    path = write()
    composer.meanwhile = lambda: rewrite(path, "max_tokens: 99", "max_tokens: 98")
    compose.compose(str(path))
    assert not files()
    composer.meanwhile = lambda: None
    assert compose.compose(str(path)).arms["sd"].sampler.max_tokens == 98


def test_groups_that_change_while_hydra_reads_them_are_of_no_use(
    small: str, own_group: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, changed = edge._compose, []

    def slow(mount: object, overrides: object) -> dict[str, object]:
        found = real(mount, overrides)
        if not changed:
            changed.append(rewrite(own_group, "51", "52"))
        return found

    def tokens() -> int:
        spec = compose.compose(small, ["arms.target.sampler.top_k=5"], ["target"], None, extra)
        return spec.arms["target"].sampler.max_tokens

    extra = [own_group.parents[2]]
    rewrite(own_group, "31", "51")  # contents that no other test has composed in this process
    text = Path(small).read_text().replace("sampler: {max_tokens: 99}\n", "")
    Path(small).write_text(text.replace("sampler=target", "sampler=mine"))
    monkeypatch.setattr(edge, "_compose", slow)
    tokens()
    assert changed
    assert tokens() == 52
    rewrite(own_group, "52", "51")
    assert tokens() == 51


@pytest.mark.parametrize("spoil", ["cut", "empty", "letter", "other", "folder"])
def test_a_damaged_file_costs_time_and_no_more(spoil: str, small: str, composer: Composer) -> None:
    first = compose.compose(small)
    (path,) = files()
    whole = path.read_bytes()
    path.unlink()
    if spoil == "folder":
        path.mkdir()
    else:
        spoilt = {"cut": whole[:-20], "empty": b"", "other": b"{}\n{}"}
        letter = whole.replace(b'"max_tokens":99', b'"max_tokens":98')
        assert letter != whole
        path.write_bytes({**spoilt, "letter": letter}[spoil])
    assert compose.compose(small) == first
    assert composer.count == 2


def test_a_file_of_another_form_is_no_answer(small: str, composer: Composer) -> None:
    first = compose.compose(small)
    (path,) = files()
    text = b'{"name": "of another version"}'
    path.write_bytes(compose._digest(text) + b"\n" + text)
    assert compose.compose(small) == first
    assert composer.count == 2


def test_a_folder_that_takes_nothing_costs_time_and_no_more(
    small: str, composer: Composer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LLMX_CACHE", str(tmp_path / "file"))
    assert compose.compose(small) == compose.compose(small)
    assert composer.count == 2


def test_a_read_only_folder_costs_time_and_no_more(
    small: str, composer: Composer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(path: Path, content: bytes) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(user_cache, "_write_to_disk", refused)
    assert compose.compose(small) == compose.compose(small)
    assert composer.count == 2


def test_without_a_home_everything_is_composed(
    small: str, composer: Composer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    for name in ("LLMX_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    assert compose.compose(small) == compose.compose(small)
    assert composer.count == 2


def test_a_kill_while_writing_leaves_the_old_file_or_none(
    small: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(path: Path, content: bytes) -> None:
        path.write_bytes(content[: len(content) // 2])
        raise KeyboardInterrupt

    monkeypatch.setattr(user_cache, "_write_to_disk", killed)
    with pytest.raises(KeyboardInterrupt):
        compose.compose(small)
    assert not files()


def test_errors_are_never_kept(write: Write, composer: Composer) -> None:
    path = write()
    for _ in range(2):
        with pytest.raises(ConfigError, match="there is no arm"):
            compose.compose(str(path), arms=["nobody"])
    assert composer.count == 2 and not files()
    with pytest.raises(ConfigError, match="no recipe"):
        compose.compose("nobody")


SECRET = "hunter2"
SECRET_WORDS = [
    f"engine.options.api_key={SECRET}",
    f"engine.options={{api_key:{SECRET}}}",
    f"engine.options={{inner:{{password:{SECRET}}}}}",
    f"arms.sd.engine.options.token={SECRET}",
    f"engine.options.api_key={SECRET},other",
    f"stages.speed.secret={SECRET}",
    f"engine.options.url='http://me:{SECRET}@host/v1'",
]


@pytest.mark.parametrize("word", SECRET_WORDS)
def test_a_secret_is_never_written(word: str, write: Write, composer: Composer) -> None:
    text = write().read_text().replace("problems: 16}", "problems: 16, secret: null}")
    text = text.replace("name: small", "  - override /engine: openai\nname: small")
    path = write(text.replace("paper: [model=llama31_8b_70b, engine.dtype=bfloat16, ", "paper: ["))
    for _ in range(2):
        with pytest.raises(ConfigError, match="would be written to disk") as error:
            compose.compose(str(path), [word])
        assert SECRET not in str(error.value)
    assert composer.count == 2
    assert SECRET.encode() not in everything_written() and not files()


def test_words_are_in_no_file_name(small: str) -> None:
    compose.compose(small, ["sampler.gamma=13"])
    (path,) = files()
    assert "gamma" not in path.name and len(path.stem) == 40


def test_a_value_that_the_clock_decides_is_never_kept(write: Write, composer: Composer) -> None:
    text = write().read_text().replace("sampler: {max_tokens: 99}", "description: '${now:%H}'")
    path = write(text)
    for _ in range(2):
        compose.compose(str(path))
    assert composer.count == 2 and not files()


def test_only_the_newest_are_left(small: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose, "_MOST", 3)
    for number in range(5):
        compose.compose(small, [f"seed={number}"])
        newest = max(files(), key=lambda path: path.stat().st_mtime_ns)
    assert len(files()) == 3 and newest in files()


def test_a_value_that_would_not_come_back_is_not_kept(small: str) -> None:
    spec = compose.compose(small)
    (path,) = files()
    path.unlink()
    points = {"sd": {"sampler.top_p": float("inf")}}
    compose.keep("key", spec.model_copy(update={"points": points}))
    assert not files()
