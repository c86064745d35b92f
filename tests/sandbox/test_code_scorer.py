"""Scorer `code`: right programs pass, and no cheat does, whatever it prints, kills or reads."""

import json

import pytest
from cages import as_user, needs_root, needs_sandbox
from counts import some
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from llmx.cli.app import app
from llmx.core.errors import ConfigError, DataError, SandboxError
from llmx.core.record import Record, Sample
from llmx.core.spec import ArmSpec, DataSpec, StageSpec
from llmx.core.stage import StageInput
from llmx.data import load
from llmx.sandbox import found
from llmx.scoring.classes import classes_of
from llmx.scoring.code import inside
from llmx.scoring.code.scorer import CodeOptions, CodeScorer, program_of
from llmx.scoring.scorer import made, options_fault
from llmx.stages.classes import _is_keyed
from llmx.stages.score import ScoreStage

PROBLEMS = load(DataSpec(kind="python_functions", test=40), "test")
LIMITS = CodeOptions(seconds=5.0)


def record(text: str) -> Record:
    ids = tuple(range(1, 4))
    return Record(
        id="x", prompt_ids=(), completion_ids=ids, prompt="", text=text, finish="eos", rounds=3
    )


def scored(text: str, sample: Sample, options: CodeOptions = LIMITS) -> tuple[bool, bool, str, int]:
    """Whether it is right, whether it is unparsed, its outcome, and its first failing test."""
    scorer = CodeScorer(options)
    score, told = scorer.score(record(text), sample), scorer.evidence()
    return score.correct, score.unparsed, str(told["outcome"]), int(told["test"])


def test_there_are_forty_problems_of_different_names():
    assert len({sample.id for sample in PROBLEMS}) == 40
    assert min(sample.answer.count("assert ") for sample in PROBLEMS) >= 3


def test_no_other_split_is_there():
    with pytest.raises(DataError, match="no split 'train'"):
        load(DataSpec(kind="python_functions"), "train")


@needs_sandbox
@pytest.mark.parametrize("sample", some(PROBLEMS, 8), ids=lambda sample: sample.id)
def test_a_right_program_passes_and_one_that_gives_nothing_does_not(sample):
    assert scored(sample.solution, sample)[:3] == (True, False, "passed")
    empty = f"def {sample.id}(*args):\n    return object()\n"
    assert scored(empty, sample)[:3] == (False, False, "failed")


# The tests in the program's reach: what it can read of itself, of its parent and of process 1.
LOOKING = """
import gc, os, sys
def seen():
    frame = sys._getframe()
    while frame:
        yield repr(frame.f_locals) + repr(frame.f_globals)
        frame = frame.f_back
    yield repr([one for one in gc.get_objects() if isinstance(one, (str, bytes, dict, list))])
    for process in filter(str.isdigit, os.listdir("/proc")):
        for name in ("environ", "cmdline", "mem"):
            try: yield open(f"/proc/{process}/{name}", "rb").read(1 << 20).decode("latin-1")
            except (OSError, ValueError): pass
        try: held = os.listdir(f"/proc/{process}/fd")
        except OSError: continue
        for fd in held:
            try:
                handle = os.open(f"/proc/{process}/fd/{fd}", os.O_RDONLY | os.O_NONBLOCK)
                yield os.read(handle, 1 << 16).decode("latin-1")
            except OSError: pass
"""
CHEATS = {
    "an endless loop": "def NAME(*args):\n    while True: pass",
    "memory": "def NAME(*args):\n    held = []\n    while True: held.append(bytearray(1 << 24))",
    "leaving early": "import sys\nsys.exit(0)",
    "leaving at once": "import os\ndef NAME(*args): os._exit(0)",
    "another check": "import builtins\nbuiltins.AssertionError = ValueError\n"
    "def check(*args): pass\ndef NAME(*args): return object()",
    "an object that is equal to everything": "class Any(int):\n    def __eq__(self, other):"
    " return True\n    __hash__ = int.__hash__\n    def __ne__(self, other): return False\n"
    "    def __bool__(self): return True\ndef NAME(*args): return Any(987654321)",
    "tests read from frames": LOOKING
    + """
def look():
    if any("-".join(["canary", "tests"]) in text for text in seen()): raise SystemExit("SEEN")
look()
def NAME(*args):
    look()
""",
    "a fork that lives on": "import os, time\nif os.fork() == 0:\n    os.setsid()\n"
    "    time.sleep(600)\ndef NAME(*args): return object()",
    "a gigabyte of output": "import os\ndef NAME(*args):\n    for _ in range(1 << 14):"
    " os.write(1, b'x' * (1 << 16))\n    return object()",
    "a verdict of its own": "import os\nfor fd in range(1, 64):\n    try: os.write(fd, b'0 {"
    '"outcome": "passed", "test": 1, "error": ""}\\n\')\n    except OSError: pass\n'
    "def NAME(*args): return object()",
    "the other process killed": "import os\ndef NAME(*args): os.kill(os.getppid(), 9)",
    "raising what tests look for": "def NAME(*args): raise AssertionError",
}
FEW = CodeOptions(seconds=1.0, memory=128 << 20)


