"""What runs in the cage beside a program: it asks the program, and says how the tests ended.

Standard library alone; it is read as a text, and llmx imports none of it there. Two processes: the
child has the program and nothing else, this one the tests. The child is forked before a test has
been read, and neither holds the descriptors of the tests and of the verdict nor can get at them:
this process lets nobody look into it. Only plain values cross between them, so that an answer is a
number, a text or a list of such, and never an object with an opinion of its own on what is equal.
"""

from __future__ import annotations

import ast
import builtins
import ctypes
import json
import os
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

_LONGEST = 1 << 26  # bytes of one answer
_NOT_DUMPABLE = 4  # PR_SET_DUMPABLE

PASSED, FAILED, RAISED, NO_COMPILE, LOST = "passed", "failed", "raised", "no program", "lost"


def main() -> None:
    """Read a program, fork it, read tests, run them, write a verdict."""
    aside, report = int(os.environ.pop("ASIDE_FD")), int(os.environ.pop("REPORT_FD"))
    if ctypes.CDLL(None).prctl(_NOT_DUMPABLE, 0, 0, 0, 0) != 0:
        sys.exit("this process can be looked into")
    told = json.loads(_exactly(aside, int.from_bytes(_exactly(aside, 8), "big")))
    line = _forked(told, keep_out=(aside, report))
    job = json.loads(_all(aside))
    verdict = _verdict(line, job)
    os.write(report, f"{job['nonce']} {json.dumps(verdict)}\n".encode())
    os._exit(0)


def _verdict(line: ProgramLine, job: dict[str, Any]) -> dict[str, Any]:
    try:
        first = line.received()
        if first.get("fault"):
            return {"outcome": first["fault"], "test": 0, "error": str(first.get("why", ""))[:500]}
        if "calls" in job:
            return {"outcome": PASSED, "seen": list(_seen(line, job["entry"], job["calls"]))}
        sys.path += job["path"]
        return _tested(line, job["tests"])
    except ProgramGone:
        return {"outcome": LOST, "test": 0, "error": "the program ended"}


# Plain values, there and back


class OpaqueValue:
    """A value that is no plain one: equal to nothing."""

    def __init__(self, name: str) -> None:
        self.name = name[:100]

    def __repr__(self) -> str:
        return f"<{self.name}>"


def packed(value: Any) -> Any:
    """Return a value as JSON has it, with its type; a subclass is what it is made of."""
    if value is None or value is True or value is False:
        return value
    for kind, mark, how in _PACKED:
        if isinstance(value, kind):
            return [mark, how(value)]
    return ["o", type(value).__name__]


def _sequence(value: Any) -> list[Any]:
    return [packed(one) for one in value]


_PACKED: tuple[tuple[type, str, Any], ...] = (
    (int, "i", lambda value: hex(int(value))),
    (float, "f", lambda value: float(value).hex()),
    (complex, "c", lambda value: [value.real.hex(), value.imag.hex()]),
    (str, "s", lambda value: str.__str__(value)),
    (bytes, "b", lambda value: bytes(value).hex()),
    (list, "l", _sequence),
    (tuple, "t", _sequence),
    (dict, "d", lambda value: [[packed(key), packed(held)] for key, held in value.items()]),
    (set, "S", _sequence),
    (frozenset, "F", _sequence),
)


_SINGLE: dict[str, Any] = {
    "i": lambda text: int(text, 16),
    "f": float.fromhex,
    "s": str,
    "b": bytes.fromhex,
    "o": OpaqueValue,
}


def unpacked(found: Any) -> Any:
    """Return the value that was packed.

    Raises:
        ValueError: for anything that :func:`packed` does not write.
    """
    if found is None or isinstance(found, bool):
        return found
    mark, held = found
    many = [unpacked(one) for one in held] if mark in ("l", "t", "S", "F") else []
    if mark == "d":
        return {unpacked(key): unpacked(value) for key, value in held}
    if mark == "c":
        return complex(float.fromhex(held[0]), float.fromhex(held[1]))
    if mark in ("l", "t", "S", "F"):
        return {"l": list, "t": tuple, "S": set, "F": frozenset}[mark](many)
    if not isinstance(held, str):
        raise ValueError("no plain value")
    return _SINGLE[mark](held)


# The line between the two


class ProgramGone(Exception):
    """The program's process has ended, or says what it should not."""


class ProgramLine:
    """Messages of JSON, each with its length before it."""

    def __init__(self, reads: int, writes: int) -> None:
        self._reads, self._writes = reads, writes

    def send(self, message: dict[str, Any]) -> None:
        """Write one message."""
        text = json.dumps(message).encode()
        view = memoryview(len(text).to_bytes(8, "big") + text)
        try:
            while view:
                view = view[os.write(self._writes, view) :]
        except OSError as error:
            raise ProgramGone from error

    def received(self) -> dict[str, Any]:
        """Read one message."""
        try:
            length = int.from_bytes(_exactly(self._reads, 8), "big")
            if length > _LONGEST:
                raise ProgramGone
            found = json.loads(_exactly(self._reads, length))
        except (OSError, ValueError, RecursionError, EOFError) as error:
            raise ProgramGone from error
        if not isinstance(found, dict):
            raise ProgramGone
        return found


def _exactly(fd: int, length: int) -> bytes:
    parts, left = [], length
    while left:
        block = os.read(fd, min(left, 1 << 20))
        if not block:
            raise EOFError
        parts.append(block)
        left -= len(block)
    return b"".join(parts)


def _all(fd: int) -> bytes:
    parts = []
    while block := os.read(fd, 1 << 20):
        parts.append(block)
    return b"".join(parts)


