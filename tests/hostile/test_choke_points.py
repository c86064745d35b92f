"""What every text of a stranger passes stands in one place each, and nothing goes around it."""

import ast
from functools import cache
from pathlib import Path

import pytest

import llmx

ROOT = Path(str(llmx.__file__)).parent
FILES = {
    str(path.relative_to(ROOT)): path
    for path in sorted(ROOT.rglob("*.py"))
    if "_recipes" not in path.parts
}
# What a recipe, a command line or a stored run may name, by the words that the code has for it.
GIVEN = {
    *("name", "stage", "arm", "recipe", "paper", "split", "scale", "claims", "judge", "run"),
    *("kind", "fingerprint", "need", "part", "folder", "commit", "revision"),
}
# Such words where they hold names that the code itself lists, or numbers.
NOT_GIVEN = {
    ("cli/doctor.py", "Path(str(llmx.__file__)).parent / 'zoo' / name"),
    ("core/user_cache.py", "folder() / name"),
    ("data/corpus.py", "context.out / f'{split}.jsonl'"),
    ("papers/backtracking/sampled.py", "context.out / f'{split}.jsonl'"),
    ("data/tasks/stage.py", "context.out / f'{split}.jsonl'"),
    ("papers/backtracking/traces/stage.py", "context.out / f'{split}.jsonl'"),
    ("engines/bench.py", "ZOO / name"),
    ("engines/native/build.py", "Path(scratch) / path.name"),
    ("engines/native/weights.py", "folder / name"),
    ("engines/no_model.py", "folder / name"),
    ("engines/size.py", "folder / name"),
    ("engines/tokenizer/open.py", "folder / f'{name}.json'"),
    ("engines/tokenizer/open.py", "folder / name"),
    ("cluster/shared.py", "folder / f'.{name}.link'"),
    ("cluster/shared.py", "self.folder / f'.{word}.{self.name}.tmp'"),
    ("cluster/submission.py", "self.folder / 'ending' / name"),
    ("cluster/submission.py", "self.folder / name"),
    ("papers/b3/report/written.py", "out / f'{name}.svg'"),
    ("papers/indata/report/stage.py", "context.out / f'{name}.svg'"),
    ("papers/b3/stages/inputs.py", "ranked / name"),
    ("papers/indata/executors/scalars.py", "_half_away(one * scale) / scale"),
    ("store/job_lock.py", "self.path / name"),
    ("claims/compare/write.py", "out / f'compare.{kind}'"),
    ("claims/reproduce/stored.py", "folder / name"),
    ("stages/audit.py", "path / name"),
    ("report/base.py", "files('llmx.report').joinpath('pages', name)"),
    ("report/figures/read.py", "folder / name"),
    (
        "stages/budget.py",
        "(target + arm.sampler.gamma * draft) / _tokens_per_round(arm.sampler.gamma)",
    ),
    ("stages/ensemble_report.py", "context.out / f'{name}.svg'"),
    ("graph/folder.py", "run.parent / CACHE / _RUNNING / f'{run.name}.lock'"),
    ("papers/inference_scaling/written.py", "out / f'{name}.svg'"),
    ("stages/training_report.py", "context.out / f'{name}.svg'"),
    ("stats/bootstrap.py", "float((gaps ** 3).sum()) / (6 * scale)"),
    ("store/cache.py", "place / f'{name}-{number}{_DAMAGED}'"),
    ("store/cache.py", "folder / name"),  # looked at when the description was read
    ("store/files.py", "place / part"),
    ("train/post_training/export.py", "to / path.name"),
    ("train/post_training/rows.py", "folder / f'{name}.jsonl'"),
    ("train/course/fit.py", "context.out / name"),
}
# Processes of llmx that speak to one another in lines of JSON.
OWN_LINES = {
    *("engines/vllm/process.py", "engines/vllm_worker/channel.py", "engines/vllm_server/serve.py"),
    *("core/templates/guarded.py", "core/templates/reader.py"),
    *("train/course/launch.py", "train/post_training/reward_func.py"),
    "scoring/code/inside.py",  # runs alone in the sandbox, and what it reads llmx has written
    "train/batch_reward.py",  # a state of our own, as it comes back from a checkpoint
    *("train/post_training/rollouts.py", "graph/workers.py", "engines/vllm/found.py"),
}


@cache
def nodes() -> tuple[tuple[str, ast.BinOp | ast.Call], ...]:
    """Return every call and every division with its file."""
    return tuple(
        (name, node)
        for name, path in FILES.items()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div))
    )


def called(node: ast.AST) -> str:
    """Return the last word of what is called: `loads` of `json.loads(…)`."""
    function = getattr(node, "func", None)
    return getattr(function, "attr", "") or getattr(function, "id", "")


def calls(*names: str) -> set[tuple[str, str]]:
    """Return (file, call) of what is called by one of these words."""
    return {(file, ast.unparse(node)) for file, node in nodes() if called(node) in names}


def words(node: ast.AST) -> set[str]:
    inner = list(ast.walk(node))
    names = {one.id for one in inner if isinstance(one, ast.Name)}
    return names | {one.attr for one in inner if isinstance(one, ast.Attribute)}


def joins() -> set[tuple[str, str]]:
    """Return (file, expression) of what is joined to a path by a word for what is given."""
    divided = {(f, n): [n.right] for f, n in nodes() if isinstance(n, ast.BinOp)}
    joined = {(f, n): n.args for f, n in nodes() if called(n) == "joinpath"}
    return {
        (file, ast.unparse(node))
        for (file, node), parts in {**divided, **joined}.items()
        if any(words(part) & GIVEN for part in parts)
    }


def test_what_is_given_is_joined_by_one_function() -> None:
    assert joins() - NOT_GIVEN == set()
    assert NOT_GIVEN - joins() == set()  # what is not there any more


@pytest.mark.parametrize(
    ("file", "times"),
    [
        *(("graph/folder.py", 3), ("store/cache.py", 2), ("runs/compare.py", 1)),
        *(("runs/reproduce.py", 3), ("stages/win_rates.py", 2), ("train/zoo_card.py", 2)),
        *(("engines/size.py", 1), ("engines/size.py", 3), ("engines/size.py", 1)),
    ],
)
def test_where_given_names_become_paths_it_is_called(file: str, times: int) -> None:
    assert sum(name == file for name, _ in calls("inside")) >= times


def test_pages_are_written_by_one_function() -> None:
    """Others write JSON: what they are given was made by `dumps`."""
    found = {(file, call) for file, call in calls("write_text") if "dumps(" not in call}
    own = {  # a job's script, which a shell reads, and names of a probe
        ("cluster/follow.py", "write_text(path, script(batch_of(submission, array, listed)))"),
        ("cluster/shared.py", "scratch.write_text(name)"),
    }
    assert found == {("store/page.py", "write_text(path, marked(text))"), *own}


def test_the_terminal_is_written_by_one_module() -> None:
    around = calls("echo", "secho", "write", "Console") | calls("print")
    mine = {(file, call) for file, call in around if file.startswith("cli/")}
    mine = {one for one in mine if one[0] != "cli/screen.py" or "(marked(text)" not in one[1]}
    assert {file for file, _ in mine} == {"cli/console.py", "cli/__init__.py", "cli/compare.py"}
    mine -= {("cli/compare.py", "write(found, out)")}
    assert [call for _, call in mine if "marked(" not in call] == []


def test_json_of_strangers_is_read_by_one_function() -> None:
    found = {file for file, call in calls("loads", "load", "json", "from_json") if "json" in call}
    assert found == {"core/json_text.py", *OWN_LINES}