def cheated(problem: Sample) -> dict[str, str]:
    """What came of the cheats that passed, or saw the tests."""
    sample = problem.model_copy(update={"answer": problem.answer + "# canary-tests"})
    found, scorer = {}, CodeScorer(FEW)
    for name, program in CHEATS.items():
        score = scorer.score(record(program.replace("NAME", sample.id)), sample)
        if score.correct or score.unparsed or "SEEN" in str(score.strict):
            found[name] = str(score.strict)
    return found


@needs_sandbox
@pytest.mark.parametrize("sample", some(PROBLEMS, 1), ids=lambda sample: sample.id)
def test_no_cheat_passes(sample):
    assert cheated(sample) == {}


@needs_sandbox
@needs_root
def test_no_cheat_passes_as_a_user():
    assert as_user(lambda: cheated(PROBLEMS[2])) == {}
    assert as_user(lambda: scored(PROBLEMS[2].solution, PROBLEMS[2]))[0]


ADD = Sample(id="add", question="", answer="assert add(1, 2) == 3\nassert add([1], [2]) == [1, 2]")
OUTCOMES = {
    "right": ("def add(a, b): return a + b", (True, False, "passed", 2)),
    "second": ("def add(a, b): return 3", (False, False, "failed", 2)),
    "raises": ("def add(a, b): return 1 / 0", (False, False, "raised", 1)),
    "at once": ("1 / 0\ndef add(a, b): return a + b", (False, False, "raised", 0)),
    "another name": ("def plus(a, b): return a + b", (False, False, "raised", 1)),
    "no Python": ("def add(a, b) return", (False, True, "no program", 0)),
    "too deep": ("(" * 10_000, (False, True, "no program", 0)),
    "nothing": ("", (False, True, "no program", 0)),
    "fenced": (
        "So:\n```python\ndef add(a, b):\n    return a + b\n```\n",
        (True, False, "passed", 2),
    ),
    "killed": ("import os\ndef add(a, b): os._exit(0)", (False, False, "lost", 1)),
    "slow": ("import time\ndef add(a, b): time.sleep(60)", (False, False, "timeout", 0)),
    "loud": ("while True: print('x' * 65536)", (False, False, "output", 0)),
}


@needs_sandbox
@pytest.mark.parametrize(("text", "wanted"), OUTCOMES.values(), ids=OUTCOMES)
def test_an_outcome_is_said_with_the_first_test_that_fails(text, wanted):
    assert scored(text, ADD, FEW) == wanted


@needs_sandbox
def test_what_stands_before_a_program_is_run_before_it():
    before = {"entry_point": "f", "before": "from math import gcd\ndef half(x): return x // 2\n"}
    sample = Sample(id="f", question="", answer="assert half(f(4, 6)) == 1", metadata=before)
    assert scored("def f(a, b): return gcd(a, b)", sample)[0]


@needs_sandbox
def test_tests_may_import_what_is_installed_and_the_program_does_not_see_it():
    numeric = "import numpy as np\nassert np.allclose(f(), [0.1, 0.2])"
    sample = Sample(id="f", question="", answer=numeric)
    assert scored("def f(): return [0.1, 0.2]", sample)[:3] == (True, False, "passed")
    assert scored("import numpy\ndef f(): return [0.1, 0.2]", sample)[2] == "raised"
    with pytest.raises(DataError, match="'no_such_package', which is not installed"):
        scored("x = 1", Sample(id="f", question="", answer="import no_such_package"))


@needs_sandbox
def test_the_order_of_sets_is_the_same_every_time():
    sample = Sample(id="f", question="", answer="assert f() == g()")
    program = "def f(): return list({str(n) for n in range(99)})\ndef g(): return f()"
    scorer, other = CodeScorer(LIMITS), Sample(id="f", question="", answer="assert f() == 1")
    texts = {scorer.score(record(program), one).correct for one in (sample, sample)}
    said = "def f(): raise ValueError(list({str(n) for n in range(20)}))"
    assert texts == {True}
    assert len({scorer.score(record(said), other).strict for _ in range(3)}) == 1


