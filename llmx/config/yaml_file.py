"""Read one YAML file with the line of every key, so that errors can say where.

Only PyYAML is needed here: listing recipes must not wait for Hydra.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar

import yaml

from llmx.core.errors import ConfigError

Where = tuple[str, ...]
DEEPEST = 32
"""Levels inside one another that a value may have, less than any library minds."""
LONGEST = 256
"""Bits of a whole number."""
TOO_DEEP = f"lists and mappings are nested more than {DEEPEST} deep"
TOO_LONG = "a number has too many digits"


_OLD = (":timestamp", ":float", ":bool")
_READ_APART = re.compile(r"[-+]?(?:0[0-7_]*[0-7]|0b[01_]+|.*:.*)$")
_BOOL = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")


def _meant(number: str) -> str:
    digits = number.replace("_", "").lstrip("+-").lstrip("0")
    plain = f"write {digits or 0}, or " if digits.isdecimal() or not digits else ""
    return f"{plain}put it in quotes if it is text"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML 1.2 where the library has 1.1: `1e-3` is a number; a date, `no` and `on` are text.

    Whole numbers that the two versions read apart (`010`, `1:30`, `0b11`) are refused.
    """

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {
        first: [(tag, rule) for tag, rule in rules if not tag.endswith(_OLD)]
        for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """Return what a node says; the library's own constructors trip over odd ones."""
        try:
            found = super().construct_object(node, deep)
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
            kind = node.tag.rpartition(":")[2]
            raise _odd(node, f"this is no {kind} that can be read") from error
        if isinstance(found, int) and found.bit_length() > LONGEST:
            raise _odd(node, TOO_LONG)
        if node.tag.endswith(":int") and _READ_APART.match(node.value):
            raise _odd(node, f"{node.value} is {found} in YAML 1.1 alone: {_meant(node.value)}")
        return found


def _odd(node: yaml.Node, text: str) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, text, node.start_mark)


_FLOAT = re.compile(
    r"^(?:[-+]?(?:\d[\d_]*)\.[\d_]*(?:[eE][-+]?\d+)?|[-+]?(?:\d[\d_]*)[eE][-+]?\d+"
    r"|[-+]?\.\d[\d_]*(?:[eE][-+]?\d+)?|[-+]?\.?(?:inf|Inf|INF)|\.?(?:nan|NaN|NAN))$"
)
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", _BOOL, list("tTfF"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789.inIN"))


@dataclass(frozen=True)
class Document:
    """A parsed file. ``lines`` gives the line (from 1) of every key, by its path."""

    path: Path
    data: dict[str, Any]
    lines: dict[Where, int]
    header: str

    def where(self, *keys: str) -> str:
        """Return ``file:line`` of the deepest of `keys` that the file has."""
        for length in range(len(keys), 0, -1):
            if keys[:length] in self.lines:
                return f"{shown(self.path)}:{self.lines[keys[:length]]}"
        return f"{shown(self.path)}:1"


_CACHE: dict[Path, tuple[str, Document]] = {}


def shown(path: Path) -> str:
    """Return a path as a person would type it: relative where it lies below the current folder."""
    try:
        return str(path.relative_to(Path.cwd()))
    except (ValueError, FileNotFoundError):
        return str(path)


def digest(path: Path) -> str:
    """Return the hash of a file's content.

    Raises:
        ConfigError: if the file cannot be read.
    """
    return _hash(_bytes(path))


def read(path: Path) -> Document:
    """Return the mapping that a YAML file holds; parsed once for each content of the file.

    The content decides, not the time of the last change: a file that is put back with its old time
    is another file.

    Raises:
        ConfigError: with file and line, if it is not a readable mapping, has a key twice, an
            anchor, or a ``_target_`` (which would name code to run).
    """
    raw = _bytes(path)
    now = _hash(raw)
    known = _CACHE.get(path)
    if known is None or known[0] != now:
        known = _CACHE[path] = (now, _parse(path, raw))
    return known[1]


def _hash(raw: bytes) -> str:
    return blake2b(raw, digest_size=16).hexdigest()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{shown(path)}: cannot be read ({error.strerror})") from error


