"""A stored run, as the page of a paper reads it: a run folder, or a committed result."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ValidationError

from llmx.claims.reproduce.card import Card, card
from llmx.core.errors import StoreError
from llmx.core.figure import FILE as FIGURES
from llmx.core.figure import Figure, Figures, joined
from llmx.core.record import as_json
from llmx.core.registry import kinds
from llmx.core.spec import RunSpec
from llmx.report.brought import brought_for, drawn, file_of
from llmx.report.figures.decoded import of_verdicts
from llmx.report.figures.names import ACCURACY, PROBLEMS, WIN_RATE
from llmx.report.figures.read import figures_in
from llmx.report.judged import FILE as WON
from llmx.report.outcomes.model import FILE as OUTCOMES
from llmx.report.outcomes.model import OF_TRAININGS
from llmx.report.results import Finding, Results, load_results
from llmx.report.verdict.markdown import markdown
from llmx.report.verdict.model import CANNOT, Verdict, Verdicts
from llmx.store.files import read_json, write_json
from llmx.store.page import write_marked

_UNJUDGED = ("not comparable", CANNOT)
_NO_P: dict[str, None] = {"p": None, "p_all": None, "leans": None}


def undecided(run: Stored) -> Stored:
    """Return the run without any verdict: nobody can compute its intervals again, or correct them.

    Figures stay as they were printed on the day of the run; p values go, as they served verdicts.
    """
    verdicts = tuple(_undecided(one, run.card.date) for one in run.verdicts)
    results, before = _results_unkept(run.results, verdicts), _said(run.results)
    texts = {name: _text(text, before, _said(results)) for name, text in run.texts.items()}
    if "verdicts.md" in texts:
        texts["verdicts.md"] = markdown(Verdicts(verdicts=verdicts, failed=run.failed))
    figures = _without_p(run.figures, of_verdicts(run.verdicts))
    return replace(
        run, verdicts=verdicts, results=results, figures=figures, texts=texts, unkept=True
    )


def _without_p(found: Figures, judged: Figures) -> Figures:
    kept = (
        one.model_copy(update={"p": None}) if one in judged.figures else one
        for one in found.figures
    )
    return found.model_copy(update={"figures": tuple(kept)})


def _undecided(verdict: Verdict, date: str) -> Verdict:
    if verdict.word in _UNJUDGED:
        return verdict
    reason = f"Measured on {date} and judged by rules that have changed since; outcomes by problem"
    reason += f" were not kept, so no rule can be applied again. {verdict.reason}"
    numbers = tuple(one.model_copy(update={"p": None}) for one in verdict.numbers)
    return verdict.model_copy(
        update={"word": CANNOT, "reason": reason, "numbers": numbers, **_NO_P}
    )


def _said(results: Results) -> str:
    return next((one.text for one in results.findings if one.kind == "verdict"), "")


def _results_unkept(results: Results, verdicts: tuple[Verdict, ...]) -> Results:
    names = ", ".join(f"`{one.id}`" for one in verdicts if one.word == CANNOT)
    text = f"Outcomes by problem were not kept, so these {CANNOT}: {names}."
    findings = (
        Finding(kind="verdict", text=text) if one.kind == "verdict" and names else one
        for one in results.findings
    )
    return results.model_copy(update={"findings": tuple(dict.fromkeys(findings))})


def _text(text: str, before: str, after: str) -> str:
    return text.replace(before, after) if before else text


CARD, RESULTS, VERDICTS, PLOT = "card.json", "results.json", "verdicts.json", "plot.svg"
ENSEMBLE = "ensemble.json"
TRAINED, CURVES = "training_report.json", ("reward", "correct", "backtracks", "truncated")
"""What is kept of trainings: the report, and the curves that a paper's page shows."""

STREAM_PICTURES = (
    *("gantt.svg", "ttft.svg", "total.svg", "quality.svg", "lengths.svg"),
    "simulation.svg",
)
SIMULATED = "simulation.json"
LATENCY = "latency.jsonl"
"""What the intervals of streams are computed from, a row an answer."""

_TEXTS = (
    *("report.md", "verdicts.md", "explore.json", "explore.md", "explore.svg"),
    *(TRAINED, "training_report.md", *(f"{name}.svg" for name in CURVES)),
    *(ENSEMBLE, "ensemble.md", SIMULATED, "simulation.md", *STREAM_PICTURES),
    *(WON, "win_rates.md", "retrieval.md"),
    *(OUTCOMES, OF_TRAININGS, LATENCY),
)


