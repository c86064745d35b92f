"""Sections of plugins: written as any other, checked with all else, in the names of work."""

import pytest

from llmx.config.compose import compose
from llmx.config.problems import ConfigErrors
from llmx.core import registry
from llmx.core.errors import ConfigError
from llmx.core.plugins import use
from llmx.core.section import section_class
from llmx.core.spec import ArmSpec
from llmx.graph.graph import build_graph

STAGES = """\
class Quiet:
    kind, version, timing = "quiet", 1, False

    def identity(self, given):
        return {}

    def applies(self, given):
        return True


class Packed(Quiet):
    kind = "packed"

    @property
    def sections(self):
        from boxes.box import BoxSpec
        return (BoxSpec,)
"""
BRINGS = """\
KINDS = {
    "section.box": "boxes.box:BoxSpec",
    "stage.quiet": "boxes.stages:Quiet",
    "stage.packed": "boxes.stages:Packed",
}
"""
RECIPE = """\
{box}
stages:
  pack: {{kind: packed}}
  wait: {{kind: quiet}}
  look: {{kind: packed, over: recipe, needs: [pack]}}
  rest: {{kind: quiet, over: recipe, needs: [wait]}}
arms: {arms}
"""


@pytest.fixture
def folder(plugin):
    made = plugin(kinds=BRINGS, stages=STAGES)
    use([made])
    return made


@pytest.fixture
def made(folder, tmp_path):
    """Compose a recipe with a box, as the file says it and the words of a command line."""

    def one(*words, box="box: {size: 2}", arms="{a: [seed=1], b: [box.lid=true]}"):
        path = tmp_path / "packing.yaml"
        path.write_text(RECIPE.format(box=box, arms=arms))
        return compose(str(path), words)

    return one


def boxes(spec):
    return {name: arm.more.get("box") for name, arm in spec.arms.items()}


def box(size=1, lid=False, label="", within=None):
    return {"size": size, "lid": lid, "label": label, "within": within or {}}


def test_recipe_arms_and_words_set_it(made):
    assert boxes(made()) == {"a": box(2), "b": box(2, True)}
    assert boxes(made("box.size=5")) == {"a": box(5), "b": box(5, True)}
    assert boxes(made("arms.a.box.label=x")) == {"a": box(2, label="x"), "b": box(2, True)}
    assert boxes(made("arms.*.box.label=x")) == {
        "a": box(2, label="x"),
        "b": box(2, True, label="x"),
    }
    assert boxes(made("box.within.depth=4"))["a"] == box(2, within={"depth": 4})


def test_a_sweep_multiplies_arms(made):
    found = boxes(made("box.size=3,4"))
    assert found == {
        "a@size=3": box(3),
        "a@size=4": box(4),
        "b@size=3": box(3, True),
        "b@size=4": box(4, True),
    }


def test_an_arm_alone_may_have_it_and_an_empty_one_is_one(made):
    assert boxes(made(box="")) == {"a": None, "b": box(lid=True)}
    assert boxes(made(box="box: {}")) == {"a": box(), "b": box(lid=True)}


def test_a_choice_of_a_group_gives_it(made, folder):
    group = folder / "recipes" / "_groups" / "box"
    group.mkdir(parents=True)
    (group / "large.yaml").write_text("size: 9\n")
    words = "{a: [box=large], b: [box=large, box.size=3]}"
    assert boxes(made(box="", arms=words)) == {"a": box(9), "b": box(3)}
    default = "defaults: [{override /box: large}]"
    assert boxes(made("box.label=y", box=default))["a"] == box(9, label="y")


WRONG = {
    "box.size=0": "command line: box.size=0 must be greater than or equal to 1",
    "box.size=true": "command line: box.size=true must be a valid integer",
    "box.sise=3": "command line: unknown key 'box.sise': did you mean box.size",
    "box=none": "there is no box=none",
    "arms.a.box.lid=3": "box.lid=3 must be a valid boolean",
}


@pytest.mark.parametrize("word", WRONG)
def test_a_wrong_value_has_its_place_and_the_nearest_key(made, word):
    with pytest.raises(ConfigError) as caught:
        made(word)
    assert WRONG[word] in str(caught.value).replace("; did", ": did").replace(" (did", ": did")


def test_a_section_that_no_arm_has_says_how_to_open_it(made):
    with pytest.raises(ConfigError, match=r"has no box .*write `box: \{\}` in the recipe"):
        made("box.size=3", box="", arms="{a: []}")


