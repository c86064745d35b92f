"""The only module that imports Hydra: its override grammar, and its composition of groups.

Hydra is a process-wide singleton, so it is used inside a lock, through its compose API alone. It
reads recipes and groups through a source of our own, which serves several folders as one, keeps
parsed files, and gives a recipe the package ``_global_`` so that no recipe needs to write that.

What it reads are assignments; :class:`Origins` knows which file and line each value came from, and
whether the user typed it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from threading import RLock
from typing import Any

from hydra import __version__, compose, initialize
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.global_hydra import GlobalHydra
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Glob, Override, OverrideType, Quote, QuotedString
from hydra.core.plugins import Plugins
from hydra.errors import HydraException
from hydra.plugins.config_source import ConfigResult, ConfigSource
from hydra.plugins.search_path_plugin import SearchPathPlugin
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from llmx.config.places import ROOT, Mount
from llmx.config.recipe import groups
from llmx.config.yaml_file import DEEPEST, TOO_DEEP, scalar, unusable
from llmx.core.errors import ConfigError
from llmx.core.secrets import is_secret_name


@dataclass
class Origins:
    """Dotted key -> its place; what is set as a whole outvotes what was set inside it before.

    ``typed`` are the keys of the command line. Whatever is not among them is a file's, however the
    file was chosen: a group that the user picks by name may be a stranger's.
    """

    places: dict[str, str] = field(default_factory=dict)
    typed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, assignments: Iterable[Assignment]) -> Origins:
        """Return the origins of assignments, applied in their order."""
        found = cls()
        for given in assignments:
            found.note(given)
        return found

    def copy(self) -> Origins:
        """Return origins that change on their own."""
        return Origins(dict(self.places), self.typed)

    def note(self, given: Assignment) -> None:
        """Remember where a key is set now."""
        inside = f"{given.key}."
        self.places = {k: p for k, p in self.places.items() if not k.startswith(inside)}
        now = {given.key} if given.typed else set()
        self.typed = (self.typed - {given.key}) | now  # what has lost its place is asked no more
        self.places[given.key] = given.origin

    def setter(self, key: str) -> str | None:
        """Return the key by which a value was set: itself, or the nearest one that holds it."""
        while key not in self.places:
            key, dot, _ = key.rpartition(".")
            if not dot:
                return None
        return key

    def is_typed(self, key: str) -> bool:
        """Whether the user typed the value of a key."""
        return self.setter(key) in self.typed


_LOCK = RLock()
_PARSER = OverridesParser.create()
_SHOWN = 200  # characters of an override that an error repeats
_NAMES = re.compile(r"([\w.-]+)[\"']?\s*[=:]")


@dataclass(frozen=True, eq=False)
class Assignment:
    """One ``KEY=VALUE`` as read. More than one value is a sweep. Two are equal only if one."""

    key: str
    values: tuple[Any, ...]
    text: str
    origin: str
    typed: bool = False
    """Whether it is the user's own word, not a file's."""

    @property
    def sweep(self) -> bool:
        """Whether the arms are multiplied."""
        return len(self.values) > 1


def parse_override(text: str, origin: str) -> Assignment:
    """Read one override with Hydra's grammar: quotes, lists and functions as its manual says.

    Raises:
        ConfigError: if it cannot be read, removes a key, or sweeps over an unnamed set.
    """
    if _opened(text) > DEEPEST:  # the parser would take a minute to find out
        raise ConfigError(f"{origin}: cannot read '{_brief(text)}': {TOO_DEEP}")
    try:
        parsed = _PARSER.parse_override(_home_quoted(text))
    except (HydraException, RecursionError, ValueError) as error:
        raise ConfigError(f"{origin}: cannot read '{_brief(text)}'", _how(text)) from error
    if parsed.type is OverrideType.DEL:
        hint = f"to clear a value write {parsed.key_or_group}=null"
        raise ConfigError(f"{origin}: '{_brief(text)}' would remove a key", hint)
    if parsed.type is not OverrideType.CHANGE or parsed.package or not parsed.key_or_group:
        raise ConfigError(
            f"{origin}: cannot use '{_brief(text)}'", "write KEY=VALUE with a plain key"
        )
    values = _values(parsed, text, origin)
    if (wrong := unusable(values)) is not None:
        raise ConfigError(f"{origin}: cannot use '{_brief(text)}': {wrong}")
    twice = [value for at, value in enumerate(values) if value in values[:at]]
    if twice:
        raise ConfigError(f"{origin}: '{_brief(text)}' names a value twice", "name each value once")
    return Assignment(parsed.key_or_group, values, text, origin)


def _opened(text: str) -> int:
    """Return the most brackets that are open at once; those in quotes count too."""
    steps = ((one in "[{(") - (one in "]})") for one in text)
    return max(accumulate(steps), default=0)


def _brief(text: str) -> str:
    """Return an override as an error repeats it: not all of a long one, no value of a secret."""
    names = _NAMES.findall(text)
    if any(is_secret_name(name) for found in names for name in found.split(".")):
        return f"{text.partition('=')[0]}=…"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


_AT_HOME = re.compile(r"([^=]+)=(~[^=,'\"\[\]{}()\\]*)")


def _home_quoted(text: str) -> str:
    """Quote a path that begins at home: shells leave `KEY=~/x` as it is, and Hydra knows no `~`."""
    found = _AT_HOME.fullmatch(text)
    return text if found is None else f'{found[1]}="{found[2]}"'


def _how(text: str) -> str:
    key, equals, value = text.partition("=")
    if not equals:
        return "write KEY=VALUE"
    value = _brief(text).partition("=")[2]
    return f"if the value holds special characters, quote it twice: '{key}=\"{value}\"'"


def _values(parsed: Override, text: str, origin: str) -> tuple[Any, ...]:
    if not parsed.is_sweep_override():
        return (_plain(parsed._value, text, origin),)
    if isinstance(parsed._value, Glob) or not parsed.is_discrete_sweep():
        raise ConfigError(
            f"{origin}: '{_brief(text)}' has no countable values", "write a,b,c or range(…)"
        )
    return tuple(_plain(value, text, origin) for value in parsed.sweep_iterator())


def _plain(value: Any, text: str, origin: str) -> Any:
    """Return a value of Hydra's parser without its marks of quotes, however deep they are."""
    if isinstance(value, QuotedString):
        return _unescaped(value, text, origin)
    if isinstance(value, dict):
        pairs = value.items()
        return {_plain(k, text, origin): _plain(v, text, origin) for k, v in pairs}
    return [_plain(item, text, origin) for item in value] if isinstance(value, list) else value


