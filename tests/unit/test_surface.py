"""What other people's code and scripts lean on: six calls, exit codes, groups of entry points."""

import inspect
import tomllib
from pathlib import Path

import pytest

import llmx
from llmx.core import errors

CALLS = {
    "run": "(recipe, *overrides, runs=None, limit=None, recipes=(), plugins=(), workers=None,"
    " observer=None, trust_remote_code=False, ask_again=False, elsewhere=None)",
    "plan": "(recipe, *overrides, runs=None, limit=None, recipes=(), plugins=(), workers=None,"
    " trust_remote_code=False)",
    "load_run": "(run, runs=None, *, plugins=())",
    "budget": "(run, *, gain=2.0, cost=None, runs=None, plugins=())",
    "compare": "(first, second, *, runs=None, plugins=())",
    "reproduce": "(paper, *, runs=None, sources=(), recipes=(), plugins=())",
}


def plain(call) -> str:
    """Return a call's parameters and defaults, without types."""
    given = inspect.signature(call).parameters.values()
    bare = [one.replace(annotation=inspect.Parameter.empty) for one in given]
    return str(inspect.Signature(bare))


@pytest.mark.parametrize("name", CALLS)
def test_a_call_keeps_its_parameters(name):
    assert plain(getattr(llmx, name)) == CALLS[name]


def test_the_library_has_six_calls():
    assert sorted(llmx.__all__) == sorted(CALLS)
    assert all(callable(getattr(llmx, name)) for name in CALLS)


def test_every_error_of_a_user_ends_with_two():
    kinds = [one for one in vars(errors).values() if inspect.isclass(one)]
    ours = [kind for kind in kinds if issubclass(kind, errors.LlmxError)]
    assert len(ours) > 5
    assert {kind.exit_code for kind in ours} == {2}


def test_entry_points_keep_their_groups():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    assert list(project["scripts"]) == ["llmx"]
    assert list(project["entry-points"]) == ["vllm.general_plugins"]
