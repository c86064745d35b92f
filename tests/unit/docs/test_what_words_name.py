"""Modules, files and names of the code that words speak of are there."""

import ast
import re
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = [
    ROOT / "README.md",
    *chain.from_iterable(
        sorted(ROOT.glob(where)) for where in ("docs/*.md", "docs/*/README.md", "docs/papers/*.md")
    ),
]
CODE = [
    path
    for where in ("llmx/**/*.py", "scripts/**/*.py", "tests/**/*.py", "recipes/**/*.yaml")
    for path in sorted(ROOT.glob(where))
    if "_recipes" not in path.parts
]
WHOLE = [
    path.relative_to(ROOT).parts
    for top in ("llmx", "tests", "scripts")
    for path in (ROOT / top).rglob("*")
    if "_recipes" not in path.parts and "__pycache__" not in path.parts
]
ENDS = {"/" + "/".join(parts[at:]) for parts in WHOLE for at in range(len(parts))}
# Folders of a run, of the cache and of the hub; and files of other packages.
ELSEWHERE = re.compile(
    r"(runs|cache|cache/running|model|adapter|outputs|annotations)/|/+|(vllm|my-recipes|my-plugin)/.*|decode/x.yaml|.*[A-Z].*"
)
FILE = re.compile(r"`((?:[\w.-]+/)+|(?:[\w.-]+/)*[\w-]+\.(?:py|cpp|yaml|toml))`")
MODULE = re.compile(r"(?<![\w./-])llmx(?:\.[A-Za-z_]\w*)+")
NO_MODULES = {"llmx.plugins", "llmx.__file__"}  # the group of entry points; what Python gives all
INVENTED = re.compile(r"/test_\w\.py$")
PATH = re.compile(r"(?<![\w./{}~-])(?:llmx|tests|scripts)/[\w/]*\w\.(?:py|cpp)")


def there(name: str) -> bool:
    """Whether a file or folder of ours is called so: from the top, or by the end of its path."""
    return (ROOT / name).exists() or f"/{name}".rstrip("/") in ENDS


def lost(text: str) -> set[str]:
    """Files and folders between backticks that are nowhere."""
    named = set(FILE.findall(text))
    return {name for name in named if not ELSEWHERE.fullmatch(name) and not there(name)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    assert lost(page.read_text(encoding="utf-8")) == set()


def test_a_file_that_has_moved_is_seen() -> None:
    assert lost("`report/compare/`, `store/rows.py`, `llmx/run/graph.py`, `conductor.py`") == {
        "report/compare/",
        "llmx/run/graph.py",
        "conductor.py",
    }


def test_every_path_in_code_and_recipes_is_there() -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in CODE
        for name in PATH.findall(path.read_text(encoding="utf-8"))
        if not INVENTED.search(name) and path != Path(__file__) and not (ROOT / name).exists()
    }
    assert found == set()


@pytest.mark.parametrize("where", ["llmx", "scripts", "recipes"])
def test_every_file_that_a_docstring_or_comment_names_is_there(where: str) -> None:
    texts = {path: path.read_text(encoding="utf-8") for path in files_of(where)}
    found = {f"{path.relative_to(ROOT)}: {name}" for path in texts for name in lost(texts[path])}
    assert found == set()


def files_of(where: str) -> list[Path]:
    return PAGES if where == "pages" else [path for path in CODE if ROOT / where in path.parents]


@cache
def names_of(module: Path) -> set[str]:
    """What a module defines or imports, at its top or within."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).split(".")[0])
    return found


def known(name: str) -> bool:
    """Whether ``llmx.room.module.Name`` leads somewhere: read, not imported."""
    place, parts = ROOT, name.split(".")
    while parts and (place / parts[0]).is_dir():
        place /= parts.pop(0)
    if not parts:
        return True
    if (place / f"{parts[0]}.py").exists():
        place /= f"{parts.pop(0)}.py"
    else:
        place /= "__init__.py"
    return not parts or parts[0] in names_of(place)


def unknown(path: Path) -> set[str]:
    text = path.read_text(encoding="utf-8")
    return {name for name in MODULE.findall(text) if name not in NO_MODULES and not known(name)}


@pytest.mark.parametrize("where", ["pages", "llmx", "scripts", "recipes"])
def test_every_name_of_ours_in_words_leads_somewhere(where: str) -> None:
    found = {
        f"{path.relative_to(ROOT)}: {name}" for path in files_of(where) for name in unknown(path)
    }
    assert found == set()


def test_a_name_that_has_gone_is_seen() -> None:
    assert known("llmx.core.errors.ConfigError") and known("llmx.decoding")
    assert not known("llmx.methods.decode") and not known("llmx.core.errors.NoSuch")