# The child: the program


def _forked(told: dict[str, Any], keep_out: tuple[int, ...]) -> ProgramLine:
    """Start the child, which has none of the descriptors but its two; return the line to it."""
    (asked, ask), (answered, answer) = os.pipe(), os.pipe()
    if os.fork() == 0:
        for fd in (*keep_out, ask, answered):
            os.close(fd)
        null = os.open("/dev/null", os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        _program(told, ProgramLine(asked, answer))
    os.close(asked)
    os.close(answer)
    return ProgramLine(answered, ask)


def _program(told: dict[str, Any], line: ProgramLine) -> NoReturn:
    """Run a program, and answer what its functions give; never returns."""
    names: dict[str, Any] = {"__name__": "program", "__builtins__": builtins}
    line.send(_run(told, names))
    while True:
        try:
            asked = line.received()
        except ProgramGone:
            os._exit(0)
        line.send(_answer(asked, names))


def _run(told: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    try:
        parts = [compile(told[part], part, "exec") for part in ("before", "program")]
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return {"fault": NO_COMPILE, "why": f"{type(error).__name__}: {error}"}
    try:
        for part in parts:
            exec(part, names)
    except BaseException as error:
        return {"fault": RAISED, "why": _said(error)}
    return {}


def _answer(asked: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    name = asked["name"]
    try:
        if "args" not in asked:
            held = names[name]
            return {"callable": True} if callable(held) else {"value": packed(held)}
        args = [unpacked(one) for one in asked["args"]]
        keywords = {key: unpacked(one) for key, one in asked["keywords"].items()}
        return {"value": packed(names[name](*args, **keywords))}
    except BaseException as error:
        return {"raised": type(error).__name__, "why": _said(error)}


def _said(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:500]
    except BaseException:
        return "an error that cannot be shown"


# The parent: the tests


class ProgramFunction:
    """A function of the program, as tests see it: called there, with plain values."""

    def __init__(self, line: ProgramLine, name: str) -> None:
        self._line, self._name = line, name

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Return what the program's function returns, or raise what it raises."""
        told = {key: packed(one) for key, one in keywords.items()}
        self._line.send({"name": self._name, "args": _sequence(args), "keywords": told})
        return _value(self._line.received())


def _value(found: dict[str, Any]) -> Any:
    if "raised" in found:
        kind: Any = getattr(builtins, str(found["raised"]), None)
        known = isinstance(kind, type) and issubclass(kind, Exception)
        raise (kind if known else RuntimeError)(str(found.get("why", ""))[:500])
    try:
        return unpacked(found["value"])
    except (KeyError, TypeError, ValueError, RecursionError, OverflowError) as error:
        raise ProgramGone from error


def _tested(line: ProgramLine, source: str) -> dict[str, Any]:
    """Run tests, statement by statement; return which one failed first, counted from 1."""
    tree = ast.parse(source)
    names: dict[str, Any] = {"__name__": "tests"}
    for name in _free(tree):
        line.send({"name": name})
        found = line.received()
        if "raised" not in found:
            names[name] = ProgramFunction(line, name) if found.get("callable") else _value(found)
    place = 0
    for statement in tree.body:
        place += isinstance(statement, ast.Assert | ast.Expr)
        try:
            exec(compile(ast.Module([statement], []), "tests", "exec"), names)
        except ProgramGone:
            return {"outcome": LOST, "test": place, "error": "the program ended"}
        except AssertionError as error:
            return {"outcome": FAILED, "test": place, "error": _line_of(error, source)}
        except BaseException as error:
            return {"outcome": RAISED, "test": place, "error": _said(error)}
    return {"outcome": PASSED, "test": place, "error": ""}


def _seen(line: ProgramLine, entry: str, calls: list[str]) -> Iterator[Any]:
    """Yield what calls give: a packed value in a list, the name of an error, or that it is gone."""
    for source in calls:
        call: Any = ast.parse(source, mode="eval").body
        keywords = {one.arg: packed(ast.literal_eval(one.value)) for one in call.keywords}
        args = _sequence(ast.literal_eval(one) for one in call.args)
        try:
            line.send({"name": entry, "args": args, "keywords": keywords})
            found = line.received()
            if "raised" not in found:
                unpacked(found["value"])  # it is the program's word, so it may be no value at all
            yield str(found["raised"])[:100] if "raised" in found else [found["value"]]
        except (ProgramGone, KeyError, TypeError, ValueError, RecursionError, OverflowError):
            yield "gone"


def _free(tree: ast.Module) -> Iterator[str]:
    """Yield the names that tests read and neither they nor Python define."""
    nodes = list(ast.walk(tree))
    own = {one.id for one in nodes if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    own |= {one.name for one in nodes if isinstance(one, ast.FunctionDef | ast.ClassDef)}
    own |= {one.arg for one in nodes if isinstance(one, ast.arg)}
    for one in nodes:
        if isinstance(one, ast.Import | ast.ImportFrom):
            own |= {(alias.asname or alias.name).partition(".")[0] for alias in one.names}
    read = (one.id for one in nodes if isinstance(one, ast.Name))
    return (name for name in dict.fromkeys(read) if name not in own and not hasattr(builtins, name))


def _line_of(error: BaseException, source: str) -> str:
    """Return the line of the tests on which an assertion failed."""
    trace, number = error.__traceback__, 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "tests":
            number = trace.tb_lineno
        trace = trace.tb_next
    lines = source.splitlines()
    return lines[number - 1].strip()[:200] if 0 < number <= len(lines) else ""


if __name__ == "__main__":
    main()
