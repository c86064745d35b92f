"""Stage `embed`: the queries and targets of pairs as vectors."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from llmx.core.errors import ConfigError, DataError
from llmx.core.options import Count, InputModel, StageOptions
from llmx.core.registry import lookup
from llmx.core.spec import DataSpec, StageSpec
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.data import identity
from llmx.data.pairs.kind import PairData
from llmx.engines.embed.place import STAGE, embedder_content, embedder_folder, pinned
from llmx.engines.embed.vision import VISION
from llmx.engines.embed.words import DIMENSION, VERSION, WordsEmbedder
from llmx.stages.pair_table import PairTable

if TYPE_CHECKING:
    from llmx.data.pairs.pairs import PairRows
    from llmx.engines.embed.embedder import Embedder

_WORDS = "words"
_SECONDS = 12.0  # a call, of which reading the pairs is the most


class EmbedOptions(StageOptions):
    """By what, and which rows."""

    model: InputModel = Field(
        default=_WORDS,
        description="`words` = made of the rows themselves, lexical; a folder, package:NAME,"
        " stage:NAME or OWNER/NAME[@COMMIT]",
    )
    layers: Literal["none", "all"] = Field(
        default="none",
        description="of a model: `none` = its token vectors, averaged; `all` = as it was trained,"
        " as stage:NAME always is",
    )
    split: Literal["train", "calibration", "test"] = Field(default="train", description="of rows")
    query_prompt: str = Field(default="", description="stands before each query")
    target_prompt: str = Field(default="", description="stands before each target")
    shard: Count = Field(default=8192, description="rows that are written at once")


class EmbedStage:
    """Writes vectors in float16 below ``query`` and ``target``, and the table of the rows."""

    Options: ClassVar[type[StageOptions]] = EmbedOptions
    kind: ClassVar[str] = "embed"
    version: ClassVar[int] = 1
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The pairs, the embedder's content, and the options.

        Raises:
            ConfigError: for data that are no pairs.
            EngineError: for an embedder that is not here.
        """
        options = given.read(EmbedOptions)
        found: dict[str, Any] = {"data": identity(pair_data(given)), **options.model_dump()}
        if options.model == _WORDS:
            return {**found, "embedder": VERSION}
        if options.model.startswith(STAGE):  # its content is that of the need
            return found
        return {**found, "model": embedder_content(options.model)}

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """Some seconds: vectors of words or tokens; a whole model's time is not known."""
        pair_data(given)
        options = given.read(EmbedOptions)
        trained = options.model.startswith(STAGE)
        tokens = trains_tokens(given, options.model) if trained else options.layers == "none"
        if not tokens and not trains_small(given, options.model):
            return Cost(unknown="the model's speed was not measured")
        return Cost(seconds=_SECONDS)

    def run(self, context: StageContext) -> None:
        """Embed both sides, shard by shard."""
        from llmx.engines.embed.vectors import embedded

        given = context.given
        options = given.read(EmbedOptions)
        spec = pair_data(given)
        rows = pair_rows(spec, options.split)
        context.progress.start(2 * len(rows), unit="texts")
        model = _embedder(options, rows, context)
        ids = [row.id for row in rows]
        sides = (
            ("query", [row.asked for row in rows], options.query_prompt),
            ("target", [row.answer for row in rows], options.target_prompt),
        )
        for side, items, prompt in sides:
            embedded(context.out / side, ids, items, model, prompt, options.shard)
            context.progress.advance(len(rows))
        PairTable.of(rows).write(context.out)


def pair_data(given: StageInput) -> DataSpec:
    """Return the arm's data.

    Raises:
        ConfigError: if the arm has none, or they are no pairs.
    """
    spec = given.arm.data
    kind = None if spec is None else lookup("data", spec.kind)
    if spec is None or not (isinstance(kind, type) and issubclass(kind, PairData)):
        what = "no data" if spec is None else f"data={spec.kind}, which holds no pairs"
        text = f"stage '{given.stage.name}' ({given.stage.kind}) has {what}"
        raise ConfigError(text, "data=pairs_local data.options.path=FILE, or data=wordnet")
    return spec


def _stage_of(given: StageInput, model: str) -> StageSpec | None:
    return given.stages.get(model.removeprefix(STAGE))


def trains_tokens(given: StageInput, model: str) -> bool:
    """Whether a stage of the recipe trains a model that is averaged token vectors."""
    own = _stage_of(given, model)
    return own is not None and own.options.get("student", "static") == "static"


def trains_small(given: StageInput, model: str) -> bool:
    """Whether a stage of the recipe trains a small model of pictures from nothing."""
    own = _stage_of(given, model)
    return own is not None and own.options.get("model") == VISION


def embedded_dimension(model: str) -> int | None:
    """Return the length of an embedder's vectors, from headers alone; None where it is not known.

    Args:
        model: as the option names it.
    """
    from llmx.engines.embed.place import dimension_of

    if model == _WORDS:
        return DIMENSION
    if model.startswith("stage:") or pinned(model):
        return None
    return dimension_of(embedder_folder(model))


@lru_cache(maxsize=1)
def pair_rows(spec: DataSpec, split: str) -> PairRows:
    """Return the rows of a split; those that were read last are kept.

    Raises:
        DataError: if they cannot be had, or share a text, word or group with another split.
    """
    data = lookup("data", spec.kind)(spec)
    if leaked := data.audit():
        one = leaked[0]
        shared = f"{one.what} '{one.shared[:60]}' stands in {' and '.join(one.splits)}"
        text = f"data={spec.kind}: {shared} (rows {', '.join(one.rows)})"
        raise DataError(text, "rows of one group lie in one split: data.options.group")
    found: PairRows = data.pairs(split)
    return found


def _embedder(options: EmbedOptions, rows: PairRows, context: StageContext) -> Embedder:
    from llmx.engines.embed.embedder import SentenceEmbedder, StaticEmbedder
    from llmx.engines.embed.vision import VisionEmbedder, check_items, is_vision

    if options.model != _WORDS:
        folder = embedder_folder(options.model, stages=context.inputs)
        if is_vision(folder):
            return VisionEmbedder(folder, context.given.arm.engine.device)
    check_items([item for row in rows for item in (row.asked, row.answer)])
    if options.model == _WORDS:
        return WordsEmbedder([(row.query, row.target) for row in rows])
    tokens = options.layers == "none" and not options.model.startswith(STAGE)
    return StaticEmbedder(folder) if tokens else SentenceEmbedder(folder)