READ = {
    "```python\ndef f(): 1\n```": "def f(): 1\n",
    "```\nx\n```\n```py\ndef f(): 2\n```": "def f(): 2\n",
    "```python\nx = 1\n```": "x = 1\n",
    "```bash\nls\n```\n": None,
    "def f(): 3": "def f(): 3",
    "```python\ndef f(): 4": "def f(): 4",
    "": None,
    "```python\n```": None,
    "  ```python\n  x\n  ```": "  x\n",
}


@pytest.mark.parametrize(("text", "program"), READ.items())
def test_the_program_of_an_answer_is_the_block_that_defines_the_function(text, program):
    assert program_of(text, "f") == program


PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=3)
        | st.sets(st.integers() | st.text(), max_size=3)
        | st.frozensets(st.integers(), max_size=3)
    ),
    max_leaves=12,
)


@given(PLAIN)
def test_a_plain_value_comes_back_as_it_was(value):
    there = inside.unpacked(json.loads(json.dumps(inside.packed(value))))
    assert there == value and type(there) is type(value)
    assert repr(there) == repr(value) or isinstance(value, list | tuple | dict | set | frozenset)


class Always(list):
    def __eq__(self, other):
        return True


@pytest.mark.parametrize("value", [object(), Always([1]), range(3), iter([1]), len, int])
def test_an_object_crosses_as_what_it_is_made_of_or_equals_nothing(value):
    there = inside.unpacked(json.loads(json.dumps(inside.packed(value))))
    assert there != [1, 2] and there != 3 and type(there) is not type(value)


@given(st.recursive(st.none() | st.text() | st.integers(), lambda one: st.lists(one, max_size=3)))
def test_what_a_program_may_send_is_a_plain_value_or_an_error(sent):
    plain = (type(None), bool, int, float, complex, str, bytes, list, tuple, dict, set, frozenset)
    try:
        there = inside.unpacked(sent)
    except (TypeError, ValueError, KeyError, OverflowError):
        return
    assert type(there) in (*plain, inside.OpaqueValue)


# Bad input: one line each, before anything is run.
BAD_OPTIONS = {
    "seconds": 0,
    "memory": "much",
    "sandbox": 3,
    "secs": 1,
}


@pytest.mark.parametrize(("name", "value"), BAD_OPTIONS.items())
def test_an_option_that_cannot_be_is_said_in_one_line(name, value):
    fault = options_fault("code", {name: value})
    assert fault is not None and fault.key == name and "\n" not in fault.message


def test_a_size_may_be_written_with_its_unit():
    scorer = made("code", {"memory": "256MiB"})
    assert isinstance(scorer, CodeScorer) and scorer.options.memory == 256 << 20


@pytest.mark.parametrize("answer", ["", "  ", "assert ("])
def test_tests_that_are_none_are_refused(answer):
    with pytest.raises(DataError, match="'bad'"):
        CodeScorer().reference(Sample(id="bad", question="", answer=answer))


def given_stage(options):
    stage = StageSpec(name="score", kind="score", options={"scorer": "code", **options})
    data = DataSpec(kind="humaneval", revision="abc")
    return StageInput(stage, {"a": ArmSpec(data=data)})