@dataclass(frozen=True)
class Stored:
    """What one run found.

    Attributes:
        texts: further files by name, which are kept with a committed result.
        figures: of all its stages.
        unkept: whether its outcomes by problem are gone, so that nothing can be judged again.
    """

    folder: Path
    card: Card
    results: Results
    verdicts: tuple[Verdict, ...]
    failed: tuple[str, ...]
    plot: str | None
    texts: dict[str, str]
    figures: Figures = field(default_factory=Figures)
    unkept: bool = False

    @property
    def problems(self) -> int:
        """Problems of the best supplied arm."""
        counted = (PROBLEMS, ACCURACY, WIN_RATE)
        return max((one.n for name in counted for one in self.figures.of(name)), default=0)

    @property
    def seeds(self) -> int:
        """Seeds of the best supplied arm."""
        return max((one.seeds for one in self.figures.of(PROBLEMS)), default=1)

    def explored(self, figure: Figure) -> bool:
        """Whether a figure is that of an exploratory verdict."""
        return any(
            one.word == "exploratory" and figure in of_verdicts((one,)).figures
            for one in self.verdicts
        )


def load_stored(folder: Path) -> Stored:
    """Read a finished run folder, or a folder that :func:`keep` has written.

    Without outcomes by problem no verdict of it stands; see :mod:`.unkept`.

    Raises:
        StoreError: if a file is missing or of another version.
    """
    try:
        about = _card(folder)
        results = _results(folder, about)
        place = _somewhere(folder, VERDICTS)
        judged = Verdicts.model_validate(read_json(place)) if place else Verdicts()
    except ValidationError as error:
        message = f"{folder} was not written by this version of llmx"
        raise StoreError(message, "run the recipe again") from error
    plot, figures = folder / PLOT, _figures(folder)
    paths = {name: path for name in _TEXTS if (path := _somewhere(folder, name))}
    found = Stored(
        folder=folder,
        card=about,
        results=results,
        verdicts=judged.verdicts,
        failed=judged.failed,
        plot=plot.read_text(encoding="utf-8") if plot.exists() else None,
        texts={name: path.read_text(encoding="utf-8") for name, path in paths.items()},
        figures=figures,
    )
    found.texts.update(_pictures(about, figures, folder))
    # What no rule was applied to, such as a simulation, has nothing to lose.
    return found if OUTCOMES in paths or not found.verdicts else undecided(found)


def _pictures(about: Card, figures: Figures, folder: Path) -> dict[str, str]:
    """Return the pictures that rooms bring, drawn of the run's figures: file -> SVG.

    Those of the paper's room, and those that the run's own report has shown.
    """
    shown = [name for name in kinds("picture") if _somewhere(folder, file_of(name))]
    names = dict.fromkeys([*brought_for(about.paper), *shown])
    return {one.file: one.svg for one in drawn(figures, names)}


def holds_results(folder: Path) -> bool:
    """Whether it is the folder of a run, or of what was kept of one, that a page can read."""
    if (folder / RESULTS).exists():
        return True
    known = (folder / CARD).exists() or (folder / "spec.json").exists()
    return known and any(_somewhere(folder, name) for name in (ENSEMBLE, SIMULATED, WON, VERDICTS))


def _results(folder: Path, about: Card) -> Results:
    """Return the results; a run of streams or judgements alone has no such file."""
    if holds_results(folder) and not (folder / RESULTS).exists():
        return Results(title=about.recipe, reference=None, rows=())
    return load_results(read_json(folder / RESULTS))


def _figures(folder: Path) -> Figures:
    """Return the figures of all stages: the tables' first, then those of the verdicts on them."""
    places = [folder, *sorted(path for path in folder.glob("*") if path.is_dir())]
    places += sorted(path.parent for path in folder.glob(f"*/*/{FIGURES}"))  # of a single arm
    places.sort(key=lambda place: (place / VERDICTS).exists())
    return joined(figures_in(place) for place in places)


def _card(folder: Path) -> Card:
    if (folder / CARD).exists():
        return Card.model_validate(read_json(folder / CARD))
    spec = RunSpec.model_validate(read_json(folder / "spec.json"))
    return card(folder.resolve().name, spec, read_json(folder / "manifest.json"))


def _somewhere(folder: Path, name: str) -> Path | None:
    """Return a file of the folder, or of one of its stages."""
    if (folder / name).exists():
        return folder / name
    return next(iter(sorted(folder.glob(f"*/{name}"))), None)


def keep(stored: Stored, folder: Path) -> None:
    """Write what the page needs of a run, small enough to be committed.

    Raises:
        StoreError: if the folder cannot be written.
    """
    write_json(folder / CARD, as_json(stored.card))
    write_json(folder / RESULTS, as_json(stored.results))
    judged = Verdicts(verdicts=stored.verdicts, failed=stored.failed)
    write_json(folder / VERDICTS, as_json(judged))
    write_json(folder / FIGURES, stored.figures.dump())
    if stored.plot is not None:
        write_marked(folder / PLOT, stored.plot)
    for name, text in stored.texts.items():
        write_marked(folder / name, text)