def _parse(path: Path, raw: bytes) -> Document:
    text = _text(path, raw)
    _check_depth(path, text)
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise ConfigError(
                f"{shown(path)}:1: the file is empty", "a recipe has stages: and arms:"
            )
        lines = dict(_walk(path, node, (), set()))
        data = loader.construct_document(node)
    except yaml.YAMLError as error:
        raise _broken(path, error) from error
    finally:
        loader.dispose()
    if not isinstance(data, dict):
        raise ConfigError(f"{shown(path)}:1: expected `key: value` lines, found {_noun(data)}")
    return Document(path, data, lines, _header(text))


def scalar(text: str) -> Any:
    """Return what one value means in a file.

    Raises:
        ValueError: saying what is wrong with it, e.g. an unknown escape.
    """
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise ValueError(getattr(error, "problem", None) or "broken text") from error


def unusable(value: Any) -> str | None:
    """Return why a value that no file holds cannot be worked with; None where it can."""
    level = [value]
    for _ in range(DEEPEST + 1):
        if any(isinstance(one, int) and one.bit_length() > LONGEST for one in level):
            return TOO_LONG
        level = [item for held in level for item in _items(held)]
    return TOO_DEEP if level else None


def _items(held: Any) -> Iterable[Any]:
    if isinstance(held, dict):
        return held.values()
    return held if isinstance(held, list | tuple) else ()


def _check_depth(path: Path, text: str) -> None:
    """Refuse what is nested without end, before anything follows it down."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_Loader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                line = event.start_mark.line + 1 if event.start_mark else 1
                raise ConfigError(f"{shown(path)}:{line}: {TOO_DEEP}")
    except (yaml.YAMLError, RecursionError) as error:
        raise _broken(path, error) from error


def _text(path: Path, raw: bytes) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigError(f"{shown(path)}:{line}: not a text file (UTF-8)") from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise ConfigError(f"{shown(path)}:{line}: not a text file (it holds a NUL byte)")
    return text


def _broken(path: Path, error: Exception) -> ConfigError:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = mark.line + 1 if mark else 1
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return ConfigError(f"{shown(path)}:{line}: broken YAML: {problem}")


def _walk(path: Path, node: yaml.Node, at: Where, seen: set[int]) -> Iterator[tuple[Where, int]]:
    if id(node) in seen:
        line = node.start_mark.line + 1
        raise ConfigError(f"{shown(path)}:{line}: anchors and aliases are not supported")
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        yield from _walk_mapping(path, node, at, seen)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            yield (*at, str(number)), item.start_mark.line + 1
            yield from _walk(path, item, (*at, str(number)), seen)


def _walk_mapping(
    path: Path, node: yaml.MappingNode, at: Where, seen: set[int]
) -> Iterator[tuple[Where, int]]:
    names: set[str] = set()
    for key, value in node.value:
        _check_key(path, key, names)
        yield (*at, key.value), key.start_mark.line + 1
        yield from _walk(path, value, (*at, key.value), seen)


def _check_key(path: Path, key: yaml.Node, names: set[str]) -> None:
    place = f"{shown(path)}:{key.start_mark.line + 1}"
    if not isinstance(key, yaml.ScalarNode) or not key.tag.endswith(":str"):
        raise ConfigError(f"{place}: the key {_spelled(key)} is not text", "put it in quotes")
    if key.value == "_target_":
        raise ConfigError(
            f"{place}: _target_ is refused, a recipe names no code", "write kind: NAME"
        )
    if key.value in names:
        raise ConfigError(f"{place}: the key '{key.value}' is given twice")
    names.add(key.value)


def _spelled(key: yaml.Node) -> str:
    return f"'{key.value}'" if isinstance(key, yaml.ScalarNode) else "here"


def _noun(value: object) -> str:
    return "a list" if isinstance(value, list) else f"one value ({str(value)[:20]!r})"


def _header(text: str) -> str:
    lines = []
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        lines.append(line.lstrip("#").removeprefix(" "))
    return "\n".join(lines).strip()
