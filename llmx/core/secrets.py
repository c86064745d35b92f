"""What is a secret: by the name that it stands under, or by the shape of a key.

One rule for every place where a string can be given. Names are taken apart into words
(``extra_headers.X-Api-Key``, ``hfToken``), and the last one counts: ``key_env``, ``max_tokens``,
``token_ids`` and ``tokenizer`` name no secret.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

_SECRET = frozenset({
    "secret", "secrets", "password", "passwords", "passwd", "pwd", "passphrase", "authorization",
    "auth", "bearer", "credential", "credentials", "cookie", "cookies",
})  # fmt: skip
_AMBIGUOUS = frozenset({"key", "token"})
"""Secrets where they hold a text. No service gives out a short number as a key."""
_PLURAL = frozenset({"keys", "tokens"})
_OF_SERVICES = frozenset({
    "access", "admin", "api", "app", "auth", "bearer", "client", "hf", "hub", "huggingface",
    "id", "openai", "private", "refresh", "secret", "service", "session", "signing", "wandb",
})  # fmt: skip
"""``api_keys`` are secrets, ``max_tokens`` and ``label_keys`` are not."""
_RUN_TOGETHER = re.compile(
    r"(access|api|auth|client|hf|hub|private|secret|session)(keys?|tokens?|secret)|secretaccesskey"
)
_TAILS = frozenset({"value", "header", "string", "text", "plain", "raw"})
HARMLESS = frozenset({
    *(f"{word} token" for word in (
        "bos", "eos", "eot", "eom", "pad", "unk", "sep", "cls", "mask", "image", "video", "audio",
        "think", "start", "end", "stop", "first", "last", "next", "special", "draft",
        "max", "min", "per", "system", "user", "assistant", "boundary", "backtrack", "decoder",
    )),
    *(f"{word} key" for word in (
        "sort", "primary", "foreign", "cache", "group", "prompt", "question", "answer", "text",
        "label", "id", "reward", "metric", "column", "public", "messages", "completion", "query",
    )),
})  # fmt: skip
"""Last two words of names that end like a secret's and are known to hold none."""

_PART = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[^\W\d_]+")


def _words(name: str) -> list[str]:
    last = unicodedata.normalize("NFKC", name).rpartition(".")[2]
    found = [part.lower() for part in _PART.findall(last)]
    while len(found) > 1 and found[-1] in _TAILS:
        found.pop()
    return found


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether a name, dotted or not, is that of a secret: ``engine.options.x_api_key``."""
    words = _words(name)
    if not words or " ".join(words[-2:]) in HARMLESS:
        return False
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last in _PLURAL:
        return before in _OF_SERVICES
    return last in _SECRET | _AMBIGUOUS or _RUN_TOGETHER.fullmatch(last) is not None


def is_strong_name(name: str) -> bool:
    """Whether it is a secret's name on its own, as no mere ``key`` or ``token`` is."""
    return is_secret_name(name) and len(_words(name)) + (_words(name)[-1] in _SECRET) > 1


def names_a_variable(name: str) -> bool:
    """Whether the value is the name of a secret's variable: ``key_env``."""
    stem, found, _ = name.rpartition("_env")
    return bool(found) and name.endswith("_env") and is_secret_name(stem)


_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
PLACEHOLDERS = frozenset({"", "…"})


def is_secret_under(name: str, value: Any) -> bool:
    """Whether a value without parts is a secret, as it stands under such a name."""
    if names_a_variable(name):
        return isinstance(value, str) and not _VARIABLE.fullmatch(value)
    if value is None or isinstance(value, bool) or not is_secret_name(name):
        return False
    if isinstance(value, int | float):
        return _words(name)[-1] not in _AMBIGUOUS
    return str(value) not in PLACEHOLDERS


_B = r"(?<![A-Za-z0-9])"  # a key begins here: `mask-…` and `task_…` are none
_NAMES = r"(?:x[-_])?api[-_]?keys?|(?:proxy-)?authorization|passw(?:or)?d"
_NAMES += r"|(?:access|auth|bearer|client|hf|hub|refresh|session)[-_]?(?:token|secret)"
_NAMES += r"|(?:secret|private)[-_]?(?:access[-_]?)?key"
_SHAPES = tuple(map(re.compile, (
    _B + r"sk-(?:[A-Za-z0-9]+[-_])*(?=[A-Za-z0-9]*\d|[A-Za-z0-9]{20})[A-Za-z0-9]{16,}[\w-]*",
    _B + r"[sprk]k_(?:live|test)_[A-Za-z0-9]{10,}",
    _B + r"(?:hf|gsk|npm|api_org|r8)_[A-Za-z0-9]{16,}",
    _B + r"gh[a-z]_[A-Za-z0-9]{16,}",
    _B + r"github_pat_\w{16,}",
    _B + r"(?:glpat|nvapi|xai|pplx|pypi|dckr_pat)-(?=[\w-]*\d)[\w-]{16,}",
    _B + r"(?:AKIA|ASIA)[A-Z0-9]{12,}",
    _B + r"xox[a-z]-[\w-]{8,}",
    _B + r"xapp-\d[\w-]{8,}",
    _B + r"AIza[\w-]{30,}",
    _B + r"ya29\.[\w-]{16,}",
    _B + r"eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*",
    _B + r"(?:[Bb]earer|BEARER)\s+(?=\S*[\dA-Z]|\S{20})[\w.~+/=-]{4,}",
    _B + r"Basic\s+(?=\S*[\d=])[A-Za-z0-9+/]{8,}={0,2}(?![\w-])",
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*",
    r"(?<=://)[^/\s?#]*@",
    r"(?<=://)[^/\s]*@",
    r"(?i:(?<=[?&;#])(?:[\w.-]*(?:key|token|secret|password|passwd|auth|signature|credential)|sig)"
    r"=[^&\s]+)",
    rf"(?i:{_B}(?:{_NAMES})[\"']?\s*=\s*[\"']?(?!null\b)[^\s\"',;}}]{{4,}})",
    rf"(?i:{_B}(?:{_NAMES})[\"']?\s*:\s*[\"']?(?=[^\s\"']*[\d\"'])[^\s\"',;}}]{{4,}})",
    rf"(?i:--(?:[\w-]+-)?(?:{_NAMES}|token|secret)[\s=]+[^\s-]\S{{3,}})",
)))  # fmt: skip


@lru_cache(maxsize=4096)
def has_key_shape(text: str) -> bool:
    """Whether a key, a password of an address, or a header with one stands in a text."""
    return any(shape.search(text) for shape in _SHAPES)


def struck_out(text: str) -> str:
    """Return a text, e.g. an error that quotes an address, with whatever looks like a key gone."""
    for shape in _SHAPES:
        text = shape.sub("…", text)
    return text


def without_secrets(words: Iterable[str]) -> list[str]:
    """Return a command line with its secrets blanked: ``NAME=…``, ``--NAME …``, and by shape."""
    found: list[str] = []
    flag = False
    for word in words:
        name, equals, value = word.partition("=")
        if flag and not word.startswith("-"):
            found.append("…")
        elif equals and value != "null" and any(map(is_secret_name, name.split("."))):
            found.append(f"{name}=…")
        else:
            found.append(struck_out(word))
        flag = word.startswith("--") and not equals and is_secret_name(word)
    return found