def _unescaped(value: QuotedString, text: str, origin: str) -> str:
    r"""Return what quotes hold: escapes mean in double quotes what they mean in a YAML file.

    Hydra's own reading knows an escaped quote alone, so that ``["\n\n"]`` would be four letters.
    """
    if value.quote is not Quote.double or "\\" not in value.text:
        return value.text
    try:
        return str(scalar(value.with_quotes()))
    except ValueError as error:
        hint = "write \\\\ for a backslash, or use single quotes, in which it is a letter"
        raise ConfigError(f"{origin}: '{_brief(text)}': {error} in double quotes", hint) from error


_mount: Mount | None = None


class RecipeSource(ConfigSource):
    """Serves the current :class:`Mount` to Hydra."""

    @staticmethod
    def scheme() -> str:
        """Return the scheme under which Hydra finds this source."""
        return "llmx"

    def load_config(self, config_path: str) -> ConfigResult:
        """Return one configuration; the recipe goes to the top level, a group below its name."""
        name = config_path.removesuffix(".yaml")
        content = _mount.content(name) if _mount else None
        package = "_global_" if name.startswith("recipe/") else None
        return ConfigResult(
            provider=self.provider,
            path=self.full_path(),
            config=OmegaConf.create(content or {}),
            header={"package": package},
        )

    def available(self) -> bool:
        """Return whether something is mounted."""
        return _mount is not None

    def is_group(self, config_path: str) -> bool:
        """Return whether `config_path` is a group."""
        return config_path in ("", "recipe", *groups())

    def is_config(self, config_path: str) -> bool:
        """Return whether `config_path` can be loaded."""
        return _mount is not None and _mount.content(config_path.removesuffix(".yaml")) is not None

    def list(self, config_path: str, results_filter: ObjectType | None) -> list[str]:
        """List the choices of a group."""
        only_groups = results_filter is ObjectType.GROUP
        return [] if _mount is None or only_groups else _mount.choices(config_path)


class _SearchPath(SearchPathPlugin):
    """Puts the source on Hydra's path while something is mounted, and never for other programs."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        if _mount is not None:
            search_path.append("llmx", "llmx://recipes")


_COMPOSED: dict[Any, dict[str, Any]] = {}


def compose_groups(mount: Mount, choices: Mapping[str, str]) -> dict[str, Any]:
    """Return what the groups give for the recipe's own choices overridden by `choices`.

    Composed once for each set of choices and content of the group files, as a recipe gives Hydra
    nothing but choices; the caller gets a copy.

    Raises:
        ConfigError: if Hydra cannot compose them.
    """
    files = mount.digests()
    key = (files, tuple(sorted({**mount.chosen(), **choices}.items())))
    with _LOCK:
        found = _COMPOSED.get(key)
        if found is None:
            found = _compose(mount, [f"{g}={c}" for g, c in choices.items()])
            if mount.digests() == files:  # else a file changed meanwhile: this is of neither state
                _COMPOSED[key] = found
        return {name: _copy(value) for name, value in found.items()}


def _copy(value: Any) -> Any:
    return {n: _copy(v) for n, v in value.items()} if isinstance(value, dict) else value


def _compose(mount: Mount, overrides: Sequence[str]) -> dict[str, Any]:
    global _mount
    plugins = Plugins.instance()
    plugins.register(RecipeSource)
    plugins.register(_SearchPath)
    # Another program's Hydra may be live in this process: put it back afterwards.
    before = GlobalHydra.instance().hydra
    GlobalHydra.instance().clear()
    _mount = mount
    try:
        with _initialized():
            config = compose(config_name=ROOT, overrides=["recipe=recipe", *overrides])
        return dict(OmegaConf.to_container(config, resolve=False))  # type: ignore[arg-type]
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(f"{mount.recipe.name}: {str(error).strip().splitlines()[0]}") from error
    finally:
        _mount = None
        GlobalHydra.instance().hydra = before


def _initialized() -> initialize:
    # 1.3 asks for its level by name; 1.4 has no levels any more.
    if __version__.startswith("1.3"):
        return initialize(config_path=None, job_name="llmx", version_base="1.3")
    return initialize(config_path=None, job_name="llmx")


def resolve(values: dict[str, Any]) -> dict[str, Any]:
    """Replace ``${key}`` by what it stands for. No resolver that reads the environment is known.

    Raises:
        ConfigError: if a key is unknown, or a resolver such as ``${oc.env:…}`` is used, whose
            value would end in the run folder and change between machines.
    """
    text = str(values)
    if "${" not in text:
        return values
    if "${oc." in text:
        raise ConfigError("${oc.…} is refused, the machine must not decide a setting")
    try:
        return dict(OmegaConf.to_container(OmegaConf.create(values), resolve=True))  # type: ignore[arg-type]
    except OmegaConfBaseException as error:
        raise ConfigError(f"cannot resolve ${{…}}: {str(error).splitlines()[0]}") from error
