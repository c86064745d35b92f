"""Scorer `code`: a program has to pass its tests, in a cage of its own."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from llmx.core import json_text
from llmx.core.errors import DataError, LlmxError
from llmx.core.record import Metric, Record, Sample, Score
from llmx.core.registry import lookup
from llmx.core.sandbox import BoundTree, CommandOutcome, Sandbox, SandboxPolicy, SandboxSpec, Size
from llmx.sandbox.interpreter import interpreter_bounds, program_path
from llmx.scoring.code.behaviour import behaviour_key, calls_of
from llmx.scoring.said import final
from llmx.scoring.scorer import ScorerOptions, marked, written_reference

_PASSED, _NO_PROGRAM, _TIME = "passed", "no program", "timeout"
# Of ours alone: no search path but the standard library's, and sets in one order everywhere.
_FLAGS = ("-P", "-s", "-S", "-B")
_ENVIRONMENT = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_EXAMPLE = "assert add(1, 2) == 3"
_FENCE = re.compile(
    r"^[ \t]*```[ \t]*(?P<tongue>[A-Za-z0-9_+-]*)[^\n]*\n(?P<code>.*?)(?:^[ \t]*```|\Z)",
    re.MULTILINE | re.DOTALL,
)
_PYTHON = {"", "py", "python", "python3"}
_CHECKER, _PACKAGES = "/checker.py", "/packages"
_KILLED = {"seconds": _TIME, "memory": "memory", "output": "output", "files": "files"}


class CodeOptions(ScorerOptions):
    """What a program may take, and in which cage."""

    seconds: float = Field(default=10.0, gt=0, le=3600, description="of a program, wall clock")
    memory: Size = Field(
        default=512 << 20, ge=64 << 20, le=1 << 40, description="bytes, or a text like 512MiB"
    )
    sandbox: str = Field(default="bubblewrap", description="kind of sandbox (docs/sandbox.md)")


@dataclass(frozen=True)
class ProgramVerdict:
    """How a program did.

    Attributes:
        outcome: ``passed``, ``failed``, ``raised``, ``no program`` (it does not compile, or there
            is none), ``lost`` (its process ended), ``timeout``, ``memory``, ``output``, ``files``.
        test: first statement of the tests that did not pass, from 1; of ``passed`` how many did.
        error: what it says, in short.
    """

    outcome: str
    test: int
    error: str
    seconds: float
    layers: tuple[str, ...]


class CodeScorer:
    """Right is a program that passes every test; one that does not compile is unparsed.

    The reference answer holds the tests: statements of Python that call functions of the program.
    ``metadata`` of the sample may name the function (``entry_point``) and hold what is run before
    the program (``before``). A time-out is wrong, so a machine that is much too slow scores lower.
    """

    kind: ClassVar[str] = "code"
    version: ClassVar[int] = 1
    instant: ClassVar[bool] = False
    Options: ClassVar[type[ScorerOptions]] = CodeOptions
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric(
            name="timeout",
            better="lower",
            unit="%",
            low=0.0,
            high=1.0,
            boolean=True,
            explain="programs that the clock ended",
        ),
    )
    example: ClassVar[Sample] = Sample(id="example", question="Add.", answer=_EXAMPLE)

    def __init__(self, options: CodeOptions = CodeOptions()) -> None:
        self.options = options
        self._last: ProgramVerdict | None = None

    def refusal(self) -> LlmxError | None:
        """Return why no program can be run here, found by trying; None if one can."""
        try:
            self._cage(frozenset()).layers()
        except LlmxError as error:
            return error
        return None

    def reference(self, sample: Sample) -> str:
        """Return the tests.

        Raises:
            DataError: if there are none, or they are no Python.
        """
        tests = written_reference(sample)
        try:
            ast.parse(tests)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            text = f"the tests of sample '{sample.id}' are no Python: {error}"
            raise DataError(text, f"the answer holds statements like: {_EXAMPLE}") from error
        return tests

    def score(self, record: Record, sample: Sample) -> Score:
        """Run the program of one record.

        Raises:
            DataError: if the tests cannot be read.
            SandboxError: if there is no sandbox: nothing is run then.
        """
        tests = self.reference(sample)
        entry = str(sample.metadata.get("entry_point", ""))
        program = program_of(final(record.text), entry)
        found = self._last = _NOTHING if program is None else self._run(program, tests, sample)
        read = None if found.outcome == _NO_PROGRAM else _shown(found)
        reading = read, found.outcome == _PASSED
        values = {"timeout": float(found.outcome == _TIME)}
        return marked(record, sample, _PASSED, reading, reading, values=values)

    def key_for(self, record: Record, sample: Sample) -> str | None:
        """Return what the program does with the inputs of its tests; see `KeyedByProblem`.

        What tests expect is not looked at. A program that a limit ends does nothing that could be
        counted.

        Raises:
            DataError: if the function is not named, or no test calls it with values.
        """
        entry = str(sample.metadata.get("entry_point", ""))
        calls = calls_of(self.reference(sample), entry) if entry else []
        if not calls:
            text = f"sample '{sample.id}' names no function that its tests call with plain values"
            raise DataError(text, "metadata: {entry_point: NAME}; programs are told apart by that")
        program = program_of(final(record.text), entry)
        if program is None:
            return None
        found = _reported(*self._done(program, {"entry": entry, "calls": calls}, sample))
        return behaviour_key(found["seen"]) if "seen" in found else None

    def evidence(self) -> Mapping[str, Any]:
        """Return what is known of the last answer beside its score."""
        found = self._last or _NOTHING
        return {
            "outcome": found.outcome,
            "test": found.test,
            "error": found.error,
            "seconds": round(found.seconds, 4),
            "layers": list(found.layers),
        }

    def _run(self, program: str, tests: str, sample: Sample) -> ProgramVerdict:
        job = {"tests": tests, "path": [_PACKAGES]}
        return _verdict(*self._done(program, job, sample, _imported(tests)))

    def _done(
        self,
        program: str,
        job: Mapping[str, Any],
        sample: Sample,
        imported: frozenset[str] = frozenset(),
    ) -> tuple[CommandOutcome, str]:
        """Run a program with what is to be asked of it; return what came, and the nonce."""
        nonce = secrets.token_hex(16)
        before = str(sample.metadata.get("before", ""))
        line = [str(program_path()), *_FLAGS, _CHECKER]
        told = json.dumps({**job, "nonce": nonce}).encode()
        return self._cage(imported).once(line, aside=_message(before, program) + told), nonce

    def _cage(self, imported: frozenset[str]) -> Sandbox:
        found: Sandbox = _cage(self.options, imported)
        return found


_NOTHING = ProgramVerdict(_NO_PROGRAM, 0, "there is none", 0.0, ())


def _message(before: str, program: str) -> bytes:
    text = json.dumps({"before": before, "program": program}).encode()
    return len(text).to_bytes(8, "big") + text


@lru_cache(maxsize=16)
def _cage(options: CodeOptions, imported: frozenset[str]) -> Any:
    checker = files("llmx.scoring.code").joinpath("inside.py").read_bytes()
    spec = SandboxSpec(
        kind=options.sandbox, memory=options.memory, seconds=options.seconds, processes=32
    )
    bounds = (*interpreter_bounds(), *_packages(imported))
    policy = SandboxPolicy(bounds, _ENVIRONMENT, {_CHECKER: checker})
    return lookup("sandbox", options.sandbox)(spec, policy)


def _imported(tests: str) -> frozenset[str]:
    """Return the packages that tests import and the standard library does not have."""
    nodes = list(ast.walk(ast.parse(tests)))
    plain = [alias.name for one in nodes if isinstance(one, ast.Import) for alias in one.names]
    names = [*plain, *(one.module or "" for one in nodes if isinstance(one, ast.ImportFrom))]
    return frozenset(name.partition(".")[0] for name in names) - sys.stdlib_module_names - {""}


def _packages(names: frozenset[str]) -> tuple[BoundTree, ...]:
    """Return what has to be bound so that tests can import these packages.

    Raises:
        DataError: naming one that is not installed.
    """
    found: list[BoundTree] = []
    for name in sorted(names):
        spec = importlib.util.find_spec(name)
        if spec is None or not spec.submodule_search_locations:
            raise DataError(f"tests import '{name}', which is not installed", f"install {name}")
        home = Path(next(iter(spec.submodule_search_locations)))
        beside = home.with_name(f"{name}.libs")  # libraries of a wheel
        there = [path for path in (home, beside) if path.is_dir()]
        found += [BoundTree(path, f"{_PACKAGES}/{path.name}") for path in there]
    return tuple(found)


def _verdict(done: CommandOutcome, nonce: str) -> ProgramVerdict:
    """Read a verdict; one without the nonce is a program's own, and counts for nothing."""
    rest, found = (done.seconds, done.layers), _reported(done, nonce)
    if not found:
        outcome = _KILLED.get(done.killed, "lost")
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        return ProgramVerdict(outcome, 0, "".join(last)[:200], *rest)
    return ProgramVerdict(str(found["outcome"]), int(found["test"]), str(found["error"]), *rest)


