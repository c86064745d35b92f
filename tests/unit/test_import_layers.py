"""Imports go downward only, and what must start fast imports nothing heavy."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import llmx

ROOT = Path(str(llmx.__file__)).parent
FILES = sorted(path for path in ROOT.rglob("*.py") if "_recipes" not in path.parts)
HEAVY = {"torch", "transformers", "trl", "vllm", "datasets", "tokenizers", "accelerate"}

# A room may import those named here, and nothing else of llmx. `decoding` stands below `engines`:
# an engine drives the token loop, so the loop can never import one. Nothing imports a paper
# (tests/unit/test_rooms.py): its kinds are found by name.
BASE = {"core", "store", "stats"}
MAY_IMPORT: dict[str, set[str]] = {
    "core": set(),
    "zoo": set(),
    "config": {"core"},
    "store": {"core"},
    "stats": {"core"},
    "kernels": {"core"},
    "audit": {"core"},
    "dialogue": {"core"},
    "tools": {"core", "store"},
    "sandbox": {"core", "store"},
    "scoring": {*BASE, "sandbox"},
    "data": {*BASE, "scoring"},
    "decoding": {"core", "stats", "kernels"},
    "engines": {*BASE, "decoding", "dialogue"},
    "train": {*BASE, "engines", "scoring"},
    "judging": {*BASE, "scoring", "data", "engines"},
    "report": BASE,
    "claims": {*BASE, "config", "report"},
    "stages": {
        *BASE,
        *("data", "scoring", "audit", "decoding", "dialogue", "engines", "judging", "report"),
        *("train", "tools"),
    },
    "papers": {
        *BASE,
        *("data", "scoring", "decoding", "dialogue", "engines", "kernels", "train", "judging"),
        *("report", "claims", "stages", "tools"),
    },
    "graph": {*BASE, "engines", "report", "stages"},
    "cluster": {*BASE, "data", "engines", "stages", "graph"},
    "runs": {*BASE, "data", "engines", "report", "claims", "graph"},
    "serve": {"core", "dialogue", "engines", "stages", "graph"},
    "api": {"core", "store", "config", "claims", "graph", "runs"},
    "cli": {
        "core",
        "store",
        "config",
        "engines",
        "report",
        "claims",
        "graph",
        "cluster",
        "runs",
        "sandbox",
        "serve",
        "api",
        "top",
    },
    "top": {"api", "cli"},
}


def module_of(path: Path) -> str:
    parts = ["llmx", *path.relative_to(ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str:
    """The part of llmx that a module belongs to."""
    parts = module.split(".")
    return "top" if len(parts) == 1 or parts[1] == "__main__" else parts[1]


def is_type_check(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(tree: ast.AST, inside_functions: bool, for_types: bool = True) -> Iterator[str]:
    """Yield the full names of imported modules, `from a import b` as both a and a.b."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the layer"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        if (is_function and not inside_functions) or (is_type_check(node) and not for_types):
            continue
        yield from imports(node, inside_functions, for_types)


MODULES = {module_of(path) for path in FILES}
NAMES = [str(path.relative_to(ROOT)) for path in FILES]


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_imports_go_downward_only(path: Path) -> None:
    part = part_of(module_of(path))
    found = {name for name in imports(tree_of(path), inside_functions=True) if name in MODULES}
    parts = {part_of(name) for name in found}
    assert parts - {part} <= MAY_IMPORT[part], f"{path} imports {sorted(found)}"


def test_the_rule_knows_every_part() -> None:
    assert {part_of(module) for module in MODULES} == set(MAY_IMPORT)


def test_the_rule_has_no_circle() -> None:
    left = dict(MAY_IMPORT)
    left["cli"] = left["cli"] - {"top"}  # the command asks the package for its own version
    while ready := {part for part, below in left.items() if not below & set(left)}:
        left = {part: below for part, below in left.items() if part not in ready}
    assert not left


def test_only_one_module_imports_hydra() -> None:
    def uses_hydra(path: Path) -> bool:
        names = imports(tree_of(path), inside_functions=True)
        return any(name.split(".")[0] in ("hydra", "omegaconf") for name in names)

    assert [module_of(path) for path in FILES if uses_hydra(path)] == ["llmx.config.edge"]


