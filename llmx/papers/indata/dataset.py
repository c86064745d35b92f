"""Data kind ``indata``: questions by level, answered by tools alone, made here by a seed.

Questions of `train` are checked by one engine, all others by two.
"""

from __future__ import annotations

from functools import lru_cache
from random import Random
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from llmx.core.errors import DataError
from llmx.core.options import parse, wrong
from llmx.core.record import Message, Sample
from llmx.core.spec import DataSpec
from llmx.data.templated import Templated, TemplatedOptions
from llmx.papers.indata.answers import UNKNOWN
from llmx.papers.indata.executors.polars_executor import PolarsExecutor
from llmx.papers.indata.items import item as items
from llmx.papers.indata.items.item import LEVELS, TEMPLATES, AnsweredItem, held_out
from llmx.papers.indata.tables.domains import DOMAINS
from llmx.papers.indata.tables.drawn_world import Names, WorldSpec, drawn_world
from llmx.papers.indata.wording import Hints, form_text, hint_text, system_text
from llmx.papers.indata.world import DataWorld
from llmx.store.files import dumps

_A_WORLD = 5  # items of each level on the same tables


def _some_of(known: tuple[Any, ...], what: str) -> AfterValidator:
    def check(given: tuple[Any, ...]) -> tuple[Any, ...]:
        if not given or not set(given) <= set(known) or len(set(given)) < len(given):
            hint = f"some of: {', '.join(map(str, known))}"
            raise wrong(f"{list(given)!r} are not {what}, each once", hint)
        return given

    return AfterValidator(check)


def _templates(given: tuple[str, ...]) -> tuple[str, ...]:
    known = {name for made in TEMPLATES.values() for name in made}
    if unknown := [name for name in given if name not in known]:
        raise wrong(f"there is no template '{unknown[0]}'", f"some of: {', '.join(sorted(known))}")
    return given


class IndataOptions(TemplatedOptions):
    """``data.options`` of InData."""

    levels: Annotated[tuple[str, ...], _some_of(LEVELS, "levels")] = Field(
        default=LEVELS, description="levels that take turns"
    )
    templates: Annotated[tuple[str, ...], AfterValidator(_templates)] = Field(
        default=(), description="templates to draw from; none = all"
    )
    domains: Annotated[tuple[str, ...], _some_of(tuple(one.name for one in DOMAINS), "domains")] = (
        Field(default=tuple(one.name for one in DOMAINS), description="what tables are about")
    )
    tables: Annotated[tuple[int, ...], _some_of((1, 2, 3), "numbers of tables")] = Field(
        default=(1, 2, 3), description="how many tables there are, in turns"
    )
    names: Names = Field(default="plain", description="opaque = names that say nothing")
    unanswerable: float = Field(
        default=0.1, ge=0.0, le=1.0, description="share of questions without what they need"
    )
    distractors: Literal[0, 10, 50] = Field(
        default=0, description="further tools that lead nowhere"
    )
    hints: Hints = Field(default="none", description="what is said about the gold program")


class Indata(Templated[str]):
    """`data: {kind: indata}`; levels take turns.

    The metadata of a sample hold the world (:func:`world_of` makes its tables again), the gold
    program, and the certificate. No model is shown them.
    """

    scorer: ClassVar[str] = "analysis"
    toolset: ClassVar[str] = "indata"
    procedural: ClassVar[bool] = True
    # Tables are drawn, and each candidate's program is run some twenty times.
    draw_seconds: ClassVar[float] = 0.017
    Options: ClassVar[type[TemplatedOptions]] = IndataOptions

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """Return what the problems depend on."""
        return {"spec": cls.stated(spec), "generator": "llmx", "version": items.VERSION}

    def templates(self, split: str) -> tuple[str, ...]:
        """Return the levels: those of every split."""
        return self._options.levels

    @property
    def _options(self) -> IndataOptions:
        return parse(self.spec, IndataOptions)

    def _drawn_from(self, split: str, level: str) -> list[str]:
        """Return the templates of a level and split: those held out are of `heldout` alone."""
        asked = self._options.templates
        if asked:
            return [name for name in TEMPLATES[level] if name in asked]
        out = held_out(level)
        return [name for name in TEMPLATES[level] if (name in out) == (split == "heldout")]

    def world_spec(self, split: str, index: int) -> WorldSpec:
        """Return which tables the questions of a place are about; no two splits share any."""
        options, at = self._options, index // _A_WORLD
        return WorldSpec(
            domain=options.domains[at % len(options.domains)],
            seed=f"{self.spec.seed}/{split}/{at}",
            tables=options.tables[::-1][at % len(options.tables)],
            names=options.names,
        )

    def problem(self, rng: Random, split: str, template: str, index: int) -> Sample:
        """Draw one problem of a level."""
        bench = items.workbench(self.world_spec(split, index), split != "train")
        found = items.next_item(bench, rng, template, self._drawn_from(split, template))
        lot = Random(f"{self.spec.seed}/{split}/{template}/{index}/unanswerable")
        lacking = lot.random() < self._options.unanswerable
        without = _unanswerable(found, lot) if lacking else {}
        return self._sample(f"{split}-{template}-{index}", found, without)

    def _sample(self, name: str, found: AnsweredItem, without: dict[str, str]) -> Sample:
        world = found.world
        if "column" in without:
            world = world.model_copy(update={"without": (without["column"],)})
        program = list(found.program)
        hint = hint_text(program, self._options.hints)
        asked = "\n".join(filter(None, [found.question, hint, form_text(found.answer_type)]))
        answer = UNKNOWN if without else found.answer
        solution = self.solution(dumps(program), dumps(answer))
        metadata = {
            **found.model_dump(mode="json", exclude={"question", "answer", "world", "columns"}),
            "world": world.model_dump(mode="json"),
            "asked": found.question,
            "distractors": self._options.distractors,
            "without": without,
        }
        system = system_text(drawn_world(world).world.catalogue)
        return Sample(
            id=name,
            question=asked,
            answer=dumps(answer),
            solution=solution,
            cluster=found.template,
            turns=(Message(role="system", content=system),),
            metadata=metadata,
        )

    def rung(self, template: str) -> tuple[str, int]:
        """Return a level, and how many calls its programs have at least."""
        return template, {"easy": 1, "medium": 3, "hard": 5}[template]


def _unanswerable(found: AnsweredItem, rng: Random) -> dict[str, str]:
    """Return what is taken away so that a question cannot be answered: a column, or a tool.

    The tool is the join, where the program joins: nothing else brings two tables together.
    """
    joins = any(step["tool"] == "join_tables" for step in found.program)
    if joins and rng.random() < 0.5:
        return {"tool": "join_tables"}
    return {"column": rng.choice(found.columns)}


def world_of(sample: Sample) -> DataWorld:
    """Return the tables of a problem, drawn again by what its metadata say."""
    return drawn_world(_spec_of(sample)).world


def executor_of(sample: Sample) -> PolarsExecutor:
    """Return what runs calls on the tables of a problem; problems on the same tables share it."""
    return _executor(_spec_of(sample))


def _spec_of(sample: Sample) -> WorldSpec:
    """Return which tables a problem is about.

    Raises:
        DataError: if the sample is no problem of InData.
    """
    if "world" not in sample.metadata:
        raise DataError(f"sample '{sample.id}' has no tables", "the tools are of data=indata")
    return WorldSpec.model_validate(sample.metadata["world"])


@lru_cache(maxsize=4)
def _executor(spec: WorldSpec) -> PolarsExecutor:
    return PolarsExecutor(drawn_world(spec).world)
