"""The page of a paper as data: every rendering reads this and nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from llmx.claims.paper import Claim, Paper, Statement
from llmx.claims.reproduce.anchors import Anchored, anchored, ranged
from llmx.claims.reproduce.beside import beside, exploratory
from llmx.claims.reproduce.card import Card
from llmx.claims.reproduce.claims import Published, published
from llmx.claims.reproduce.grows import grown
from llmx.claims.reproduce.stored import Stored
from llmx.core.record import Frozen, Sparse
from llmx.core.spec import Grade
from llmx.report.verdict.decide import over_all
from llmx.report.verdict.model import Verdict


class Source(Frozen):
    """One stored run that the page rests on."""

    card: Card
    problems: int
    seeds: int
    failed: tuple[str, ...] = Field(default=(), description="arms whose audit failed")


class Estimate(Frozen):
    """A run that is not stored yet: what to type and what it takes."""

    recipe: str
    scale: str
    command: str
    stages: int
    seconds: float = Field(description="estimated")
    complete: bool = Field(default=True, description="whether every stage has an estimate")
    refusal: str = Field(default="", description="why it cannot be run; empty = it can")


class RunVerdict(Frozen):
    """What one run says of a statement."""

    recipe: str
    run: str
    verdict: Verdict


class Tested(Sparse):
    """A statement and what our runs say of it."""

    younger: ClassVar[frozenset[str]] = frozenset({"needs"})

    id: str
    statement: str
    where: str
    grade: Grade | None = Field(default=None, description="None: a question of our own")
    judged: tuple[RunVerdict, ...] = ()
    tested_by: tuple[str, ...] = Field(default=(), description="recipes with a test of it")
    needs: str = Field(default="", description="what a test of it takes, while no recipe has one")


class Page(Frozen):
    """Everything that ``llmx reproduce PAPER`` shows."""

    schema_version: Literal[1] = 1
    paper: str
    title: str
    reference: str
    sources: tuple[Source, ...] = ()
    claims: tuple[Published, ...] = ()
    findings: tuple[Tested, ...] = ()
    anchors: tuple[Anchored, ...] = ()
    missing: tuple[Estimate, ...] = ()


def page(
    paper: Paper,
    stored: Sequence[Stored],
    tests: Mapping[str, Sequence[str]],
    missing: Sequence[Estimate] = (),
) -> Page:
    """Put together what is published and what was found.

    Args:
        stored: one run a recipe at most.
        tests: recipe -> ids of the findings that it tests.
        missing: what is not stored.
    """
    by_recipe = {run.card.recipe: run for run in stored}
    return Page(
        paper=paper.paper,
        title=paper.title,
        reference=paper.reference,
        sources=tuple(_source(run) for run in stored),
        claims=tuple(
            _published(claim, by_recipe, paper.notes.get(claim.note or "", ""))
            for claim in paper.claims
            if claim.role == "claim"
        ),
        findings=_findings(paper, stored, tests),
        anchors=_anchors(paper, by_recipe),
        missing=tuple(missing),
    )


def _published(claim: Claim, stored: Mapping[str, Stored], note: str) -> Published:
    if claim.ours is None:
        return published(claim, None, note=note)
    found, explored = beside(claim.ours, stored), exploratory(claim.ours, stored)
    return published(claim, found, explored, note)


def _source(run: Stored) -> Source:
    return Source(card=run.card, problems=run.problems, seeds=run.seeds, failed=run.failed)


def _anchors(paper: Paper, stored: Mapping[str, Stored]) -> tuple[Anchored, ...]:
    whole = [claim for claim in paper.claims if claim.role == "anchor" and claim.ours is not None]
    return (
        *(anchored(paper, anchor, beside(anchor.ours, stored)) for anchor in paper.anchors),
        *(ranged(claim, beside(claim.ours, stored)) for claim in whole if claim.ours),
    )


def _findings(
    paper: Paper, stored: Sequence[Stored], tests: Mapping[str, Sequence[str]]
) -> tuple[Tested, ...]:
    """Return the paper's statements in their order, and then the questions of our own."""
    known = {statement.id: statement for statement in paper.findings}
    judged = [verdict.id for run in stored for verdict in run.verdicts]
    own = [name for name in dict.fromkeys(judged) if name not in known]
    found = [_tested(name, known.get(name), stored, tests) for name in (*known, *own)]
    return _over_all(found)


def _over_all(found: Sequence[Tested]) -> tuple[Tested, ...]:
    """Return the findings with every verdict judged among all of the page, whatever its run."""
    counted = iter(over_all([one.verdict for tested in found for one in tested.judged]))
    return tuple(
        tested.model_copy(
            update={
                "judged": tuple(
                    one.model_copy(update={"verdict": next(counted)}) for one in tested.judged
                )
            }
        )
        for tested in found
    )


def _asked(name: str, judged: Sequence[RunVerdict]) -> str:
    texts = [one.verdict.statement for one in judged if one.verdict.statement]
    return texts[0] if texts else name.replace("_", " ")


def _tested(
    name: str,
    statement: Statement | None,
    stored: Sequence[Stored],
    tests: Mapping[str, Sequence[str]],
) -> Tested:
    wanted = {name, *(statement.grows if statement else ())}
    judged = tuple(
        RunVerdict(recipe=run.card.recipe, run=run.card.run, verdict=verdict)
        for run in stored
        for verdict in run.verdicts
        if verdict.id == name
    )
    if statement is not None and (across := grown(statement, stored)) is not None:
        runs, verdict = across
        recipes, names = ([getattr(r.card, f) for r in runs] for f in ("recipe", "run"))
        judged += (RunVerdict(recipe=", ".join(recipes), run=", ".join(names), verdict=verdict),)
    return Tested(
        id=name,
        statement=statement.statement if statement else _asked(name, judged),
        where=statement.where if statement else "not in the paper: a question of the recipe",
        grade=statement.grade if statement else None,
        judged=judged,
        tested_by=tuple(recipe for recipe, ids in tests.items() if wanted & {*ids}),
        needs=statement.needs if statement else "",
    )
