"""Where an endpoint is, and the key that opens it; a key is in the environment and nowhere else."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from llmx.core import hosts
from llmx.core.errors import ConfigError, EngineError
from llmx.core.spec import Destination, EngineSpec


@dataclass(frozen=True)
class Address:
    """A base URL (``https://host/v1``) and a key, which no text of this object shows."""

    url: str
    key: str

    def __repr__(self) -> str:
        return f"Address({self.url})"

    @property
    def here(self) -> bool:
        """Whether it is on this machine: no proxy stands between."""
        return urlsplit(self.url).hostname in hosts.LOOPBACK

    @property
    def headers(self) -> dict[str, str]:
        """The headers that open it."""
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}

    def without_key(self, text: str) -> str:
        """Return a text, e.g. a server's own error, with the key struck out."""
        return text.replace(self.key, "***") if self.key else text


def check_url(url: str) -> str:
    """Return the base URL without a slash at its end.

    Raises:
        ConfigError: for anything but a plain http(s) address; one that holds a secret among them,
            as settings are written to disk.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(f"engine.base_url={url} is no address", "http://127.0.0.1:8000/v1")
    if parts.username or parts.password or parts.query or parts.fragment:
        clean = f"{parts.scheme}://{parts.hostname}"
        text = f"engine.base_url ({clean}…) holds a name, a key or a query"
        raise ConfigError(text, "keys are read from the environment: engine.key_env=NAME")
    return url.rstrip("/")


def named_url(spec: EngineSpec) -> str:
    """Return the base URL of the settings.

    Raises:
        ConfigError: without one, or for a wrong one.
    """
    if spec.base_url is None:
        text = f"engine '{spec.kind}' needs an address"
        raise ConfigError(text, "engine.base_url=https://HOST/v1")
    return check_url(spec.base_url)


def destination(spec: EngineSpec) -> Destination:
    """Return where an engine sends to, and who says so."""
    return Destination(
        what="engine",
        url=named_url(spec),
        key_env=spec.key_env,
        address_by=spec.address_by,
        key_by=spec.key_by,
    )


def find_address(spec: EngineSpec) -> Address:
    """Return where to ask.

    Raises:
        ConfigError: without an address, with a wrong one, or with one that a file names and the
            user has not allowed.
        EngineError: if an address that is not on this machine has no key.
    """
    url = named_url(spec)
    to = destination(spec)
    refused = hosts.refusal(to)
    if refused is not None:
        raise refused
    key = os.environ.get(spec.key_env, "").strip() if hosts.may_have_key(to) else ""
    if not key and not Address(url, key).here:
        hint = f"export {spec.key_env}=…, or name another variable: engine.key_env=NAME"
        raise EngineError(f"{url} wants a key, and ${spec.key_env} is not set", hint)
    return Address(url, key)
