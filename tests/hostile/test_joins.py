"""One way from a given name to a path, which never leaves its folder."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strangers import files_below
from test_names import BAD

from llmx.core.errors import LlmxError, StoreError
from llmx.store.files import inside

OUT = [
    *("", ".", "..", "../x", "a/../x", "/x", "//x", "a//x", "a/", "a/.", "./a", "a\0", "\0"),
    *("a" * 256, "é" * 128, "a/" + "b" * 300, "\ud800", "/etc/passwd", "../" * 40 + "etc"),
]
PARTS = st.one_of(
    st.text(max_size=9),
    st.sampled_from(OUT),
    st.text(alphabet="./\\~\0a\ud800", max_size=6),
    st.lists(st.sampled_from(["..", ".", "", "a", "b"]), max_size=5).map("/".join),
)


@pytest.mark.parametrize("name", OUT)
@pytest.mark.parametrize("before", [(), ("a",), ("a", "b/c")])
def test_what_leaves_is_refused(tmp_path: Path, name: str, before: tuple[str, ...]) -> None:
    with pytest.raises(StoreError):
        inside(tmp_path, *before, name)


def test_what_stays_is_where_it_says(tmp_path: Path) -> None:
    assert inside(tmp_path, "a", "b/c.json") == tmp_path / "a" / "b" / "c.json"
    assert inside(tmp_path) == tmp_path
    assert inside(tmp_path, "...", "~", "a..b", " ") == tmp_path / "..." / "~" / "a..b" / " "


@given(names=st.lists(PARTS, min_size=1, max_size=4), links=st.booleans())
def test_nothing_leaves(names: list[str], links: bool) -> None:
    folder = Path("/nowhere/at/all")
    try:
        found = inside(folder, *names, links=links)
    except StoreError:
        return
    assert found.parts[:4] == folder.parts and len(found.parts) >= 4 + len(names)
    assert ".." not in found.parts
    assert found.resolve().is_relative_to(folder.resolve())


@pytest.mark.parametrize("target", ["../other", "/", "."])
def test_a_link_that_leads_out(tmp_path: Path, target: str) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    (folder / "link").symlink_to(target if target != "." else folder)
    if target == ".":
        assert inside(folder, "link", "x") == folder / "link" / "x"
        return
    with pytest.raises(StoreError, match="link"):
        inside(folder, "link", "x")
    assert inside(folder, "link", "x", links=True) == folder / "link" / "x"


def test_the_folder_itself_may_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "here").symlink_to(tmp_path / "there")
    assert inside(tmp_path / "here", "a") == tmp_path / "here" / "a"


LEAVING = ["climbs", "climbs inside", "absolute", "dots", "dot", "empty", "NUL", "long"]


@pytest.mark.parametrize("name", [BAD[which] for which in LEAVING], ids=LEAVING)
def test_a_specification_made_by_hand_writes_nothing_elsewhere(tmp_path: Path, name: str) -> None:
    """What comes through no recipe meets the same end, at the last step."""
    from llmx.graph.folder import _bring, folder_for
    from llmx.store.cache import Entry

    entry = Entry(tmp_path / "cache", "decode", "ff")
    (entry.begin() / "samples.jsonl").write_text("{}\n")
    entry.complete({})
    run = tmp_path / "a" / "runs" / "r"
    run.mkdir(parents=True)
    before = files_below(tmp_path)
    for stage, arm in ((name, None), ("generate", name), (name, "greedy")):
        with pytest.raises(LlmxError):
            _bring(entry, run, stage, arm, {})
    assert files_below(tmp_path) == before
    with pytest.raises(LlmxError):
        Entry(tmp_path, name, "ff").folder  # noqa: B018
    if name not in ("", ".", ".."):  # there a hash stands behind it
        spec = _spec().model_copy(update={"name": name})
        with pytest.raises(LlmxError):
            folder_for(tmp_path / "runs", spec)


def _spec():
    from llmx.core.spec import ArmSpec, RunSpec

    return RunSpec(name="x", group="", source="", stages=(), arms={"main": ArmSpec()})


@pytest.mark.parametrize("name", ["../../x", "/etc", "a\0b", "", "..", "a" * 300])
def test_addresses_of_models_and_files_that_come_along(name: str) -> None:
    from llmx.data.local import SHIPPED, _place
    from llmx.engines.size import cached_folder, local_folder

    with pytest.raises(LlmxError):
        local_folder(f"zoo:{name}")
    with pytest.raises(LlmxError):
        _place(f"{SHIPPED}{name}")
    if name:
        with pytest.raises(LlmxError):
            cached_folder("org/name", name)


@pytest.mark.parametrize("target", ["../../../x", "/abs/x", "a/../../b", "a\x1b[31m", "http://h/x"])
def test_a_model_s_address_is_in_no_path(run, tmp_path: Path, target: str) -> None:
    from strangers import recipe

    recipe("stranger", model={"target": target, "draft": None})
    before = files_below(tmp_path)
    run("stranger", "scale.problems=1")
    made = files_below(tmp_path) - before
    assert all(path.startswith("a/b/here/runs") or path == "a/b/here/runs" for path in made)
    assert not any("x" in Path(path).name and "abs" in path for path in made)


def test_a_paper_of_another_name_goes_into_its_folder(tmp_path: Path) -> None:
    from types import SimpleNamespace

    from llmx.runs.reproduce import write_page

    made = SimpleNamespace(page=SimpleNamespace(paper="x/../../../up"), stored=())
    with pytest.raises(StoreError):
        write_page(made, tmp_path / "pages")
