"""Plugins by path: found, refused in one line, known to children, and never a recipe's choice."""

import os
import subprocess
import sys

import pytest

from llmx.config.compose import Arguments, code_unchanged, compose
from llmx.core import plugins, registry
from llmx.core.errors import ConfigError
from llmx.core.plugins import VARIABLE, active, digest_of, use
from llmx.core.registry import kinds, lookup

STAGE = 'KINDS = {"stage.packed": "NAME.pack:PackStage"}\n'
PACK = "class PackStage:\n    kind = 'packed'\n"


def named(*folders) -> str:
    return os.pathsep.join(map(str, folders))


def test_a_folder_is_known_from_when_it_is_named(plugin):
    folder = plugin(kinds=STAGE, pack=PACK)
    assert "packed" not in kinds("stage")
    use([folder])
    assert kinds("stage")["packed"] == "boxes.pack:PackStage"
    assert lookup("stage", "packed").kind == "packed"
    assert [one.name for one in active()] == ["boxes"]


def test_a_package_with_a_file_of_its_own_is_a_package(plugin):
    use([plugin(kinds=STAGE, pack="from . import word\nclass PackStage:\n    kind = word",
                __init__="word = 'from the package'")])  # fmt: skip
    assert lookup("stage", "packed").kind == "from the package"


def test_what_lies_beside_a_plugin_is_not_found(plugin):
    folder = plugin(kinds=STAGE, pack="import beside\n")
    (folder.parent / "beside.py").write_text("")
    use([folder])
    with pytest.raises(ConfigError, match="ModuleNotFoundError: No module named 'beside'"):
        lookup("stage", "packed")


@pytest.mark.parametrize(
    ("pack", "why"),
    [
        ("def x(:\n", "SyntaxError"),
        ("import nowhere_at_all\n", "ModuleNotFoundError"),
        ("PackStage = 1 / 0\n", "ZeroDivisionError"),
        ("Another = 1\n", "AttributeError"),
    ],
)
def test_a_plugin_that_fails_is_named_in_one_line(plugin, pack, why):
    use([plugin(kinds=STAGE, pack=pack)])
    with pytest.raises(ConfigError) as caught:
        lookup("stage", "packed")
    message = caught.value.message
    assert message.startswith("stage 'packed' of plugin boxes is boxes.pack:PackStage, which")
    assert why in message and "\n" not in message
    assert caught.value.hint == "--debug shows the traceback"


def test_the_variable_names_folders_and_takes_those_of_the_command_line(plugin, monkeypatch):
    first, second = plugin("first", "KINDS = {}"), plugin("second", "KINDS = {}")
    monkeypatch.setenv(VARIABLE, named(first))
    use([second, second])
    assert os.environ[VARIABLE] == named(first, second)
    assert [one.name for one in active()] == ["first", "second"]
    use([])
    assert os.environ[VARIABLE] == named(first, second)


def test_a_path_from_here_is_one_from_everywhere(plugin, monkeypatch):
    folder = plugin(kinds=STAGE, pack=PACK)
    monkeypatch.chdir(folder.parent)
    use(["boxes"])
    monkeypatch.chdir("/")
    assert lookup("stage", "packed").kind == "packed"


def test_a_child_knows_what_the_command_line_named(plugin):
    use([plugin(kinds=STAGE, pack=PACK)])
    code = "from llmx.core.registry import lookup; print(lookup('stage', 'packed').kind)"
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True)
    assert done.stdout == "packed\n", done.stderr


def test_the_list_is_answered_without_running_a_plugin(plugin):
    use([plugin(kinds=STAGE, pack="raise SystemExit('ran')", __init__="raise SystemExit('ran')")])
    assert "packed" in kinds("stage")


def refused(folder) -> str:
    with pytest.raises(ConfigError) as caught:
        use([folder])
    assert not os.environ[VARIABLE], "a plugin that is refused is not passed on"
    return str(caught.value)


def test_no_folder_no_kinds_and_no_name(plugin, tmp_path):
    assert "nowhere, which is not a folder" in refused(tmp_path / "nowhere")
    assert "which has no kinds.py" in refused(plugin("empty", None))
    assert "cannot be called 'my-box'" in refused(plugin("my-box"))
    assert "has the name of a Python package: 'json'" in refused(plugin("json"))
    assert "'llmx'" in refused(plugin("llmx"))
    assert "yaml" in refused(plugin("yaml"))
    assert f"a path with '{os.pathsep}'" in refused(plugin(f"a{os.pathsep}b"))


def test_the_variable_is_refused_in_its_own_name(monkeypatch, tmp_path):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match=r"\$LLMX_PLUGINS names .*nowhere"):
        kinds("stage")


def test_two_of_one_name_name_both(plugin, tmp_path):
    first, other = plugin(), tmp_path / "elsewhere" / "boxes"
    other.mkdir(parents=True)
    (other / "kinds.py").write_text("KINDS = {}")
    use([first])
    with pytest.raises(ConfigError) as caught:
        use([other])
    assert str(first) in str(caught.value) and str(other) in str(caught.value)
    assert os.environ[VARIABLE] == str(first)


