"""Who may ask: by the name that was called, the page that asks, and a key."""

from __future__ import annotations

import hmac
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.datastructures import Headers
from starlette.types import Scope

from llmx.core.errors import ConfigError
from llmx.serve.refusal import Refusal

LOOPBACK = ("localhost", "127.0.0.1", "::1")
ANY = "*"

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?", re.ASCII)
_ORIGIN = re.compile(r"null|\*|[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?")
_OPEN = ("/health",)  # says nothing but that the server is there: watchers have no key
_SHOWN = 80  # characters of a stranger's header in a message


@dataclass(frozen=True)
class Access:
    """The rules; a page in a browser is a stranger even on loopback.

    Attributes:
        hosts: names by which the server may be called, beside the address that it was reached at.
        origins: pages that may ask, as a browser's Origin header names them.
        digest: SHA-256 of the key; None = no key is asked for.
    """

    hosts: frozenset[str] = frozenset(LOOPBACK)
    origins: frozenset[str] = frozenset()
    digest: bytes | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls, hosts: Iterable[str] = (), origins: Iterable[str] = (), key: str | None = None
    ) -> Access:
        """Return the rules of names, origins and a key.

        Raises:
            ConfigError: for what is no name or no origin, and for ``*`` without a key.
        """
        named = frozenset((*LOOPBACK, *(_named(host) for host in hosts)))
        pages = frozenset(_page(origin) for origin in origins)
        if key is None and ANY in named | pages:
            raise ConfigError(f"'{ANY}' lets every page of the web ask", "--api-key, or name them")
        return cls(named, pages, None if key is None else _digest(key))

    def check_address(self, scope: Scope) -> None:
        """Refuse a foreign name (a page whose name was bound to this address) and foreign pages.

        Raises:
            Refusal: 403.
        """
        headers = Headers(scope=scope)
        host = headers.get("host", "").lower()
        if not self._is_ours(host, (scope.get("server") or ("", 0))[0]):
            text = f"the host '{_shown(host)}' is not served here; see --allow-host"
            raise Refusal(403, text, code="host_not_allowed")
        for origin in headers.getlist("origin"):
            if not {origin.lower(), ANY} & self.origins:
                text = f"pages of '{_shown(origin)}' may not ask; see --allow-origin"
                raise Refusal(403, text, code="origin_not_allowed")

    def check_key(self, scope: Scope) -> None:
        """Compare the key, in a time that does not tell how much of it was right.

        Raises:
            Refusal: 401.
        """
        if self.digest is None or scope["path"] in _OPEN:
            return
        scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
        right = hmac.compare_digest(_digest(given.strip()), self.digest)
        if scheme.lower() != "bearer" or not right:
            text = "this server asks for its key: 'Authorization: Bearer KEY'"
            raise Refusal(401, text, code="invalid_api_key")

    def _is_ours(self, host: str, reached: str) -> bool:
        found = _HOST.fullmatch(host)
        if found is None:
            return False
        name = found[1].strip("[]").removesuffix(".")
        address = _address(name)
        if address is not None and (address.is_loopback or address == _address(reached)):
            return True
        return not {name, ANY}.isdisjoint(self.hosts)


def key_in(name: str, wanted: bool | None) -> str | None:
    """Return the key in a variable of the environment; keys are never words of a command.

    Args:
        wanted: False = no key; True = there must be one; None = one that is set is taken.

    Raises:
        ConfigError: for a key that is missing, empty, or cannot stand in a header.
    """
    key = os.environ.get(name)
    if wanted is False or (key is None and wanted is None):
        return None
    if not key:
        text = f"${name} is {'not set' if key is None else 'empty'}"
        raise ConfigError(text, f"export {name}=…, or --no-api-key for none")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigError(f"the key in ${name} has marks that no header can hold", "use letters")
    return key


def _digest(key: str) -> bytes:
    return sha256(key.encode()).digest()


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Return the IP address that a text is, an IPv4 one in IPv6's clothes as itself."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _named(host: str) -> str:
    name = host.strip().lower()
    if name == ANY or _address(name) is not None:
        return name
    found = _HOST.fullmatch(name)
    if found is None or found[1] != name:
        raise ConfigError(f"'{_shown(host)}' is no host", "--allow-host NAME, without a port")
    return name.strip("[]").removesuffix(".")


def _page(origin: str) -> str:
    name = origin.strip().lower()
    if not _ORIGIN.fullmatch(name):
        hint = "--allow-origin https://chat.example, without a path"
        raise ConfigError(f"'{_shown(origin)}' is no origin", hint)
    return name


def _shown(text: str) -> str:
    cut = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return "".join(mark if mark.isprintable() else "?" for mark in cut)
