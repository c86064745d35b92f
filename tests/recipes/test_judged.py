"""Judged runs from the outside: known win rates come out, nothing is asked twice or hidden."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from gamed_table import write_gamed
from judge_server import about, alpaca, arena, longer, rows, saying, write_alpaca, write_arena
from loopback import Endpoint

pytestmark = pytest.mark.slow

PROBLEMS = 20
SECRET = "sk-planted-judge-90ab"
RECIPE = """\
# A test.
#
#   llmx run recipe=judged
defaults:
  - override /model: zoo_gsm
  - override /data: {data}
  - override /sampler: greedy
  - override /judge: {judge}
name: judged
description: a test
data: {{options: {{path: {path}}}, test: 805}}
engine: {{kind: scripted, batch_size: 8}}
sampler: {{max_tokens: 4000}}
stages:
  generate: {{kind: decode, over: arm}}
  judge: {{kind: judge, over: arm, needs: [generate]}}
  win_rates:
    kind: win_rates
    over: recipe
    needs: [judge]
    length_controlled: {controlled}
    gamed: {gamed}
arms:
{arms}
reference: same
scales:
  smoke: [scale.problems=null]
"""


def baseline(n):
    return f"baseline output {n}"


class Case:
    """A folder with a recipe, its data and its arms' outputs, and how to run it."""

    quiet = True

    def __init__(self, folder, kind, outputs, count=PROBLEMS, controlled="false", gamed="null"):
        self.folder = folder
        judge = {"alpaca_eval": "alpaca_eval_gpt4_turbo", "arena_hard": "arena_hard_gpt4_turbo"}
        if kind == "alpaca_eval":
            path, names = write_alpaca(folder / "data.json", rows(count)), "test-{}"
        else:
            path, names = write_arena(folder / "arena", count), "u{}"
        arms = []
        for arm, output in outputs.items():
            script = folder / f"{arm}.json"
            script.write_text(json.dumps({names.format(n): output(n) for n in range(count)}))
            arms.append(f"  {arm}: [engine.script={script}]")
        values = {"data": kind, "judge": judge[kind], "path": path, "arms": "\n".join(arms)}
        text = RECIPE.format(**values, controlled=controlled, gamed=gamed)
        (folder / "judged.yaml").write_text(text)

    def start(self, endpoint, *words):
        line = [sys.executable, "-m", "llmx", "run", f"recipe={self.folder / 'judged.yaml'}"]
        line += ["scale=smoke", *["--quiet"] * self.quiet, "--workers", "1", *words]
        line += [f"judge.url={endpoint.url}"] * (not any("judge.url" in word for word in words))
        env = {**os.environ, "LLMX_RUNS": str(self.folder / "runs"), "OPENAI_API_KEY": SECRET}
        env |= {"HF_HUB_OFFLINE": "1", "HF_HOME": str(self.folder / "hub")}
        pipe = subprocess.PIPE
        return subprocess.Popen(line, env=env, cwd=self.folder, stdout=pipe, stderr=pipe, text=True)

    def run(self, endpoint, *words):
        process = self.start(endpoint, *words)
        out, err = process.communicate(timeout=300)
        return process.returncode, out + err

    def rates(self):
        (path,) = self.folder.glob("runs/*/win_rates/win_rates.json")
        return {row["arm"]: row for row in json.loads(path.read_text())}

    def page(self):
        (path,) = self.folder.glob("runs/*/win_rates/win_rates.md")
        return path.read_text()

    def judged(self):
        """Return how many judgements are on the disk."""
        count = 0
        # Unlike rglob, walk passes over a folder that is renamed meanwhile.
        for place, _, files in os.walk(self.folder):
            path = Path(place, "judgements.jsonl")
            if path.name in files and not path.is_symlink():
                with suppress(FileNotFoundError):
                    count += len(path.read_bytes().splitlines())
        return count


