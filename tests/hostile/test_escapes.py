"""Texts of strangers steer no terminal: what would is shown as a mark, there and in pages."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.markdown import Markdown
from rich.progress import Progress, TextColumn
from rich.table import Table
from rich.text import Text
from strangers import DECODE, SCRIPT, recipe, refused
from typer.testing import Result

from llmx.cli.console import console, say, show, table
from llmx.cli.marking import MarkingConsole
from llmx.core.errors import ConfigError
from llmx.core.names import marked, on_one_line
from llmx.store.page import write_marked

Command = Callable[..., Result]
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
EVIL = "\x1b]0;owned\x07 \x1b[31m \x9b2J \x08\x08 \x7f \r \x0c \u202e \u2066 \u2028 \x85"
HARMLESS = "plain, é, 数, 🏳️‍🌈, \u200fעברית, a\tb, two\nlines, |[]{}$<b>`*_"
ONES = {
    "escape": ("\x1b", r"\u001b"),
    "bell": ("\x07", r"\u0007"),
    "back": ("\x08", r"\u0008"),
    "return": ("\r", r"\u000d"),
    "form feed": ("\x0c", r"\u000c"),
    "NUL": ("\0", r"\u0000"),
    "delete": ("\x7f", r"\u007f"),
    "one byte sequence": ("\x9b", r"\u009b"),
    "next line": ("\x85", r"\u0085"),
    "end of string": ("\x9c", r"\u009c"),
    "line separator": ("\u2028", r"\u2028"),
    "turn": ("\u202e", r"\u202e"),
    "isolate": ("\u2067", r"\u2067"),
    "half": ("\ud800", r"\ud800"),
}


def clean(text: str) -> None:
    found = STEERING.search(text)
    assert found is None, (hex(ord(found.group())), text[max(found.start() - 40, 0) :][:80])


@pytest.mark.parametrize(("one", "mark"), ONES.values(), ids=ONES)
def test_a_mark(one: str, mark: str) -> None:
    assert marked(f"a{one}b") == f"a{mark}b"
    assert on_one_line(f"a{one}\nb\t") == f"a{mark}\\u000ab\\u0009"


def test_what_texts_need_stays() -> None:
    assert marked(HARMLESS) == HARMLESS


@given(st.text())
def test_nothing_steers_and_marks_are_final(text: str) -> None:
    once = marked(text)
    clean(once)
    assert marked(once) == once
    assert "\n" not in on_one_line(text)


@given(
    st.dictionaries(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
)
def test_json_says_the_same(value: dict[str, str]) -> None:
    assert json.loads(marked(json.dumps(value, ensure_ascii=False))) == value


def drawn(kind: str) -> object:
    if kind == "table":
        made = Table(title=EVIL)
        made.add_column(EVIL)
        made.add_row(EVIL)
        return made
    return {"text": Text(EVIL), "plain": EVIL, "page": Markdown(EVIL)}[kind]


@pytest.mark.parametrize("kind", ["text", "plain", "table", "page"])
@pytest.mark.parametrize("colours", [False, True])
def test_whatever_is_drawn(kind: str, colours: bool) -> None:
    """Rich's own colours stay; nothing of the text's does."""
    out = io.StringIO()
    paper = MarkingConsole(file=out, width=120, force_terminal=colours, color_system="standard")
    if not colours:
        paper = MarkingConsole(file=out, width=120)
    paper.print(drawn(kind), style="red", markup=False)
    found = out.getvalue()
    assert r"\u001b" in found
    if colours:
        assert "\x1b[" in found
        found = re.sub(r"\x1b\[[0-9;]*m", "", found)
    clean(found)


def test_bars_and_what_stands_beside_them() -> None:
    out = io.StringIO()
    paper = MarkingConsole(file=out, width=120)
    with Progress(TextColumn("{task.description}"), console=paper) as bars:
        bars.add_task(EVIL, total=3)
        bars.console.print(EVIL, markup=False)
    clean(out.getvalue())


def test_the_four_ways_to_print(capsys: pytest.CaptureFixture[str]) -> None:
    show(EVIL, table(("a",), [(EVIL,)]))
    say(EVIL)
    say(EVIL, err=True)
    console(stderr=True).print(EVIL)
    found = capsys.readouterr()
    clean(found.out), clean(found.err)
    assert found.out.count(r"\u0007") == 3 and found.err.count(r"\u202e") == 2


@pytest.mark.parametrize("name", ["report.md", "report.html", "plot.svg"])
def test_a_page(tmp_path: Path, name: str) -> None:
    write_marked(tmp_path / name, f"<p>{EVIL}{HARMLESS}\ud800</p>\n")
    found = (tmp_path / name).read_text(encoding="utf-8")
    clean(found)
    assert HARMLESS in found and r"\u001b" in found


STAGES = {
    "generate": DECODE,
    "score": {"kind": "score", "over": "arm", "needs": ["generate"], "scorer": "gsm"},
    "audit": {"kind": "audit", "over": "arm", "needs": ["generate", "score"], "split": "test"},
    "report": {
        "kind": "report",
        "over": "recipe",
        "needs": ["generate", "score", "audit"],
        "title": f"<script>{EVIL}",
    },
}


def stranger() -> None:
    """Write a recipe with such a text wherever it can hold one, and its answers."""
    Path(SCRIPT).write_text(json.dumps({"*": f"{EVIL} 2+2 is 4. #### {EVIL} 4 {EVIL}"}))
    path = recipe(
        "stranger",
        description=f"d {EVIL}",
        paper=f"p {EVIL}",
        stages=STAGES,
        arms={
            "greedy": ["sampler=greedy"],
            "other": ["sampler=target", f"sampler.stop=['{EVIL}z']"],
        },
        evidence={f"model{EVIL}": {"grade": "assumed", "where": EVIL}},
        deviations=[EVIL],
        reference="greedy",
    )
    path.write_text(f"# turned \u202e back \u2066\n{path.read_text()}", encoding="utf-8")


def test_planted_everywhere(run: Command, llmx: Command) -> None:
    stranger()
    here = ("--recipes", ".")
    shown = [llmx("list", *here), llmx("describe", "stranger", *here)]
    shown += [llmx("describe", "stranger", "--keys", *here), llmx("validate", "stranger", *here)]
    shown += [run("stranger", "--dry-run"), run("stranger"), run("stranger")]
    for done in shown:
        assert done.exit_code == 0, done.output
    name = next(Path("runs").glob("stranger-*")).name
    pair = (f"{name}:greedy", f"{name}:other")
    shown += [llmx("runs", "--runs", "runs"), llmx("report", name, "--runs", "runs")]
    shown += [llmx("compare", *pair, "--runs", "runs")]
    shown += [llmx("compare", *pair, "--runs", "runs", "--json")]
    for done in shown:
        clean(done.stdout), clean(done.stderr)
    assert r"\u001b]0;owned\u0007" in shown[0].stdout
    assert shown[1].stdout.count(r"\u202e") >= 4
    pages = [p for ending in ("md", "html", "svg") for p in Path("runs").rglob(f"*.{ending}")]
    assert {"report.md", "report.html", "plot.svg", "audit.md"} <= {page.name for page in pages}
    for page in pages:
        clean(page.read_text(encoding="utf-8"))
    report = Path("runs", name, "report.html").read_text(encoding="utf-8")
    assert r"\u001b]0;owned\u0007" in report and "<script>" not in report
    samples = Path("runs", name, "generate", "greedy", "samples.jsonl").read_bytes().splitlines()
    assert EVIL in json.loads(samples[0])["text"]  # data stay what they are


ERRORS = {
    "key of a recipe": lambda: recipe("stranger", **{f"x{EVIL}": 1}),
    "reference": lambda: recipe("stranger", reference=f"x{EVIL}"),
    "kind": lambda: recipe("stranger", stages={"g": {"kind": f"x{EVIL}"}}),
    "need": lambda: recipe("stranger", stages={"g": {**DECODE, "needs": [f"x{EVIL}"]}}),
    "choice": lambda: recipe("stranger", defaults=[{"override /model": f"x{EVIL}"}]),
    "override": lambda: recipe("stranger", arms={"a": [f"x{EVIL}"]}),
    "value": lambda: recipe(
        "stranger", arms={"a": ["sampler=greedy", f"sampler.max_tokens='{EVIL}'"]}
    ),
    "data": lambda: recipe("stranger", data={"kind": f"x{EVIL}"}),
    "model": lambda: recipe("stranger", model={"target": f"./x{EVIL}"}),
    "zoo": lambda: recipe("stranger", model={"target": f"zoo:x{EVIL}"}),
    "seed": lambda: recipe("stranger", seed=EVIL),
    "section": lambda: recipe("stranger", sampler=EVIL),
}


@pytest.mark.parametrize("plant", ERRORS.values(), ids=ERRORS)
def test_in_an_error(run: Command, plant: Callable[[], object]) -> None:
    plant()
    done = run("stranger", "--dry-run")
    assert done.exit_code == 2, done.output
    clean(done.output), clean(done.stderr)
    assert re.search(r"\\(u001b|x1b)", done.stderr), done.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["run", f"recipe={EVIL}"],
        ["run", EVIL],
        [f"verb{EVIL}"],
        ["run", f"--flag{EVIL}"],
        ["report", EVIL],
        ["runs", "rm", EVIL],
        ["validate", EVIL],
        ["reproduce", EVIL],
        ["run", "recipe=zoo_gsm", f"seed={EVIL}"],
        ["list", "--recipes", EVIL],
    ],
    ids=lambda words: " ".join(words).split(EVIL[:4])[0],
)
def test_in_what_a_command_says_back(llmx: Command, words: list[str]) -> None:
    done = llmx(*words)
    assert done.exit_code == 2, done.output
    clean(done.stdout), clean(done.stderr)


def test_a_file_of_such_a_name_in_the_list(llmx: Command) -> None:
    Path("x\x1b[31m\u202e.yaml").write_text("stages: 3\n")
    done = llmx("list", "--recipes", ".")
    clean(done.stdout), clean(done.stderr)
    assert r"x\u001b[31m\u202e.yaml" in done.stderr


def test_a_problem_is_one_line_whatever_it_names(run: Command) -> None:
    recipe("stranger", reference="a\nerror: all is well\nb")
    refused(run("stranger"), r"a\u000aerror: all is well")


def test_a_traceback_is_marked_too(capsys: pytest.CaptureFixture[str]) -> None:
    from llmx.cli.console import complain_at_length

    try:
        raise ConfigError(EVIL)
    except ConfigError as error:
        complain_at_length(type(error), error, error.__traceback__)
    found = capsys.readouterr().err
    clean(found)
    assert "Traceback" in found and r"\u001b" in found
