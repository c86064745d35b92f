"""``llmx eval --scorer judge`` from the outside: asked once, kept, read, and asked again alone."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from judge_server import answered
from loopback import Endpoint
from typer.testing import CliRunner

from llmx.cli.app import app
from llmx.engines.endpoint import retry

QUESTIONS = 12
SECRET = "sk-planted-scorer-77ab"


def number(body):
    return int(re.search(r"<(\d+)>", body["messages"][-1]["content"])[1])


def graded(body):
    """Grade by the text: what begins with "even" is right."""
    n, text = number(body), body["messages"][-1]["content"]
    assert f"Reference answer|>\nr{n}\n" in text
    return answered("It agrees.\nCORRECT" if f"graded|>\neven {n}\n" in text else "INCORRECT")


def saying(texts):
    """Grade, but say these texts of some questions."""
    return lambda body: answered(texts[number(body)]) if number(body) in texts else graded(body)


class Case:
    """A folder with questions and a model's answers, and the command that has them judged."""

    def __init__(self, folder):
        self.folder = folder
        rows = ({"id": f"q{n}", "question": f"<{n}>?", "answer": f"r{n}"} for n in range(QUESTIONS))
        (folder / "q.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        said = {f"q{n}": f"{'odd' if n % 2 else 'even'} {n}" for n in range(QUESTIONS)}
        (folder / "script.json").write_text(json.dumps(said))

    def words(self, url, *more):
        """Return the command; a word that begins with "." is an option of the scorer."""
        given = {".base_url": url, ".model": "grader", ".batch_size": "2"}
        given |= dict(word.split("=", 1) for word in more if word[0] == ".")
        options = [f"stages.score.scorer_options{key}={value}" for key, value in given.items()]
        more = [word for word in more if word[0] != "."]
        engine = ["engine.kind=scripted", "engine.script=script.json", "data.options.id=id"]
        fixed = ["--scorer", "judge", "--runs", "runs", "--workers", "1"]
        return ["eval", "zoo:gsm_target", "q.jsonl", *fixed, *engine, *options, *more]

    def run(self, url, *more):
        done = CliRunner().invoke(app, self.words(url, *more), prog_name="llmx")
        return done.exit_code, done.output

    def there(self, name):
        (path,) = self.folder.glob(f"runs/*/{name}")
        return path.read_text()

    def rows(self, name):
        return [json.loads(line) for line in self.there(f"score/answers/{name}").splitlines()]

    def judged(self):
        """Return how many judgements are on the disk."""
        paths = [*self.folder.rglob("judgements.jsonl")]
        return max((len(path.read_bytes().splitlines()) for path in paths), default=0)


@pytest.fixture
def case(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(retry, "FIRST", 0.01)
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("COLUMNS", "200")
    return Case(tmp_path)


def test_answers_are_what_the_judge_says_and_the_page_names_him(case):
    with Endpoint(answer=graded, key=SECRET) as endpoint:
        code, said = case.run(endpoint.url, "--dry-run")
        assert code == 0 and endpoint.seen == [], said
        assert re.search(r"score answers +to do +12 +12,288 +not known", said), said
        assert f"sends prompts of the judge to {endpoint.url}" in said
        code, said = case.run(endpoint.url)
        assert code == 0 and len(endpoint.seen) == QUESTIONS, said
        assert case.run(endpoint.url)[0] == 0 and len(endpoint.seen) == QUESTIONS
        # How it is asked is no meaning: nothing is done again.
        code, said = case.run(endpoint.url, ".retries=1", ".max_cost=1", ".price_in=1")
        assert code == 0 and len(endpoint.seen) == QUESTIONS, said
        assert case.run(endpoint.url, ".rubric=Be kind.")[0] == 0
        assert len(endpoint.seen) == 2 * QUESTIONS
        told = Counter(body["messages"][0]["content"][:8] for body in endpoint.seen)
        assert told == {"You grad": QUESTIONS, "Be kind.": QUESTIONS}
    for path in case.folder.rglob("*"):
        assert not path.is_file() or SECRET.encode() not in path.read_bytes()


def test_what_was_not_read_is_kept_and_asked_again_alone(case):
    faults = {"<1>": ["filtered"], "<2>": ["429", "said 503 under 200"], "<3>": ["half", "500"]}
    texts = {4: "CORRECT or INCORRECT", 5: "", 6: "I cannot say."}
    with Endpoint(answer=lambda body: spoken(body), faults=faults) as endpoint:
        spoken = saying(texts)
        code, said = case.run(endpoint.url)
        assert code == 0 and "score answers: 4 without a readable verdict" in said, said
        lost = [row["id"] for row in case.rows("scores.jsonl") if row["unparsed"]]
        assert lost == ["q1", "q4", "q5", "q6"]
        right = [row["id"] for row in case.rows("scores.jsonl") if row["correct"]]
        assert right == ["q0", "q2", "q8", "q10"]
        page = case.there("report.md")
        assert "grader, a model served on this machine, with llmx's own rubric" in page
        assert "gave 8 readable verdicts on 12 answers; the others count as not right" in page
        replies = {row["id"]: row["reply"] for row in case.rows("judgements.jsonl")}
        assert [replies[f"q{n}"] for n in texts] == list(texts.values())
        seen, spoken = len(endpoint.seen), graded
        code, said = case.run(endpoint.url, "--ask-again")
        assert code == 0 and "4 without a readable verdict, asked again" in said, said
        assert sorted(map(number, endpoint.seen[seen:])) == [1, 4, 5, 6]
        code, said = case.run(endpoint.url, "--ask-again")
        assert code == 0 and "nothing is asked again" in said and len(endpoint.seen) == seen + 4
    assert [row["correct"] for row in case.rows("scores.jsonl")] == [True, False] * 6
    assert "gave 12 readable verdicts on 12 answers." in case.there("report.md")
    assert len(case.rows("unread.jsonl")) == 4
    summary = json.loads(case.there("score/answers/summary.json"))
    assert (summary["judge"]["model"], summary["judge"]["asked_again"]) == ("grader", 4)


def test_an_endpoint_that_refuses_ends_the_run_in_one_line_and_what_it_said_is_kept(case):
    with Endpoint(answer=graded, faults={"<9>": ["said 402 under 200"]}) as endpoint:
        code, said = case.run(endpoint.url)
        assert code == 2 and "no credits left" in said and "Traceback" not in said, said
        before = case.judged()
        assert before >= 8
        code, said = case.run(endpoint.url)
        assert code == 0 and set(endpoint.worked.values()) == {1}, said
    assert [row["correct"] for row in case.rows("scores.jsonl")] == [True, False] * 6


def test_a_budget_is_that_of_the_scorer(case):
    with Endpoint(answer=graded) as endpoint:
        code, said = case.run(endpoint.url, ".max_total_tokens=1800")
        assert code == 2 and "stages.score.scorer_options.max_total_tokens" in said, said
        seen = len(endpoint.seen)
        assert 0 < seen < QUESTIONS
        assert case.run(endpoint.url)[0] == 0 and len(endpoint.seen) == QUESTIONS


def test_after_a_kill_nothing_that_was_judged_is_asked_again(case):
    line = [sys.executable, "-m", "llmx"]
    with Endpoint(answer=graded, delay=0.2) as endpoint:
        started = subprocess.Popen(
            [*line, *case.words(endpoint.url), "--quiet"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
        )
        while case.judged() < 4 and started.poll() is None:
            time.sleep(0.02)
        started.send_signal(signal.SIGKILL)
        started.wait()
        assert 4 <= case.judged() < QUESTIONS
        endpoint.delay = 0.0
        code, said = case.run(endpoint.url)
        assert code == 0, said
        # Only what was in flight, and what was being written, may have been asked twice.
        assert QUESTIONS <= len(endpoint.seen) <= QUESTIONS + 3
    assert [row["id"] for row in case.rows("judgements.jsonl")] == [f"q{n}" for n in range(12)]
    assert [row["correct"] for row in case.rows("scores.jsonl")] == [True, False] * 6


WRONG = {
    "no address": (["base_url=null"], "stages.score.scorer_options.base_url is not set"),
    "no name": (["model=null"], "stages.score.scorer_options.model is not set"),
    "no address at all": (["base_url=HOST/v1"], "scorer_options.base_url=HOST/v1 is no address"),
    "no option": (["url=http://127.0.0.1:9/v1"], "unknown option 'url'"),
    "no key": (["base_url=https://judge.invalid/v1", "key_env=NO_KEY"], "$NO_KEY is not set"),
    "a key": (["api_key=sk-planted"], "would be written to disk"),
    "no price": (["max_cost=1"], "scorer_options.max_cost needs prices"),
    "who named it": (["address_by=user"], "stages.score.scorer_options.address_by is no setting"),
}


@pytest.mark.parametrize(("words", "says"), WRONG.values(), ids=WRONG)
def test_a_wrong_word_is_one_line_and_nothing_is_generated(case, words, says):
    code, said = case.run("http://127.0.0.1:9/v1", *(f".{word}" for word in words))
    assert code == 2 and says in said and "Traceback" not in said, said
    assert [*case.folder.rglob("samples.jsonl")] == []
