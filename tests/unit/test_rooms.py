"""The house: a paper has a room, rooms share downward, no shared room speaks a paper's words."""

import ast
import re
from collections import Counter
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest
from yaml import safe_load

import llmx
from llmx.core.registry import kinds, lookup, rooms

ROOT = Path(str(llmx.__file__)).parent
HOME = Path(__file__).parents[2]
ALLOWED = Path(__file__).with_name("allowed_words.txt")
SMALL = 60  # lines
FILES = sorted(path for path in ROOT.rglob("*.py") if "_recipes" not in path.parts)


def module_of(path: Path) -> str:
    parts = ["llmx", *path.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in FILES}


@cache
def trees() -> dict[str, ast.Module]:
    return {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imported(tree: ast.AST) -> set[str]:
    """Modules of ours that are imported, inside functions too; not those for types alone."""
    found: set[str] = set()
    for node in ast.iter_child_nodes(tree):
        if for_types(node):
            continue
        if isinstance(node, ast.ImportFrom):
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if name in MODULES else str(node.module) for name in whole}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        found |= imported(node)
    return found & set(MODULES)


@cache
def imports() -> dict[str, set[str]]:
    return {name: imported(tree) for name, tree in trees().items()}


def paper_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[2] if parts[1:2] == ["papers"] and len(parts) > 2 else None


PAPERS = {paper for name in MODULES if (paper := paper_of(name))}


def test_nothing_outside_the_papers_imports_one():
    found = {(name, other) for name in MODULES for other in imports()[name] if paper_of(other)}
    assert [pair for pair in found if not paper_of(pair[0])] == []


def test_no_paper_imports_another():
    pairs = {(paper_of(name), paper_of(other)) for name in MODULES for other in imports()[name]}
    assert {(one, other) for one, other in pairs if one and other and one != other} == set()


def test_papers_recipes_claims_docs_and_tests_name_the_same():
    recipes = (safe_load(path.read_text()) for path in HOME.glob("recipes/[a-z]*/*.yaml"))
    assert {recipe["paper"] for recipe in recipes if recipe.get("paper")} == PAPERS
    for folder in ("recipes/_claims/*.yaml", "docs/papers/*.md", "tests/papers/[a-z]*"):
        assert {path.stem for path in HOME.glob(folder)} == PAPERS, folder


def circles(graph: dict[str, set[str]]) -> list[set[str]]:
    """Groups of modules that reach each other: what is left when leaves are taken off both ends."""
    left = dict(graph)
    while True:
        used = {other for others in left.values() for other in others & set(left)}
        kept = {name: to for name, to in left.items() if to & set(left) and name in used}
        if len(kept) == len(left):
            return [set(left)] if left else []
        left = kept


def test_modules_go_in_no_circle():
    assert circles(imports()) == []


def test_a_circle_would_be_seen():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [{"a", "b", "c"}]
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []


def halves() -> list[str]:
    """Small modules that one module alone imports, and that is a neighbour."""
    users = Counter(other for others in imports().values() for other in others)
    of = {other: name for name, others in imports().items() for other in others}
    brought = {place.partition(":")[0] for room in rooms() for place in room.kinds.values()}
    return [
        name
        for name, path in MODULES.items()
        if users[name] == 1
        and name not in brought
        and of[name].rpartition(".")[0] == name.rpartition(".")[0]
        and len(path.read_text(encoding="utf-8").splitlines()) <= SMALL
        and path.name not in ("__init__.py", "__main__.py", "kinds.py")
    ]


def test_few_modules_are_the_private_half_of_a_neighbour():
    assert len(halves()) <= 20, halves()


def names_in(tree: ast.AST) -> set[str]:
    """Every identifier: names, attributes, parameters, keywords, functions and classes."""
    found: set[str] = set()
    for node in ast.walk(tree):
        for field in ("id", "attr", "arg", "name"):
            value = getattr(node, field, None)
            if isinstance(value, str):
                found.add(value)
    return found


def spoken() -> set[str]:
    """Identifiers of shared rooms that hold a word of a paper."""
    words = {word for room in rooms() for word in room.words}
    shared = (tree for name, tree in trees().items() if not paper_of(name))
    names = {name for tree in shared for name in names_in(tree)}
    return {name for name in names if any(f"_{word}_" in f"_{snake(name)}_" for word in words)}


def snake(name: str) -> str:
    """``TraceOptions`` as ``trace_options``: its words apart."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower().strip("_")


def test_shared_rooms_speak_no_papers_words():
    allowed = ALLOWED.read_text(encoding="utf-8").split()
    assert sorted(spoken()) == allowed, "the list may only shrink"
    assert len(allowed) <= 40


@pytest.mark.parametrize("paper", sorted(PAPERS))
def test_every_paper_says_its_words(paper):
    assert any(room.words for room in rooms() if room.name.endswith(f".{paper}"))


TWICE: set[str] = set()
"""Names that two classes may share, each with its reason beside it; the list may only shrink."""


def classes() -> dict[str, list[str]]:
    """Every class by its name: the modules that define it."""
    found: dict[str, list[str]] = {}
    for module, tree in trees().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, []).append(module)
    return found


def test_no_two_classes_share_a_name():
    assert {name: at for name, at in classes().items() if len(at) > 1 and name not in TWICE} == {}


def defined(tree: ast.AST) -> set[str]:
    """Names of the functions and classes of a module."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


@pytest.mark.parametrize(
    "room", ["decoding", "dialogue", "kernels", "engines.native", "report.verdict", "scoring"]
)
def test_only_a_model_judges(room):
    """An accept rule decides and a verdict test tests; a judge is asked which answer is better."""
    inside = {name: tree for name, tree in trees().items() if name.startswith(f"llmx.{room}.")}
    assert inside
    assert {
        (name, one) for name in inside for one in defined(inside[name]) if "judg" in one.lower()
    } == set()


@pytest.mark.parametrize("name", kinds("test"))
def test_what_a_verdict_test_is_declared_with_is_there(name):
    """A plan checks findings by the declaration alone: a module that moved is met by a run."""
    function = lookup("test", name).function
    if isinstance(function, str):
        module, _, attribute = function.partition(":")
        assert callable(getattr(import_module(module), attribute))


def test_files_of_tests_have_names_of_their_own():
    """Two of one name cannot be collected in one session."""
    names = Counter(path.name for path in Path(__file__).parents[1].rglob("test_*.py"))
    assert [name for name, times in names.items() if times > 1] == []
