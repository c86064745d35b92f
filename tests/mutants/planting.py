"""A fault is planted in a copy of the package, and a test runs there in a process of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from shutil import copytree
from tempfile import NamedTemporaryFile

from mutant import Mutant, Unseen

ROOT = Path(__file__).parents[2]
FAILED = 1  # pytest's exit code; 2 and 4 are errors of collection and of the command
NOTHING_RAN = 5
_OPTIONS = ("-x", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-profile=found")
_LOADED = (
    *("_pytest._py.path", "_pytest.assertion.rewrite", "anyio.pytest_plugin", "pytest_timeout"),
    *("anyio._backends._asyncio", "hypothesis.strategies", "numpy", "scipy.stats", "torch"),
    *("transformers.trainer", "transformers.models.llama.modeling_llama", "peft", "datasets"),
    *("transformers.models.auto.modeling_auto", "transformers.models.auto.tokenization_auto"),
    *("trl.trainer.grpo_trainer", "pydantic", "hydra", "typer.testing", "rich.console"),
    *("networkx", "httpx2", "starlette.applications", "uvicorn", "reasoning_gym"),
)
"""What tests load that is not ours. None of it reads what is planted."""
_LONG_AGO = 86_400


def link(source: str, target: str) -> None:
    Path(target).symlink_to(source)


def copied(folder: Path) -> Path:
    """Return a package of links: weights are not copied, and a planted file replaces its link."""
    copytree(ROOT / "llmx", folder / "llmx", copy_function=link)
    (folder / "recipes").symlink_to(ROOT / "recipes")
    return folder


def plant(folder: Path, mutant: Mutant | Unseen) -> None:
    """Replace the link to the file by a file that has the fault."""
    text = (ROOT / "llmx" / mutant.file).read_text(encoding="utf-8")
    place = folder / "llmx" / mutant.file
    place.unlink()
    place.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    os.utime(place, (_LONG_AGO, _LONG_AGO))  # nothing that was compiled before is of this text


def lift(folder: Path, mutant: Mutant | Unseen) -> None:
    """Put the link back."""
    place = folder / "llmx" / mutant.file
    place.unlink()
    place.symlink_to(ROOT / "llmx" / mutant.file)


def tried(
    folder: Path, tests: str | Sequence[str], seconds: float = 600, options: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """Run tests on the package in `folder`, with the usual counts.

    Raises:
        subprocess.TimeoutExpired: after `seconds`; the process and those it started are killed.
    """
    env = {key: value for key, value in os.environ.items() if key != "LLMX_THOROUGH"}
    env |= {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    words = [*_OPTIONS, *options, "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT)]
    words += [str(ROOT / test) for test in ([tests] if isinstance(tests, str) else tests)]
    with NamedTemporaryFile("r", encoding="utf-8", errors="replace") as output:
        place = {"folder": str(folder), "env": env, "output": output.name}
        answer = _asked({"words": words, **place, "seconds": seconds})
        if answer == "late":
            raise subprocess.TimeoutExpired(words, seconds, output.read())
        return subprocess.CompletedProcess(words, int(answer), output.read(), "")


def _asked(run: dict[str, object]) -> str:
    server = _warm()
    assert server.stdin and server.stdout
    server.stdin.write(json.dumps(run) + "\n")
    server.stdin.flush()
    return server.stdout.readline().strip()


@cache
def _warm() -> "subprocess.Popen[str]":
    """Return the process that forks; it ends with this one."""
    env = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", **os.environ}
    env.pop("PYTHONPATH", None)
    words = [sys.executable, "-P", str(Path(__file__).with_name("warm.py")), *_LOADED]
    return subprocess.Popen(
        words, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