def test_all_problems_at_once(made):
    with pytest.raises(ConfigErrors) as caught:
        made("box.size=0", "engine.batch_size=0", "arms.a.box.lid=7")
    lines = str(caught.value).splitlines()
    assert all(any(key in line for line in lines) for key in ("box.size", "box.lid", "batch_size"))


def test_without_the_plugin_its_section_is_unknown(made, monkeypatch):
    made()
    monkeypatch.setenv("LLMX_PLUGINS", "")
    with pytest.raises(ConfigError, match="unknown key 'box'"):
        made()


def test_what_no_recipe_asks_for_is_not_written():
    assert "more" not in ArmSpec().model_dump()
    assert "more" in ArmSpec(more={"box": {}}).model_dump()


def test_a_composition_comes_back_with_its_sections(made):
    assert repr(made()) == repr(made())
    assert boxes(made()) == {"a": box(2), "b": box(2, True)}


def labels(spec):
    """Return each place of the graph → the name of its work."""
    return {label: node.fingerprint for node in build_graph(spec) for label in node.labels}


def test_a_stage_is_named_by_the_sections_that_it_reads_alone(made):
    first, other = labels(made()), labels(made("box.size=3"))
    changed = {label for label in first if first[label] != other[label]}
    assert changed == {("pack", "a"), ("pack", "b"), ("look", None)}
    assert first["wait", "a"] == first["wait", "b"]
    assert first["pack", "a"] != first["pack", "b"]


def test_a_stage_sees_the_sections_that_it_reads_alone(made):
    from boxes.box import BoxSpec

    nodes = {label: node for node in build_graph(made()) for label in node.labels}
    assert nodes["pack", "b"].given.arm.section(BoxSpec) == BoxSpec(size=2, lid=True)
    assert nodes["pack", "b"].identity == {"sections": {"box": box(2, True)}}
    both = {"a": {"box": box(2)}, "b": {"box": box(2, True)}}
    assert nodes["look", None].identity == {"sections": both}
    assert nodes["wait", "a"].identity == nodes["rest", None].identity == {}
    assert not nodes["wait", "a"].given.arm.more
    with pytest.raises(TypeError, match="reads 'box' and does not name it in its sections"):
        nodes["wait", "a"].given.arm.section(BoxSpec)
    assert ArmSpec().section(BoxSpec) is None


NO_SECTIONS = {
    "a name that is taken": ("section.arms", "a section cannot be called 'arms'"),
    "no name": ("section.my-box", "a section cannot be called 'my-box'"),
}


@pytest.mark.parametrize("name", NO_SECTIONS)
def test_a_section_needs_a_key_of_its_own(plugin, tmp_path, name):
    kind, wanted = NO_SECTIONS[name]
    use([plugin(kinds=f'KINDS = {{"{kind}": "boxes.box:BoxSpec"}}')])
    (tmp_path / "one.yaml").write_text("stages: {a: {kind: corpus}}\nelse: {}\n")
    with pytest.raises(ConfigError, match=wanted):
        compose(str(tmp_path / "one.yaml"))


def test_what_is_no_section_or_of_another_name_is_refused(plugin):
    rows = ('"section.box": "boxes.box:Field"', '"section.bag": "boxes.box:BoxSpec"')
    use([plugin(kinds=f"KINDS = {{{', '.join(rows)}}}")])
    with pytest.raises(ConfigError, match=r"section 'box' is <.*>, no Section"):
        section_class("box")
    with pytest.raises(ConfigError, match="section 'bag' is the class BoxSpec, of another name"):
        section_class("bag")


def test_a_list_kept_with_a_plugin_is_not_believed_without(folder, tmp_path, monkeypatch):
    from llmx.config import index

    path = tmp_path / "recipes" / "own" / "mine.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("stages: {a: {kind: packed}}\nbox: {}\n")

    def mine():
        return next(entry for entry in index.entries() if entry.name == "mine")

    assert "box" in mine().keys and not mine().error
    monkeypatch.setenv("LLMX_PLUGINS", "")
    assert "unknown key 'box'" in mine().error


def test_sections_of_llmx_are_named_after_themselves():
    named = registry.kinds("section")
    assert set(named) >= {"pool", "frontier", "scaling"}
    assert all(section_class(name).section == name for name in named)