# What `list`, `--help`, `--dry-run` and completion go through.
LIGHT = [path for path in FILES if part_of(module_of(path)) in ("config", "cli", "top")]


@pytest.mark.parametrize("path", LIGHT, ids=[str(path.relative_to(ROOT)) for path in LIGHT])
def test_nothing_heavy_when_a_light_module_loads(path: Path) -> None:
    at_load = imports(tree_of(path), inside_functions=False, for_types=False)
    roots = {name.split(".")[0] for name in at_load}
    assert not roots & (HEAVY | {"numpy", "scipy", "reasoning_gym"})


# What a fresh process may not have loaded after the import.
FRESH = {
    "llmx": {"hydra", "omegaconf", "pydantic", "numpy", "networkx", "yaml", "typer", *HEAVY},
    "llmx.core.spec": {"hydra", "omegaconf", "numpy", "networkx", *HEAVY},
    "llmx.core.registry": {"hydra", "omegaconf", "numpy", "networkx", "pydantic", *HEAVY},
    "llmx.cli.app": {"hydra", "omegaconf", "pydantic", "numpy", "networkx", "rich", *HEAVY},
    "llmx.config.index": {"hydra", "omegaconf", "pydantic", "numpy", "networkx", *HEAVY},
    "llmx.config.compose": {"hydra", "omegaconf", "antlr4", "numpy", "networkx", *HEAVY},
    "llmx.runs.run": {"hydra", "omegaconf", "numpy", "networkx", *HEAVY},
}


@pytest.mark.parametrize("module", FRESH)
def test_a_fresh_process_loads_only_what_it_needs(module: str) -> None:
    code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not set(done.stdout.split()) & FRESH[module]


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_a_module_is_small_and_named_after_what_it_holds(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500
    assert path.stem not in ("utils", "util", "helpers", "helper", "common", "misc")


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_imports_and_what_is_offered_stand_at_the_head(path: Path) -> None:
    """Of two modules that were joined, those of the second do not stay in the middle."""
    body = ast.parse(path.read_text(encoding="utf-8")).body
    made = [at for at, one in enumerate(body) if isinstance(one, ast.FunctionDef | ast.ClassDef)]
    assert not [one.lineno for one in body[min(made, default=len(body)) :] if _of_the_head(one)]


def _of_the_head(one: ast.stmt) -> bool:
    offered = isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "__all__"
    return offered or isinstance(one, ast.Import | ast.ImportFrom)


def test_the_reader_of_imports_sees_all_kinds() -> None:
    code = (
        "import a\nfrom b import c\nif TYPE_CHECKING:\n    import d\n"
        "def f():\n    import e\nclass K:\n    import g\n    def m(self):\n        import h"
    )
    tree = ast.parse(code)
    assert set(imports(tree, True)) == {"a", "b", "b.c", "d", "e", "g", "h"}
    assert set(imports(tree, False, for_types=False)) == {"a", "b", "b.c", "g"}


def told() -> Iterator[tuple[str, set[str]]]:
    """Each room of the table in docs/architecture.md, with what it says the room may import."""
    page = (Path(__file__).parents[2] / "docs/architecture.md").read_text(encoding="utf-8")
    table = page.partition("| room | may import |")[2].partition("\n\n")[0]
    for line in table.splitlines()[2:]:
        rooms, may = line.strip("| ").split(" | ")[:2]
        named = set(re.findall(r"`(\w+)(?:\.py)?`", may)) | (BASE if "base" in may else set())
        yield from ((room, named) for room in re.findall(r"`(\w+)(?:\.py)?`", rooms))


def test_the_page_on_architecture_tells_the_same() -> None:
    """`top` is ``llmx/__init__.py``, and `zoo` holds files alone: neither is a room to explain."""
    ours = {room: may - {"top"} for room, may in MAY_IMPORT.items() if room not in ("top", "zoo")}
    assert dict(told()) == ours