def _reported(done: CommandOutcome, nonce: str) -> dict[str, Any]:
    """Return what was said with the nonce; nothing where a limit ended the program."""
    said = [line for line in done.report.split(b"\n") if line.startswith(nonce.encode() + b" ")]
    if done.killed or len(said) != 1:
        return {}
    found: dict[str, Any] = json_text.parse(said[0].partition(b" ")[2])
    return found


def _shown(found: ProgramVerdict) -> str:
    where = f" at test {found.test}" if found.test and found.outcome != _PASSED else ""
    said = f": {found.error}" if found.error else ""
    return f"{found.outcome}{where}{said}"


def program_of(text: str, entry: str = "") -> str | None:
    """Return the program of an answer; None where there is none.

    It is the first block of Python between fences that defines `entry`, or else the first one. An
    answer without fences is a program as a whole. A block that the end of the answer cuts off
    counts, as it may be whole.

    Args:
        entry: name of the function that the tests call; empty if it is not known.
    """
    found = list(_FENCE.finditer(text))
    blocks = [one["code"] for one in found if one["tongue"].lower() in _PYTHON]
    defines = re.compile(rf"^(?:async\s+)?(?:def|class)\s+{re.escape(entry)}\b", re.MULTILINE)
    wanted = next((one for one in blocks if entry and defines.search(one)), None)
    program = wanted or next(iter(blocks), "" if found else text)
    return program if program.strip() else None
