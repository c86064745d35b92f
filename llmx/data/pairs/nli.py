"""Pairs of natural language inference as SimCSE trains on them: premise to what follows from it.

275 k triples of SNLI and MNLI (Gao et al., arXiv 2104.08821, section 4): a premise, a sentence that
is true if it is, and one that contradicts it, the annotated hard negative. Their file lies on the
hub. No source that llmx rests on prints a commit of it, so the newest is looked up once and kept.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from llmx.core.errors import DataError
from llmx.core.options import Count
from llmx.core.spec import DataSpec
from llmx.data.drawn import Settled
from llmx.data.hub import hub_file, is_commit, kept_commit
from llmx.data.pairs.fabricated import triple
from llmx.data.pairs.kind import PairData, PairOptions
from llmx.data.pairs.pairs import Pair
from llmx.data.pairs.splits import normal

REPOSITORY, FILE = "princeton-nlp/datasets-for-simcse", "nli_for_simcse.csv"
COLUMNS = ("sent0", "sent1", "hard_neg")
OFFLINE = "run it once where the hub can be reached; without it: data.options.source=fabricated"
Source = Literal["hub", "fabricated"]


class NliOptions(PairOptions):
    """Of triples of inference."""

    source: Source = Field(
        default="hub",
        description="`hub` = the published triples; `fabricated` = made-up sentences, a rehearsal",
    )
    fabricated: Count = Field(default=2000, description="triples of source: fabricated")


class NliPairs(PairData):
    """`data: {kind: nli_pairs}`: premise to entailment, with the contradiction as a negative."""

    Options: ClassVar[type[PairOptions]] = NliOptions
    options: NliOptions

    @classmethod
    def settled(cls, spec: DataSpec, found: Path) -> Settled:
        """Return the specification with the commit of the hub, where it can be looked up.

        Where it cannot, a plan can still be made; the rows are refused until there is one.
        """
        if spec.options.get("source") == "fabricated":
            return Settled(
                spec, ("nli_pairs: fabricated sentences; no figure is on published data",)
            )
        if is_commit(spec.revision):
            return Settled(spec)
        try:
            commit, is_new = kept_commit(REPOSITORY, spec.revision, found, OFFLINE)
        except DataError:
            return Settled(spec, (f"nli_pairs: the commit of {REPOSITORY} is not known yet",))
        how = "its newest now, kept" if is_new else "as kept"
        note = f"{REPOSITORY}: data.revision={commit} ({how} in {found.name})"
        return Settled(spec.model_copy(update={"revision": commit}), (note,))

    @classmethod
    def identity(cls, spec: DataSpec) -> dict[str, Any]:
        """The triples' repository and commit, or how they are fabricated."""
        return {**super().identity(spec), "repository": REPOSITORY, "file": FILE}

    @classmethod
    def needs(cls, spec: DataSpec) -> tuple[str, ...]:
        """Return a line on the hub, where the triples are of it."""
        if spec.options.get("source") == "fabricated":
            return ()
        return (f"needs {FILE} of {REPOSITORY} on the hub, once",)

    def every(self) -> Sequence[Pair]:
        """Return a row for each triple that has its three texts, in the order of the file.

        Raises:
            DataError: if no commit is known, the file cannot be had, or has other columns.
        """
        options = self.options
        if options.source == "fabricated":
            made = (triple(self.spec.seed, at) for at in range(options.fabricated))
            return list(_rows(made, "fabricated_nli"))
        if not is_commit(self.spec.revision):
            text = f"data=nli_pairs: the commit of {REPOSITORY} is not known"
            raise DataError(text, f"data.revision=COMMIT, or {OFFLINE}")
        return list(_rows(_read(hub_file(self.spec, REPOSITORY, FILE, OFFLINE)), "nli"))


def _read(path: Path) -> Iterator[tuple[str, ...]]:
    """Yield the texts of each line.

    Raises:
        DataError: if the file has other columns.
    """
    with path.open(encoding="utf-8", newline="") as lines:
        table = csv.DictReader(lines)
        if missing := [one for one in COLUMNS if one not in (table.fieldnames or ())]:
            text = f"{FILE} of {REPOSITORY} has no column {', '.join(missing)}"
            raise DataError(text, "another commit: data.revision=COMMIT")
        for row in table:
            yield tuple((row[name] or "").strip() for name in COLUMNS)


def _rows(triples: Iterator[tuple[str, ...]], dataset: str) -> Iterator[Pair]:
    numbers: dict[str, int] = {}
    for place, (premise, entailment, contradiction) in enumerate(triples):
        if premise and entailment and contradiction:
            yield Pair(
                id=f"{dataset}-{place}",
                query=premise,
                target=entailment,
                target_id=numbers.setdefault(entailment, len(numbers)),
                dataset=dataset,
                negatives=(contradiction,),
                group=normal(premise),
            )