# Right in 15 of 20 problems, longer in 5.
GOOD = {
    "same": baseline,
    "good": lambda n: f"right {n}" if n % 4 else f"wrong, and at great length: {n}",
    "poor": lambda n: f"wrong, and at great length: {n}",
}
ALPACA = {"alpaca_eval": alpaca(about, 0.9), "arena_hard": arena(about)}


@pytest.mark.parametrize("kind", ALPACA)
def test_known_win_rates_come_out(kind, tmp_path):
    case = Case(tmp_path, kind, GOOD)
    with Endpoint(answer=ALPACA[kind], key=SECRET) as endpoint:
        code, said = case.run(endpoint)
        assert code == 0, said
    found = case.rates()
    win, tie = (0.9, 0.5) if kind == "alpaca_eval" else (1.0, 0.5)
    # A clear win of Arena-Hard is three games, a tie one.
    weight = 1 if kind == "alpaca_eval" else 3
    wanted = (15 * weight * win + 5 * tie) / (15 * weight + 5)
    assert found["good"]["rate"]["estimate"] == pytest.approx(wanted)
    assert found["same"]["rate"]["estimate"] == found["poor"]["rate"]["estimate"] == 0.5
    gain = found["good"]["gain"]
    assert gain["estimate"] == pytest.approx(wanted - 0.5)
    assert gain["low"] > 0 and found["good"]["shared"] == PROBLEMS
    poor = found["poor"]["gain"]
    assert poor["estimate"] == 0 and poor["low"] < 0 < poor["high"]
    assert all(row["unparsable"] == 0 for row in found.values())
    assert "gpt-4-1106-preview" in case.page() and "rehearsal" not in case.page()
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes()


def test_an_arm_against_itself_is_a_half_by_any_judge(tmp_path):
    case = Case(tmp_path, "arena_hard", {"same": baseline, "again": lambda n: baseline(n) + " "})
    # A judge that always says A: both orders cancel him.
    with Endpoint(answer=arena(lambda first, second: 1)) as endpoint:
        assert case.run(endpoint)[0] == 0
        assert len(endpoint.seen) == 2 * 2 * PROBLEMS
    assert {row["rate"]["estimate"] for row in case.rates().values()} == {0.5}


def test_equal_outputs_are_not_asked_about_on_alpaca_eval(tmp_path):
    case = Case(tmp_path, "alpaca_eval", {"same": baseline, "other": lambda n: "x"})
    with Endpoint(answer=alpaca(longer)) as endpoint:
        assert case.run(endpoint)[0] == 0
        assert len(endpoint.seen) == PROBLEMS
    assert case.rates()["same"]["rate"]["estimate"] == 0.5
    assert case.rates()["other"]["rate"]["estimate"] == pytest.approx(0.1)


@pytest.mark.parametrize("kind", ["alpaca_eval", "arena_hard"])
def test_nonsense_is_counted_and_is_never_a_tie(kind, tmp_path):
    case = Case(tmp_path, kind, {"same": lambda n: "x", "other": lambda n: "right"})
    form = ALPACA[kind]

    def answer(body):
        spoilt = any(f"Instruction <{n}>" in body["messages"][-1]["content"] for n in range(5))
        return saying("I cannot say.", [("I", -0.1)])(body) if spoilt else form(body)

    with Endpoint(answer=answer) as endpoint:
        code, said = case.run(endpoint)
        assert code == 0, said
    games = {"alpaca_eval": 1, "arena_hard": 2}[kind]
    found = case.rates()["other"]
    assert (found["unparsable"], found["problems"], found["asked"]) == (5 * games, 15, PROBLEMS)
    assert found["rate"]["estimate"] == pytest.approx({1: 0.9, 2: 1.0}[games])
    counted = f"{5 * games} of {20 * games} comparisons had no readable verdict"
    line = f"`other`: {counted}; 5 of 20 problems"
    assert line in case.page()


