"""From a voice of an ensemble to the model behind it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from llmx.core.ensemble import EnsembleSpec, VoiceSpec
from llmx.core.errors import ConfigError
from llmx.core.spec import EngineSpec
from llmx.core.stream import Streamer
from llmx.engines.stream.batch import HfReplier, Replier, StreamReplier


def open_streamer(
    name: str, voice: VoiceSpec, engine: EngineSpec, stages: Mapping[str, Path] | None = None
) -> Streamer:
    """Return a streaming model; it loads at its first request.

    Args:
        engine: the arm's, for a voice that names none.

    Raises:
        ConfigError: for an engine that cannot stream.
    """
    from llmx.core.registry import lookup

    chosen = voice.engine or engine
    if voice.model is None:
        raise ConfigError(f"voice '{name}' has no model", "set its model, or the arm's")
    found: Streamer = lookup("streamer", chosen.kind)(name, voice.model, chosen, stages)
    return found


def open_cast(
    spec: EnsembleSpec, engine: EngineSpec, stages: Mapping[str, Path] | None = None
) -> dict[str, Streamer]:
    """Return a streaming model for each voice of an ensemble."""
    return {name: open_streamer(name, voice, engine, stages) for name, voice in spec.voices.items()}


def open_replier(
    voice: VoiceSpec, engine: EngineSpec, stages: Mapping[str, Path] | None = None
) -> Replier:
    """Return what answers lists of requests to a voice: batches where the engine is `hf`."""
    chosen = voice.engine or engine
    if chosen.kind == "hf" and voice.model is not None:
        return HfReplier(voice.model, chosen, stages)
    return StreamReplier(open_streamer("voice", voice, engine, stages))
