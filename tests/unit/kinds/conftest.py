import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Write = Callable[..., Path]
WRITTEN: list[str] = []
KINDS = 'KINDS = {"section.box": "NAME.box:BoxSpec"}\n'
BOX = """\
from typing import ClassVar

from llmx.core.section import Section
from pydantic import Field


class BoxSpec(Section):
    section: ClassVar[str] = "box"
    size: int = Field(default=1, ge=1)
    lid: bool = False
    label: str = ""
    within: dict[str, int] = {}
"""


@pytest.fixture(autouse=True)
def no_plugin_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Plugins that a test names are forgotten behind it, and their modules too."""
    monkeypatch.setenv("LLMX_PLUGINS", "")
    monkeypatch.setenv("LLMX_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    WRITTEN.clear()
    yield
    for name in list(sys.modules):
        if name.split(".")[0] in WRITTEN:
            del sys.modules[name]


@pytest.fixture
def plugin(tmp_path: Path) -> Write:
    """Write a plugin's folder and return it; NAME in a text stands for its name."""

    def write(name: str = "boxes", kinds: str | None = KINDS, **modules: str) -> Path:
        folder = tmp_path / "plugins" / name
        folder.mkdir(parents=True)
        if name not in sys.modules:
            WRITTEN.append(name)
        texts = {"box": BOX, **modules} | ({} if kinds is None else {"kinds": kinds})
        for module, text in texts.items():
            (folder / f"{module}.py").write_text(text.replace("NAME", name), encoding="utf-8")
        return folder

    return write
