"""The options that every training stage has, whatever it trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from pydantic import Field, field_validator

from llmx.core.errors import ConfigError, nearest
from llmx.core.options import StageOptions, wrong
from llmx.train.course.fields import Source
from llmx.train.course.settings import check_lora, check_settings
from llmx.train.course.trackers import TRACKERS

T = TypeVar("T")


class CourseOptions(StageOptions):
    """Settings of a trainer, an adapter, trackers and processes.

    Attributes:
        trl: the kind of TRL's whose configuration the settings are.
        sources: classes of the configuration of another trainer, from the base on.
        reserved: settings that this kind decides itself, and what to write instead.
        usual: settings whose default is not the trainer's.
    """

    trl: ClassVar[str] = ""
    sources: ClassVar[tuple[Source, ...]] = ()
    reserved: ClassVar[Mapping[str, str]] = {}
    usual: ClassVar[Mapping[str, Any]] = {}

    settings: dict[str, Any] = Field(default={}, description="TRL's configuration, by its names")
    lora: dict[str, Any] | None = Field(
        default=None, description="peft's LoraConfig; null = all weights"
    )
    trackers: tuple[str, ...] | None = Field(
        default=None, description="null = tensorboard, where it is installed"
    )
    accelerate: str | None = Field(default=None, description="configuration file of accelerate")

    @field_validator("settings")
    @classmethod
    def _settings(cls, found: dict[str, Any]) -> dict[str, Any]:
        def check() -> dict[str, Any]:
            return check_settings(cls.trl, {**cls.usual, **found}, "", cls.sources, cls.reserved)

        return _checked(check)

    @field_validator("lora")
    @classmethod
    def _lora(cls, found: dict[str, Any] | None) -> dict[str, Any] | None:
        return _checked(lambda: check_lora(found, ""))

    @field_validator("trackers")
    @classmethod
    def _trackers(cls, found: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for tracker in found or ():
            if tracker not in TRACKERS:
                raise wrong(f"unknown tracker '{tracker}'", nearest(tracker, TRACKERS, "trackers"))
        return found


def _checked(check: Callable[[], T]) -> T:
    try:
        return check()
    except ConfigError as error:
        raise wrong(error.message, error.hint) from error
