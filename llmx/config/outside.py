"""What an arm and a stage reach for outside of llmx: programs, code, files, hosts and keys.

A value that a file gives is held against :mod:`llmx.config.permitted`. Hosts are no matter of
composing: they are gathered with who named them, and the run asks what the user allows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from llmx.config.mount import Mount
from llmx.config.origins import Origins
from llmx.config.permitted import RefusedValue, engine_refusals, stage_refusals
from llmx.config.points import Point
from llmx.config.problems import Problems
from llmx.core.exposure import exposures, refusal
from llmx.core.hosts import Named
from llmx.core.spec import Destination, EngineSpec, StageSpec

_USUAL_KEYS = {"vllm_server": "VLLM_API_KEY"}
_LOCAL_TRACKERS = ("tensorboard",)
_USER = "command line"


class Outside:
    """Checks what is composed for one recipe, and gathers where it sends to."""

    def __init__(self, mount: Mount, problems: Problems, trust_remote_code: bool) -> None:
        self.mount = mount
        self.problems = problems
        self.trust_remote_code = trust_remote_code
        self._found: dict[Destination, None] = {}

    @property
    def destinations(self) -> tuple[Destination, ...]:
        """Where all that was checked sends to."""
        return tuple(self._found)

    def check(self, point: Point) -> None:
        """Note what no file may set, and say in the values who named each host and key."""
        for what, path, engine in _engines(point.values):
            said = SetBy(path, point.origins, self.mount)
            for key, refused in engine_refusals(engine):
                self._refuse(said, key, refused)
            engine["trust_remote_code"] = self.trust_remote_code
            self._address(said, what, engine, "base_url")
        judge = point.values.get("judge")
        if isinstance(judge, dict):
            said = SetBy("judge", point.origins, self.mount)
            self._address(said, "judge", judge, "url")
            self._instructions(said, judge)

    def is_exposed(self, point: Point) -> bool:
        """Whether a point holds a secret, e.g. of a group's file; each is noted with its place."""
        found = list(exposures(point.values))
        for path in found:
            said = SetBy(path[0], point.origins, self.mount)
            self.problems.take(refusal(path, said.place(".".join(path[1:]))))
        return bool(found)

    def check_stages(self, stages: Sequence[StageSpec], typed: Origins) -> None:
        """The same for the options of stages; `typed` holds what the command line set of them."""
        for stage in stages:
            said = SetBy(f"stages.{stage.name}", typed, self.mount)
            for key, refused in stage_refusals(stage.options):
                self._refuse(said, key, refused)
            names = stage.options.get("trackers")
            by: Named = "user" if said.is_typed("trackers") else "file"
            for name in names if isinstance(names, list | tuple) else ():
                if name not in _LOCAL_TRACKERS:
                    found = Destination(
                        what="tracker", url=str(name), place=said.place("trackers"), address_by=by
                    )
                    self._found[found] = None

    def _refuse(self, said: SetBy, key: str, refused: RefusedValue) -> None:
        if not said.is_typed(key):
            text = f"{said.place(key)}: {said.path}.{key}: {refused.reason}"
            self.problems.add(text, refused.hint)

    def _address(self, said: SetBy, what: str, held: dict[str, Any], name: str) -> None:
        default = EngineSpec.model_fields["key_env"].default
        key_env = held.get("key_env", default)
        usual = _USUAL_KEYS.get(str(held.get("kind")), default)
        of_user = said.is_typed("key_env") or key_env == usual
        held["address_by"] = by = "user" if said.is_typed(name) else "file"
        held["key_by"] = key_by = "user" if of_user else "file"
        url = held.get(name)
        if not isinstance(url, str) or not isinstance(key_env, str):
            # Nothing is sent, so nobody is named; a value of another type is refused elsewhere.
            held["address_by"] = held["key_by"] = "user"
            return
        place = said.place(name if by == "file" or key_by == "user" else "key_env")
        found = Destination(
            what=what, url=url, key_env=key_env, place=place, address_by=by, key_by=key_by
        )
        self._found[found] = None

    def _instructions(self, said: SetBy, judge: Mapping[str, Any]) -> None:
        """Refuse a file that is not the recipe's own: what is in it is sent to the judge."""
        named, beside = judge.get("instructions"), self.mount.recipe.document.path.parent
        if not isinstance(named, str) or said.is_typed("instructions"):
            return
        if not Path(named).expanduser().resolve().is_relative_to(beside.resolve()):
            text = f"{said.place('instructions')}: judge.instructions={named} lies elsewhere"
            hint = "a file beside the recipe, or type judge.instructions=PATH"
            self.problems.add(f"{text}, and it would be sent to the judge", hint)


def _engines(values: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield (name for a person, dotted path, settings) of every engine of an arm."""
    engine = values.get("engine")
    if isinstance(engine, dict):
        yield "engine", "engine", engine
    ensemble = values.get("ensemble")
    voices = ensemble.get("voices") if isinstance(ensemble, dict) else None
    for name, voice in voices.items() if isinstance(voices, dict) else ():
        own = voice.get("engine") if isinstance(voice, dict) else None
        if isinstance(own, dict):
            yield f"voice {name}", f"ensemble.voices.{name}.engine", own


class SetBy:
    """Who set the settings below one path, and where."""

    def __init__(self, path: str, origins: Origins, mount: Mount) -> None:
        self.path = path
        self.origins = origins
        self.mount = mount

    def is_typed(self, key: str) -> bool:
        """Whether the user typed the value of a key below the path."""
        return self.origins.is_typed(f"{self.path}.{key}")

    def place(self, key: str) -> str:
        """Return where the value of a key below the path comes from: file and line, or who."""
        whole = f"{self.path}.{key}"
        setter = self.origins.setter(whole)
        document = self.mount.recipe.document
        if setter is None:
            return document.where(*whole.split("."))
        group, _, choice = self.origins.places[setter].partition("=")
        if setter == group:  # a choice of a group, whose file says it
            return self.mount.where(group, choice, *whole.split(".")[1:])
        place = self.origins.places[setter]
        inner = document.where(*whole.split("."))
        return inner if place.split(":")[0] == inner.split(":")[0] else place