def test_a_kind_that_is_there_names_both_rooms(plugin):
    use([plugin(kinds='KINDS = {"stage.decode": "NAME.pack:PackStage"}')])
    with pytest.raises(ConfigError, match=r"the stage 'decode': llmx[.]stages and plugin boxes"):
        kinds("stage")


def test_the_same_object_is_no_second_one(plugin):
    use([plugin(kinds='KINDS = {"stage.decode": "llmx.stages.decode:DecodeStage"}')])
    assert kinds("stage")["decode"] == "llmx.stages.decode:DecodeStage"


BROKEN = {
    "no module": ('"stage.packed": "boxes.nothing:A"', "No module named 'boxes.nothing'"),
    "no attribute": ('"stage.packed": "boxes.box:A"', "has no attribute 'A'"),
    "an error": ('"stage.packed": "boxes.pack:A"', "ZeroDivisionError: division by zero"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_cannot_be_loaded_is_one_line(plugin, name):
    text, wanted = BROKEN[name]
    use([plugin(kinds=f"KINDS = {{{text}}}", pack="1 / 0")])
    with pytest.raises(ConfigError) as caught:
        lookup("stage", "packed")
    assert wanted in caught.value.message and "boxes." in caught.value.message
    assert "\n" not in caught.value.message


def test_an_error_of_ours_stays_as_it_is(plugin):
    text = "from llmx.core.errors import DataError\nraise DataError('no data', 'fetch some')"
    use([plugin(kinds=STAGE, pack=text)])
    with pytest.raises(Exception, match=r"^no data \(fetch some\)$"):
        lookup("stage", "packed")


def test_contents_are_the_hash(plugin):
    folder = plugin(kinds=STAGE, pack=PACK)
    before = digest_of(folder)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "pack.pyc").write_bytes(b"1")
    (folder / ".hidden").write_text("x")
    assert digest_of(folder) == before
    (folder / "more.txt").write_text("")
    named_too = digest_of(folder)
    (folder / "more.txt").write_text("x")
    filled = digest_of(folder)
    (folder / "more.txt").rename(folder / "other.txt")
    assert len({before, named_too, filled, digest_of(folder)}) == 4


def test_a_composition_knows_the_code_of_a_plugin(plugin, monkeypatch):
    folder = plugin(kinds=STAGE, pack=PACK)
    without = Arguments("zoo_gsm").key()
    use([folder])
    first = Arguments("zoo_gsm").key()
    assert code_unchanged()
    (folder / "pack.py").write_text(PACK + "# another\n")
    assert not code_unchanged()
    plugins._loaded.cache_clear()
    registry._merged.cache_clear()
    assert len({without, first, Arguments("zoo_gsm").key()}) == 3


def test_a_plugins_recipes_are_behind_the_users_own(plugin, tmp_path):
    folder = plugin(kinds="KINDS = {}")
    (folder / "recipes" / "mine").mkdir(parents=True)
    (folder / "recipes" / "mine" / "boxed.yaml").write_text("stages: {a: {kind: corpus}}")
    (folder / "recipes" / "_claims").mkdir()
    (folder / "recipes" / "_claims" / "boxed.yaml").write_text("paper: boxed")
    from llmx.config import index, places

    assert "boxed" not in [entry.name for entry in index.entries()]
    use([folder])
    assert "boxed" in [entry.name for entry in index.entries()]
    assert "boxed" in index.papers()
    (tmp_path / "recipes").mkdir()
    assert places.roots()[:2] == (tmp_path / "recipes", folder / "recipes")


@pytest.mark.parametrize("key", ["plugins: [boxes]", "plugin: boxes", "kinds: {a: 'b:c'}"])
def test_a_recipe_can_name_no_plugin(plugin, tmp_path, key):
    plugin()
    path = tmp_path / "mine.yaml"
    path.write_text(f"stages: {{a: {{kind: corpus}}}}\n{key}\n")
    with pytest.raises(ConfigError, match=f"unknown key '{key.split(':')[0]}'"):
        compose(str(path))
    assert not active()


def test_a_folder_that_one_works_in_is_no_plugin(plugin, monkeypatch):
    monkeypatch.chdir(plugin(kinds=STAGE, pack=PACK))
    assert "packed" not in kinds("stage")


def test_an_installed_package_brings_kinds_by_its_entry_points(monkeypatch):
    from importlib.metadata import EntryPoint

    def brings(*entries):
        monkeypatch.setattr(registry, "entry_points", lambda group: entries)
        registry._installed.cache_clear()
        registry._merged.cache_clear()
        return kinds("data")

    def entry(name, value):
        return EntryPoint(name, value, "llmx.plugins")

    try:
        assert brings(entry("data.sums", "my_plugin:Sums"))["sums"] == "my_plugin:Sums"
        for name in ("date.sums", "data", "data."):
            with pytest.raises(ConfigError, match=r"entry point of llmx[.]plugins"):
                brings(entry(name, "my_plugin:Sums"))
        with pytest.raises(ConfigError, match=r"the data 'gsm8k': llmx[.]data and package"):
            brings(entry("data.gsm8k", "my_plugin:Sums"))
    finally:
        registry._installed.cache_clear()
        registry._merged.cache_clear()
