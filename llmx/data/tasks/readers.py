"""What learns from a data stage, and whether it is asked later as it was taught."""

from __future__ import annotations

from llmx.core.errors import ConfigError
from llmx.core.stage import StageInput
from llmx.data.tasks.options import sent_wrapper


def check_readers(given: StageInput, written: str, evaluated: str) -> None:
    """Refuse rows that would be learned with another prompt than answers are asked for with.

    Kind `train` puts every question through the chat template. Warm-ups of kind `sft` and `dpo`
    take a row's raw prompt where it has one, and their models answer what `decode` sends.

    Args:
        written: the wrapper of the rows.
        evaluated: the wrapper of the prompts that are decoded (``data.options.wrapper``).

    Raises:
        ConfigError: naming both stages and what to set.
    """
    known = {"train": "chat", "sft": evaluated, "dpo": evaluated}
    for reader in given.stages.values():
        wanted = known.get(reader.kind, written)
        if given.stage.name in reader.needs and wanted != written:
            raise ConfigError(
                f"stage '{given.stage.name}' writes prompts of wrapper {written}, and what stage "
                f"'{reader.name}' (kind {reader.kind}) trains is asked with those of {wanted}",
                f"set stages.{given.stage.name}.wrapper={wanted}",
            )


def require_chat(given: StageInput, instead: str) -> None:
    """Refuse a raw wrapper where a stage writes nothing but chats.

    Raises:
        ConfigError: saying what to do `instead`.
    """
    for data in (arm.data for arm in given.arms.values() if arm.data is not None):
        if (wrapper := sent_wrapper(data)) != "chat":
            stage = given.stage.name
            text = f"stage '{stage}' writes chats alone, and data.options.wrapper is {wrapper}"
            raise ConfigError(text, instead)