def test_what_was_not_read_is_asked_again_alone(tmp_path):
    case = Case(tmp_path, "arena_hard", {"same": lambda n: "x", "other": lambda n: "right"})
    case.quiet = clear = False

    def answer(body):
        spoilt = any(f"Instruction <{n}>" in body["messages"][-1]["content"] for n in range(5))
        return (saying("I cannot say.") if spoilt and not clear else arena(about))(body)

    with Endpoint(answer=answer) as endpoint:
        code, said = case.run(endpoint)
        assert code == 0 and "10 without a readable verdict; --ask-again asks those" in said, said
        first = len(endpoint.seen)
        assert case.run(endpoint)[0] == 0 and len(endpoint.seen) == first
        assert case.rates()["other"]["unparsable"] == 10
        clear = True
        code, said = case.run(endpoint, "--ask-again")
        assert code == 0 and "10 without a readable verdict, asked again" in said, said
        assert len(endpoint.seen) == first + 20  # ten of each arm
        asked = [sent["messages"][-1]["content"] for sent in endpoint.seen[first:]]
        assert all(any(f"Instruction <{n}>" in text for n in range(5)) for text in asked)
        found = case.rates()["other"]
        assert (found["unparsable"], found["problems"]) == (0, 20)
        assert found["rate"]["estimate"] == pytest.approx(1.0)
        code, said = case.run(endpoint, "--ask-again")
        assert code == 0 and "nothing is asked again" in said
        assert len(endpoint.seen) == first + 20
    (place,) = tmp_path.glob("runs/*/judge/other")
    kept = [json.loads(line)["reply"] for line in (place / "unread.jsonl").read_text().splitlines()]
    assert kept == ["I cannot say."] * 10
    summary = json.loads((place / "summary.json").read_text())
    assert summary["completion_tokens"] == 7 * 50 and summary["asked_again"] == 10


def test_nobody_is_asked_again_where_nobody_can_be_asked(tmp_path):
    case = Case(tmp_path, "arena_hard", {"same": lambda n: "x", "other": lambda n: "right"})
    with Endpoint(answer=saying("hm")) as endpoint:
        assert case.run(endpoint, "judge.max_total_tokens=100000")[0] == 0
        before = case.page()
        code, said = case.run(endpoint, "--ask-again", "judge.max_total_tokens=4500")
        assert code == 2 and "judge.max_total_tokens" in said
        seen = len(endpoint.seen)
    assert 40 < seen < 80 + 8  # 40 of each arm take 4280 tokens; what was spent counts
    assert case.page() == before


def test_a_judge_without_a_readable_word_gives_no_rate(tmp_path):
    case = Case(tmp_path, "arena_hard", {"same": baseline, "other": lambda n: "right"})
    with Endpoint(answer=saying("hm")) as endpoint:
        code, said = case.run(endpoint)
        assert code == 0, said
    assert case.rates()["other"]["rate"] is None and "| other | – |" in case.page()


def test_after_a_kill_nothing_that_was_judged_is_asked_again(tmp_path):
    case = Case(tmp_path, "arena_hard", GOOD)
    every = 3 * 2 * PROBLEMS
    with Endpoint(answer=arena(about), delay=0.05) as endpoint:
        for stop in (15, 60):
            process = case.start(endpoint, "judge.batch_size=3")
            while case.judged() < stop and process.poll() is None:
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            assert stop <= case.judged() < every
        code, said = case.run(endpoint, "judge.batch_size=3")
        assert code == 0, said
        # Only what was in flight, and what was being written, may have been asked twice.
        assert every <= len(endpoint.seen) <= every + 2 * 4
        seen = len(endpoint.seen)
        assert case.run(endpoint, "judge.batch_size=3")[0] == 0
        assert len(endpoint.seen) == seen
    assert case.rates()["good"]["rate"]["estimate"] == pytest.approx(47.5 / 50)
    for path in tmp_path.glob("runs/*/judge/*/judgements.jsonl"):
        names = [json.loads(line)["id"] for line in path.read_text().splitlines()]
        assert names == [f"u{n}/{game}" for n in range(PROBLEMS) for game in (0, 1)]