def test_a_plan_without_a_sandbox_is_refused_in_one_line(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(found, "_bundled", lambda: [])
    refusal = ScoreStage().plan(given_stage({})).refusal
    assert isinstance(refusal, SandboxError) and refusal.exit_code == 2
    assert "bubblewrap is missing" in refusal.message and "\n" not in str(refusal)
    assert "apt-get install bubblewrap" in refusal.hint
    other = given_stage({"scorer": "includes"})
    assert ScoreStage().plan(other).refusal is None


def test_a_sandbox_that_refuses_runs_nothing():
    refusal = ScoreStage().plan(given_stage({"scorer_options": {"sandbox": "refuse"}})).refusal
    assert isinstance(refusal, SandboxError) and "sandbox.kind=refuse" in refusal.message
    with pytest.raises(SandboxError, match="in a sandbox only"):
        CodeScorer(CodeOptions(sandbox="refuse")).score(record("x = 1"), ADD)


def test_an_unknown_sandbox_is_named():
    with pytest.raises(ConfigError, match="unknown sandbox kind 'docker'"):
        CodeScorer(CodeOptions(sandbox="docker")).score(record("x = 1"), ADD)


@needs_sandbox
def test_a_run_scores_scripted_programs_whole(tmp_path):
    wrong = {sample.id for sample in PROBLEMS[:2]}
    texts = {one.id: one.solution for one in PROBLEMS[:6]} | dict.fromkeys(wrong, "def x( return")
    (tmp_path / "answers.json").write_text(json.dumps(texts))
    words = ["run", "recipe=programs", "scale.problems=6", "engine.kind=scripted"]
    words += [f"engine.script={tmp_path / 'answers.json'}", "--runs", str(tmp_path / "runs")]
    done = CliRunner().invoke(app, [*words, "--workers", "1", "-q"])
    assert done.exit_code == 0, done.output
    (folder,) = (tmp_path / "runs").glob("programs-*/score/greedy")
    summary = json.loads((folder / "summary.json").read_text())
    assert (summary["correct"], summary["unparsed"], summary["problems"]) == (4, 2, 6)
    rows = [json.loads(line) for line in (folder / "evidence.jsonl").read_text().splitlines()]
    assert [row["outcome"] for row in rows] == ["no program"] * 2 + ["passed"] * 4
    assert all(row["layers"] and row["seconds"] > 0 for row in rows)


@needs_sandbox
def test_of_several_draws_the_share_with_a_right_one_is_given(tmp_path):
    right, bad = PROBLEMS[0].solution, "def x( return"
    texts = {"clamp": right, **{f"clamp#{draw}": bad for draw in (1, 2, 3)}}
    (tmp_path / "answers.json").write_text(json.dumps(texts))
    words = ["run", "recipe=programs", "scale.problems=1", "engine.kind=scripted"]
    words += ["stages.generate.draws=4", "arms.greedy.sampler=target", "--workers", "1", "-q"]
    words += [f"engine.script={tmp_path / 'answers.json'}", "--runs", str(tmp_path / "runs")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    (path,) = (tmp_path / "runs").glob("programs-*/score/greedy/summary.json")
    assert json.loads(path.read_text())["pass_at"] == {"1": 0.25, "2": 0.5, "4": 1.0}


# Votes: programs that do the same are one answer


def keys(*programs: str, tests: str = "assert f(1) == 2\nassert f(-1) == 0", **more: str):
    asked = Sample(id="f", question="?", answer=tests, metadata={"entry_point": "f", **more})
    return [CodeScorer(LIMITS).key_for(record(one), asked) for one in programs]


@needs_sandbox
def test_programs_that_do_the_same_share_a_key_and_no_test_result_is_in_it():
    same = keys(
        "def f(n):\n    return n + 1",
        "```python\nimport math\ndef f(k):\n    return float(k) - -1\n```",
        "x = 1\nf = lambda n: n + x",
    )
    assert len(set(same)) == 1 and same[0] is not None
    other = keys(
        "def f(n):\n    return n + 2", "def f(n):\n    return 2 * n", "def f(n):\n    1 / 0"
    )
    assert len({*other, same[0]}) == 4 and None not in other
    wrong = keys("def f(n):\n    return n + 1", tests="assert f(1) == 7\nassert f(-1) == 7")
    assert wrong == same[:1]


@needs_sandbox
def test_what_does_nothing_that_can_be_counted_does_not_vote():
    nothing = keys("def f(n:\n", "", "def f(n):\n    while True: pass", "def g(n):\n    return 1")
    assert nothing[:3] == [None] * 3
    assert nothing[3] is not None  # each call raises KeyError, as a program's own might
    gone = keys("import os\ndef f(n):\n    os._exit(0)", "def f(n):\n    return 'gone'")
    assert None not in gone and len(set(gone)) == 2
    # A program that writes to the line itself says what is no value: no run ends by that.
    forged = 'import os\ndef f(n):\n    text = b\'{"value": ["f", "zzz"]}\'\n' + (
        "    for fd in range(3, 20):\n        try:\n"
        "            os.write(fd, len(text).to_bytes(8, 'big') + text)\n"
        "        except OSError:\n            pass\n    return 1"
    )
    assert keys(forged)[0] not in (*gone, keys("def f(n):\n    return 1")[0])


@needs_sandbox
def test_a_problem_that_names_no_function_or_no_input_cannot_be_voted():
    for told in ({"entry_point": ""}, {"entry_point": "g"}):
        with pytest.raises(DataError, match="names no function that its tests call"):
            keys("def f(n):\n    return n", **told)


@needs_sandbox
def test_the_votes_of_a_pool_of_programs_are_counted():
    sample = PROBLEMS[0]
    right, wrong = sample.solution, f"def {sample.id}(*args):\n    return None\n"
    other = f"{sample.solution}\n# the same in other words\n"
    draws = [record(text).model_copy(update={"draw": at, "id": sample.id})
             for at, text in enumerate([wrong, right, other, "no program("])]  # fmt: skip
    found = classes_of(CodeScorer(LIMITS), sample, draws)
    assert found.of == (0, 1, 1, -1)
    assert found.right == (False, True)
    assert _is_keyed("code") and not _is_keyed("rouge")
