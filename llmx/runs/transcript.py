"""One episode of a stored run: its turns, what it came to, and its calls made once more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmx.core.episode import Episode, EpisodeTurn
from llmx.core.errors import ConfigError, StoreError, nearest
from llmx.core.names import family
from llmx.core.record import Sample
from llmx.core.registry import lookup
from llmx.core.spec import RunSpec
from llmx.core.stage import StageInput
from llmx.graph.folder import RunFolder, find_run
from llmx.store.files import inside, read_lines
from llmx.store.rows import rows

_KIND, _TURNS, _TIMES, _EPISODES = "agent", "turns.jsonl", "times.jsonl", "episodes.jsonl"


@dataclass(frozen=True)
class Transcript:
    """One episode.

    Attributes:
        folder: of the stage and arm, in the run's folder.
        seconds: of each turn: of the model, and of the tools.
    """

    run: RunFolder
    stage: str
    arm: str
    folder: Path
    turns: tuple[EpisodeTurn, ...]
    episode: Episode
    seconds: Mapping[int, tuple[float, float]]

    def replay(self) -> Any:
        """Make the calls once more, and ask no model.

        Returns: :class:`llmx.stages.replay.Replayed`.

        Raises:
            ConfigError: if the tools are others than those of the run, or are not there.
        """
        given = _given(self.run.spec(), self.stage, self.arm)
        made = lookup("stage", _KIND)
        _check_tools(_identity(self.run, self.stage, self.arm), made().identity(given))
        return made.replay(given, self.episode, self.turns, self.seconds)


def problem_of_episode(found: Transcript) -> Sample | None:
    """Return the problem of an episode, as scores of its arm keep it; None where nothing does."""
    for path in sorted(found.run.path.glob("*/*/problems.jsonl")):
        if path.parent.name == found.arm:
            return next((one for one in rows(path, Sample) if one.id == found.episode.id), None)
    return None


def html_of(found: Transcript) -> str:
    """Return an episode as one HTML file."""
    from llmx.report.episode_page import episode_html

    end = found.episode
    draw = f"#{end.draw}" if end.draw else ""
    title = f"{found.run.name}:{found.arm} {end.id}{draw}"
    return episode_html(title, end, found.turns, found.seconds, problem_of_episode(found))


def transcript(runs: Path, name: str, item: str) -> Transcript:
    """Return an episode.

    Args:
        name: ``RUN:ARM``; without a run the newest one, without an arm the only one.
        item: id of the problem; ``ID#2`` for a further draw.

    Raises:
        StoreError: if there is no such run or problem, or its arm has no episodes.
        ConfigError: if an arm has to be named.
    """
    run_name, _, arm = name.partition(":")
    run = find_run(runs, run_name)
    folder = _folder(run, arm)
    problem, draw = _draw(item)
    found = [
        one for one in rows(folder / _EPISODES, Episode) if (one.id, one.draw) == (problem, draw)
    ]
    if not found:
        known = {one.id for one in rows(folder / _EPISODES, Episode)}
        raise StoreError(f"{folder} has no episode '{item}'", nearest(problem, known, "problems"))
    turns = (one for one in rows(folder / _TURNS, EpisodeTurn) if one.id == problem)
    times = (row for row in read_lines(folder / _TIMES) if row["id"] == problem)
    return Transcript(
        run,
        folder.parent.name,
        folder.name,
        folder,
        tuple(one for one in turns if one.draw == draw),
        found[0],
        {row["turn"]: (row["model"], row["tools"]) for row in times if row["draw"] == draw},
    )


def _draw(item: str) -> tuple[str, int]:
    name, mark, number = item.rpartition("#")
    return (name, int(number)) if mark and number.isdecimal() else (item, 0)


def _folder(run: RunFolder, arm: str) -> Path:
    there = sorted(path.parent for path in run.path.glob(f"*/*/{_TURNS}"))
    if not there:
        text = f"{run.name} has no episodes"
        raise StoreError(text, "a run with a stage of kind agent, that has ended")
    fitting = [one for one in there if not arm or arm in (one.name, family(one.name))]
    names = sorted({one.name for one in there})
    if not fitting:
        raise StoreError(f"{run.name} has no episodes of '{arm}'", nearest(arm, names, "arms"))
    if len(fitting) > 1:
        raise ConfigError(
            f"{run.name} has episodes of {', '.join(names)}", f"name one: {run.name}:{names[0]}"
        )
    return inside(run.path, fitting[0].parent.name, fitting[0].name, links=True)


def _given(spec: RunSpec, stage: str, arm: str) -> StageInput:
    stages = {one.name: one for one in spec.stages}
    found = spec.arms[arm]
    seen = found.with_sections([one.section for one in lookup("stage", _KIND).sections])
    return StageInput(stages[stage].of_arm(found), {arm: seen}, stages=stages)


def _identity(run: RunFolder, stage: str, arm: str) -> Mapping[str, Any]:
    """Return what the stage was made from, as the manifest holds it."""
    made = run.manifest()["stages"]
    found = (one["identity"] for one in made if f"{stage}/{arm}" in one["stands_for"])
    return next(found, {})


def _check_tools(then: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    was, found = then.get("toolset", {}), now["toolset"]
    if was != found:
        versions = f"{was.get('version')} then, {found['version']} now"
        text = f"the tools of this run are not those of today: '{found['toolset']}' ({versions})"
        raise ConfigError(text, "replay it with the code that it was made with (manifest.json)")
