"""The dialect of Jinja that chat templates are written for.

A template comes with a model, from anyone: it runs in Jinja's sandbox, which changes nothing that
it is given. What it may use beyond Jinja is what transformers grants, since templates are written
against it.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import Any, NoReturn

from jinja2 import Environment, Template, TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace


@lru_cache(maxsize=64)
def compiled(template: str) -> Template:
    """Return a template ready to render, which takes as long as it likes: see `guarded`."""
    return environment().from_string(template)


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return Jinja's sandbox with what templates may use beyond Jinja."""
    found = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_GenerationTag, "jinja2.ext.loopcontrols"]
    )
    found.filters["tojson"] = _tojson
    found.globals.update(
        raise_exception=_raise, strftime_now=_strftime, dict=_Dict(), namespace=_Namespace
    )
    return found


class _GenerationTag(Extension):
    """``{% generation %}``: marks what a model said, for trainings. Its text stays as it is."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> nodes.Node:
        """Make a block of it: what is set inside is unknown outside."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("said"), [], [], body).set_lineno(line)

    def said(self, caller: Any) -> Any:
        """Return the block's own text."""
        return caller()


class _Dict:
    """Python's `dict` as far as a template may have it: to make one."""

    def __call__(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return dict(*args, **kwargs)

    def fromkeys(self, *args: Any) -> dict[Any, Any]:
        """Return a dictionary with these keys."""
        return dict.fromkeys(*args)


class _Namespace(Namespace):
    """Jinja's namespace without names that could reach Python's inner parts."""

    def __init__(self, /, *args: Any, **kwargs: Any) -> None:
        held = dict(*args, **kwargs)
        for name in held:
            _check_name(name)
        super().__init__(held)

    def __setitem__(self, name: str, value: Any) -> None:
        _check_name(name)
        super().__setitem__(name, value)


def _check_name(name: object) -> None:
    if isinstance(name, str) and name.startswith("_"):
        raise SecurityError(f"a namespace of a chat template takes no name like {name!r}")


def _raise(message: str) -> NoReturn:
    raise TemplateError(message)


def _strftime(format: str) -> str:
    return datetime.now().strftime(format)


def _tojson(
    x: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    """Jinja's own filter writes for HTML pages. The names are those that templates pass."""
    return json.dumps(
        x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )
