"""A long table is rich's table, letter by letter, at every width and in every colour."""

import random
from io import StringIO

import pytest
from rich.console import Console

from llmx.cli import console

COLUMNS = ("run", "state", "size", "settings")
WORDS = ("a", "sd@gamma=3", "laptop", "[bold]", "ß", "日本", "e\u0301", "seed=" + "1,2" * 30)
ODD = ("two\nlines", "a\ttab", " before", "after ", "", "\x1b[31mred", "bell\a", "\u200b", "\u2028")


def printed(thing: object, width: int, terminal: bool) -> str:
    out = StringIO()
    plain = Console(file=out, width=width, force_terminal=terminal, highlight=False)
    plain.print(thing, markup=False)
    return out.getvalue()


def row(rng: random.Random, odd: float) -> tuple[str, ...]:
    def cell() -> str:
        return rng.choice(ODD if rng.random() < odd else WORDS)

    return cell(), rng.choice(("finished", "unfinished")), f"{rng.random():.3f} MB", cell()


def same(rows: list[tuple[str, ...]], width: int, terminal: bool) -> bool:
    long = console.table(COLUMNS, rows, right=("size",))
    assert type(long).__name__ == "LongTable"
    own = console._table(COLUMNS, rows, ("size",))
    return printed(long, width, terminal) == printed(own, width, terminal)


@pytest.mark.parametrize("terminal", [False, True])
@pytest.mark.parametrize("odd", [0.0, 0.02, 0.5])
@pytest.mark.parametrize("width", [20, 41, 80, 120, 300])
def test_it_is_the_table_of_rich(
    width: int, odd: float, terminal: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "_MANY", 1)
    rng = random.Random(width)
    for count in (1, 2, 30):
        assert same([row(rng, odd) for _ in range(count)], width, terminal)
    assert same([("one", "finished", "1 B", "x")] * 5 + [row(rng, 1.0)], width, terminal)


def test_rows_that_fit_are_not_laid_out_by_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    real = console._table

    def counted(columns: object, rows: list[object], *more: object) -> object:
        made.append(len(rows))
        return real(columns, rows, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(console, "_table", counted)
    rows = [(f"run-{place}", "finished", f"{place} B", "laptop") for place in range(3000)]
    assert printed(console.table(COLUMNS, rows, right=("size",)), 120, False).count("run-") == 3000
    assert sum(made) < 20
