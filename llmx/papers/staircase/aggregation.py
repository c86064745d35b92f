"""Stage `aggregation_corpus`: what an aggregator learns from: drafts, whole and partial."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from string import digits
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import Field

from llmx.core.ensemble import Chunks, Layout
from llmx.core.errors import ConfigError
from llmx.core.options import Count, StageOptions
from llmx.core.record import Message
from llmx.core.stage import Cost, StageContext, StageInput
from llmx.core.stream import ShownText
from llmx.dialogue.layout import Heard, prompt, turns_of
from llmx.engines.pair import ready_folder
from llmx.engines.size import local_folder, model_identity
from llmx.store.files import read_lines, write_json, write_lines

_FIRST, _LATER, _GROWTH = (4, 8, 8, 8, 16, 32), (16, 32, 32, 64), (1.0, 1.0, 2.0)
_ALONE, _WHOLE = 0.15, 0.25  # shares of examples without drafts, and with whole ones
_MIX = ("layouts", "whole", "order", "alone", "reach", "scrambled")
_EVEN = dict.fromkeys(get_args(Layout), 1.0)
_HEADER, _MORE = "Drafts:", "More:"


_Share = Annotated[float, Field(ge=0, le=1)]


class AggregationOptions(StageOptions):
    """What the examples are like."""

    tokenizer: str = Field(description="a folder, or zoo:NAME", examples=["a folder, or zoo:NAME"])
    examples: Count = Field(default=24_000, description="examples to draw")
    header: str = Field(default=_HEADER, description="as of the ensemble that will use the model")
    more: str = Field(default=_MORE, description="as of the ensemble that will use the model")
    layouts: dict[Layout, float] = Field(
        default={}, description="layout -> weight; none = all alike"
    )
    alone: _Share = Field(default=_ALONE, description="share of examples without drafts")
    whole: _Share = Field(default=_WHOLE, description="share with whole drafts")
    reach: Literal["answer", "drafts"] = Field(
        default="answer",
        description="the answer is learned to its end, or no further than drafts are cut",
    )
    scrambled: _Share = Field(
        default=0.0, description="share whose digits are exchanged, so that only drafts tell"
    )
    order: Literal["drawn", "kept"] = Field(
        default="drawn", description="`kept`: each draft has the place of its arm"
    )
    seed: int = Field(default=0, description="of the draws")


class AggregationCorpusStage:
    """Writes ``train.jsonl``: rows of ``ids`` and ``learn_from``, and ``corpus.json``.

    An example is a problem of the training split, drafts of some of the arms cut after the same
    number of chunks, in one of the prompt layouts, and the worked solution. The chunk sizes, the
    cut and the layout are drawn anew for each. The loss is on the answer that follows the prompt.

    Needs a corpus and drafts of the training split (a ``decode`` stage).

    ``order: kept`` gives each draft the place of its arm, so that places have a meaning. With
    ``reach: drafts``, where drafts are partial, the answer is learned no further than they are
    cut: the tokens that a listener writes before it hears more. What no draft says is then not
    practised. ``scrambled`` is the share, of examples in which all drafts stand and one of them is
    right, whose digits are exchanged, in question, drafts and answer alike: no sum holds, and only
    the draft gives the answer.
    """

    Options: ClassVar[type[StageOptions]] = AggregationOptions
    kind: ClassVar[str] = "aggregation_corpus"
    version: ClassVar[int] = 2
    timing: ClassVar[bool] = False

    def identity(self, given: StageInput) -> Mapping[str, Any]:
        """The options; corpus, tokenizer and drafts are inputs."""
        options, written = given.read(AggregationOptions), given.stage.options
        return {
            "tokenizer": model_identity(_tokenizer(given), None),
            "examples": options.examples,
            "header": options.header,
            "more": options.more,
            "seed": options.seed,
            **{name: written[name] for name in _MIX if name in written},
        }

    def applies(self, given: StageInput) -> bool:
        """Always."""
        return True

    def plan(self, given: StageInput) -> Cost:
        """About 500 examples a second."""
        examples = self.most_rows(given)
        return Cost(samples=examples, seconds=examples / 500)

    def most_rows(self, given: StageInput) -> int:
        """Return the examples that are asked for."""
        return given.read(AggregationOptions).examples

    def run(self, context: StageContext) -> None:
        """Draw the examples."""
        from llmx.engines.pretrained import tokenizer
        from llmx.engines.render import Renderer

        folder = ready_folder(_tokenizer(context.given))
        renderer = Renderer(tokenizer(str(folder)))
        problems = _problems(context.inputs)
        told = context.identity
        context.progress.start(told["examples"])
        rows = []
        for place in range(told["examples"]):
            rng = Random(f"{told['seed']}/{place}")
            rows.append(_example(rng, problems[place % len(problems)], renderer, told))
            context.progress.advance()
        write_lines(context.out / "train.jsonl", rows)
        about = {"problems": len(problems), "longest": max(len(row["ids"]) for row in rows)}
        write_json(context.out / "corpus.json", {**about, **told})


def _tokenizer(given: StageInput) -> str:
    name = given.read(AggregationOptions).tokenizer
    if local_folder(name) is None:
        where = f"stages.{given.stage.name}.tokenizer"
        raise ConfigError(f"{where} is {name!r}", "name a folder, or zoo:NAME")
    return name


@dataclass(frozen=True)
class DraftedProblem:
    """A question, its solution, and the drafts of it: pairs of name and token ids."""

    question: str
    solution: str
    drafts: tuple[tuple[str, tuple[int, ...]], ...]


def _problems(inputs: Mapping[str, Path]) -> list[DraftedProblem]:
    corpus = next(f for f in inputs.values() if (f / "test.jsonl").exists())
    drafts: dict[str, list[tuple[str, tuple[int, ...]]]] = {}
    for name, folder in sorted(inputs.items()):
        if (folder / "samples.jsonl").exists():
            for row in read_lines(folder / "samples.jsonl"):
                drafts.setdefault(row["id"], []).append((name, tuple(row["completion_ids"])))
    rows = {row["id"]: row for row in read_lines(corpus / "train.jsonl")}
    return [
        DraftedProblem(rows[id_]["question"], rows[id_]["solution"], tuple(of))
        for id_, of in drafts.items()
    ]


def _example(rng: Random, problem: DraftedProblem, renderer: Any, told: Mapping[str, Any]) -> Any:
    """Return one row: a prompt with drafts cut at some chunk, and the answer from there on."""
    tokenizer = renderer.tokenizer
    chunks = Chunks(rng.choice(_FIRST), rng.choice(_LATER), rng.choice(_GROWTH))
    weights: Mapping[Layout, float] = told.get("layouts") or _EVEN
    (layout,) = rng.choices(list(weights), list(weights.values()))
    drafts = _chosen(rng, problem, set(tokenizer.all_special_ids), told.get("alone", _ALONE))
    question, solution = problem.question, problem.solution
    scrambled = "scrambled" in told and rng.random() < told["scrambled"]
    if scrambled and _told_by(drafts, problem, tokenizer):
        exchanged = _exchange(rng)
        question, solution = question.translate(exchanged), solution.translate(exchanged)
        texts = [(name, tokenizer.decode(ids).translate(exchanged)) for name, ids in drafts]
        drafts = [(name, renderer.encode(text)) for name, text in texts]
    answer = [*renderer.encode(solution), tokenizer.eos_token_id]
    if told.get("order") == "kept":
        drafts.sort(key=lambda draft: [name for name, _ in problem.drafts].index(draft[0]))
    cuts = _cuts(chunks, max((len(ids) for _, ids in drafts), default=0))
    last = len(cuts) - 1 if rng.random() < told.get("whole", _WHOLE) else rng.randrange(len(cuts))
    spans = list(zip((0, *cuts), cuts[: last + 1], strict=False))
    said = [answer[a:b] for a, b in spans[:-1] if b < len(answer)]
    heard = Heard(
        sources=tuple(name for name, _ in drafts),
        rounds=tuple(_round(drafts, span, tokenizer) for span in spans),
        said=tuple(ShownText(ids=tuple(ids), tokens=len(ids)) for ids in said),
        header=told["header"],
        more=told["more"],
    )
    turns = turns_of([Message(role="user", content=question)])
    asked = renderer.ids(prompt(layout, turns, heard))
    if told.get("reach") == "drafts" and drafts and last < len(cuts) - 1:
        answer = answer[: cuts[last]]
    rest = answer[sum(map(len, said)) :] if layout == "L2" and drafts else answer
    return {"ids": [*asked, *rest], "learn_from": len(asked)}


def _chosen(
    rng: Random, problem: DraftedProblem, special: set[int], alone: float
) -> list[tuple[str, list[int]]]:
    """Return some of the drafts in some order, without their ends; none in a share `alone`."""
    if rng.random() < alone:
        return []
    count = len(problem.drafts) if rng.random() < 0.8 else rng.randint(1, len(problem.drafts))
    drawn = rng.sample(problem.drafts, count)
    return [(name, [one for one in ids if one not in special]) for name, ids in drawn]


def _told_by(
    drafts: Sequence[tuple[str, list[int]]], problem: DraftedProblem, tokenizer: Any
) -> bool:
    """Whether all drafts are there, and one of them is the solution."""
    texts = [tokenizer.decode(ids) for _, ids in drafts]
    return len(drafts) == len(problem.drafts) and problem.solution in texts


def _exchange(rng: Random) -> dict[int, int]:
    """Return another digit for each, as :meth:`str.translate` reads it."""
    return str.maketrans(digits, "".join(rng.sample(digits, len(digits))))


def _cuts(chunks: Chunks, longest: int) -> list[int]:
    """Return where chunks end, up to the first that holds all of the longest draft."""
    cuts = [chunks.first]
    while cuts[-1] < longest:
        cuts.append(cuts[-1] + chunks.size(len(cuts)))
    return cuts


def _round(
    drafts: Sequence[tuple[str, Sequence[int]]], span: tuple[int, int], tokenizer: Any
) -> dict[str, str]:
    """Return what each draft adds in a span of tokens, as text."""
    first, last = span
    return {name: tokenizer.decode(ids[first:last]) for name, ids in drafts}