def test_the_package_takes_back_what_only_length_has_won(tmp_path):
    gamed = write_gamed(tmp_path / "df_gamed.csv")
    outputs = {"same": baseline, "long": lambda n: "word " * (1 + n % 40)}
    case = Case(tmp_path, "alpaca_eval", outputs, 805, "true", gamed)
    with Endpoint(answer=alpaca(longer, 0.9)) as endpoint:
        code, said = case.run(endpoint, "judge.batch_size=16")
        assert code == 0, said
    found = case.rates()["long"]
    plain, controlled = (found[name]["estimate"] for name in ("rate", "controlled"))
    assert plain > 0.8 and controlled < plain - 0.1
    assert case.rates()["same"]["controlled"]["estimate"] == pytest.approx(0.5, abs=0.02)
    assert found["controlled_gain"]["estimate"] == pytest.approx(
        controlled - case.rates()["same"]["controlled"]["estimate"], abs=1e-6
    )
    (path,) = tmp_path.glob("runs/*/win_rates/outputs/long.json")
    (first, *_) = json.loads(path.read_text())
    assert set(first) == {"instruction", "output", "dataset", "generator"}
    assert first["generator"] == "long"
    (path,) = tmp_path.glob("runs/*/win_rates/annotations/long.json")
    assert {row["annotator"] for row in json.loads(path.read_text())} == {"gpt-4-1106-preview"}


def test_what_is_not_the_published_set_has_no_length_controlled_rate(tmp_path):
    gamed = write_gamed(tmp_path / "df_gamed.csv")
    case = Case(tmp_path, "alpaca_eval", {"same": baseline, "x": str}, 20, "true", gamed)
    with Endpoint(answer=alpaca(longer, 0.9)) as endpoint:
        code, said = case.run(endpoint)
    assert code == 2 and "805 published instructions" in said and "Traceback" not in said
    assert "stages.win_rates.length_controlled=false" in said


WRONG = {
    "no judge's address": (["judge.url=null"], "judge.url is not set"),
    "no such option": (["stages.judge.protocol=arena"], "unknown protocol 'arena'"),
    "not on arena": (["stages.win_rates.length_controlled=true"], "fitted to AlpacaEval alone"),
    "no such file": (["stages.win_rates.gamed=nowhere.csv"], "nowhere.csv is not there"),
    "no instructions": (["judge.instructions=nowhere.txt"], "nowhere.txt cannot be read"),
    "no such judge": (["judge.kind=oracle"], "unknown judge kind 'oracle'"),
}


@pytest.mark.parametrize(("words", "says"), WRONG.values(), ids=WRONG)
def test_a_wrong_word_is_one_line_and_asks_nobody(words, says, tmp_path):
    case = Case(tmp_path, "arena_hard", {"same": baseline, "x": str})
    with Endpoint(answer=arena(about)) as endpoint:
        code, said = case.run(endpoint, *words)
        assert endpoint.seen == []
    assert code == 2 and says in said and "Traceback" not in said


def test_other_instructions_are_told_to_the_judge_and_part_the_work(tmp_path):
    case = Case(tmp_path, "arena_hard", {"same": baseline, "x": str})
    words = tmp_path / "words.txt"
    words.write_text("Say who is better.")
    with Endpoint(answer=arena(about)) as endpoint:
        assert case.run(endpoint)[0] == 0
        assert case.run(endpoint, f"judge.instructions={words}")[0] == 0
        assert len(endpoint.seen) == 2 * 2 * 2 * PROBLEMS
        told = {body["messages"][0]["content"] for body in endpoint.seen}
        assert len(told) == 2 and "Say who is better." in told
