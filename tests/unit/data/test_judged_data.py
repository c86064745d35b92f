"""AlpacaEval and Arena-Hard: published files become problems, wrong ones are named."""

import json

import huggingface_hub
import pytest
from judge_server import rows, write_alpaca, write_arena

from llmx.core.errors import DataError
from llmx.core.spec import DataSpec
from llmx.data import evaluation_identity, identity, load
from llmx.judging.alpaca_eval_data import BASELINE_FILE, AlpacaEvalData
from llmx.judging.arena_hard_data import ArenaHardData

COMMIT = "c" * 40


def alpaca(path=None, **changes):
    options = {} if path is None else {"path": str(path)}
    return DataSpec(**{"kind": "alpaca_eval", "options": options, **changes})


def arena(path=None, **changes):
    options = {} if path is None else {"path": str(path)}
    return DataSpec(**{"kind": "arena_hard", "options": options, **changes})


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """The hub, with three instructions and a folder of Arena-Hard; what was asked is kept."""
    write_alpaca(tmp_path / BASELINE_FILE, rows(3))
    write_arena(tmp_path / "data" / "arena-hard-v0.1", 3)
    asked = []

    def download(repository, name, *, repo_type, revision):
        asked.append((repository, name, repo_type, revision))
        return str(tmp_path / name)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    return asked


@pytest.mark.parametrize("folder", [True, False])
def test_alpaca_eval_is_read_in_the_package_s_format(tmp_path, folder):
    path = write_alpaca(tmp_path / BASELINE_FILE, rows(5))
    found = load(alpaca(tmp_path if folder else path), "test")
    assert [one.id for one in found] == [f"test-{n}" for n in range(5)]
    first = found[1]
    assert (first.question, first.answer) == ("Instruction <1>", "baseline output 1")
    assert (first.solution, first.cluster) == ("1", "koala")
    assert load(alpaca(path, test=2), "test") == load(alpaca(path), "test", 2) == found[:2]


def test_the_baseline_and_the_whole_are_known(tmp_path):
    path = write_alpaca(tmp_path / "a.json", rows(5))
    data = AlpacaEvalData(alpaca(path))
    assert data.baseline == "gpt4_1106_preview" and not data.whole
    assert AlpacaEvalData(alpaca(write_alpaca(tmp_path / "b.json", rows(805)))).whole
    other = [{**row, "generator": "davinci"} for row in rows(805)]
    assert not AlpacaEvalData(alpaca(write_alpaca(tmp_path / "c.json", other))).whole


@pytest.mark.parametrize("old", [True, False])
def test_arena_hard_is_read_in_both_of_its_forms(tmp_path, old):
    folder = write_arena(tmp_path / "data" / "arena-hard-v0.1", 4, old)
    found = load(arena(folder), "test")
    assert [(one.id, one.question, one.answer) for one in found] == [
        (f"u{n}", f"Instruction <{n}>", f"baseline output {n}") for n in range(4)
    ]
    assert load(arena(tmp_path), "test") == found  # the checkout around it


def test_from_the_hub_at_the_pinned_commit(hub):
    assert len(load(alpaca(revision=COMMIT), "test")) == 3
    assert len(load(arena(revision=COMMIT), "test")) == 3
    repositories = {(repository, kind, revision) for repository, _, kind, revision in hub}
    assert repositories == {
        ("tatsu-lab/alpaca_eval", "dataset", COMMIT),
        ("lmarena-ai/arena-hard-auto", "dataset", COMMIT),
    }


@pytest.mark.parametrize("spec", [alpaca(revision=COMMIT), arena(revision=COMMIT)])
def test_without_the_hub_one_line_says_what_to_do(spec):
    with pytest.raises(DataError, match="cannot fetch") as error:
        load(spec, "test")
    assert "\n" not in str(error.value) and "data.options.path" in error.value.hint


def test_the_identity_is_what_is_in_the_file_and_not_where_it_is(tmp_path):
    one, two = (tmp_path / name for name in ("one", "two"))
    one.mkdir()
    two.mkdir()
    paths = [write_alpaca(folder / "a.json", rows(5)) for folder in (one, two)]
    assert identity(alpaca(paths[0])) == identity(alpaca(paths[1]))
    other = write_alpaca(tmp_path / "b.json", rows(6))
    assert identity(alpaca(paths[0])) != identity(alpaca(other))
    folders = [write_arena(folder / "arena", 3) for folder in (one, two)]
    assert evaluation_identity(arena(folders[0]), "test") == evaluation_identity(
        arena(folders[1]), "test"
    )
    (folders[0] / "question.jsonl").write_text('{"uid": "u0", "prompt": "other"}\n')
    assert identity(arena(folders[0])) != identity(arena(folders[1]))


def test_the_hub_is_not_asked_for_an_identity(hub):
    assert identity(alpaca(revision=COMMIT))["spec"]["revision"] == COMMIT
    assert identity(arena(revision=COMMIT))["repository"] == "lmarena-ai/arena-hard-auto"
    assert not hub


ROW = rows(1)[0]
BAD_ALPACA = {
    "no json": ("[{", "cannot be read"),
    "no list": ('{"instruction": "a"}', "is no list of rows"),
    "nothing": ("[]", "is no list of rows"),
    "no rows": ('["a"]', "is no list of rows"),
    "no output": (json.dumps([{"instruction": "a"}]), "row 0 .*'output'"),
    "no text": (json.dumps([{**ROW, "output": 3}]), "row 0 .* not as expected"),
    "one twice": (json.dumps([ROW, ROW]), "stands twice"),
}


@pytest.mark.parametrize(("text", "says"), BAD_ALPACA.values(), ids=BAD_ALPACA)
def test_a_wrong_file_of_alpaca_eval_is_named(tmp_path, text, says):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(DataError, match=says) as error:
        load(alpaca(path), "test")
    assert "\n" not in str(error.value) and "a.json" in str(error.value)


GOOD = '{"uid": "u0", "prompt": "p"}\n'
SAID = '{"uid": "u0", "messages": [{"content": {"answer": "a"}}]}\n'
BAD_ARENA = {
    "half a line": ('{"uid": ', SAID, "cannot be read"),
    "no prompt": ('{"uid": "u0"}\n', SAID, "lacks 'turns'"),
    "no id": ('{"prompt": "p"}\n', SAID, "lacks 'question_id'"),
    "an empty prompt": ('{"uid": "u0", "prompt": ""}\n', SAID, "has no text"),
    "no answer": (GOOD, SAID.replace("u0", "u1"), "has no answer to question 'u0'"),
    "an answer without text": (GOOD, '{"uid": "u0", "messages": []}\n', "u0 lacks"),
}


@pytest.mark.parametrize(("asked", "said", "says"), BAD_ARENA.values(), ids=BAD_ARENA)
def test_wrong_files_of_arena_hard_are_named(tmp_path, asked, said, says):
    (tmp_path / "model_answer").mkdir()
    (tmp_path / "question.jsonl").write_text(asked)
    (tmp_path / "model_answer" / "gpt-4-0314.jsonl").write_text(said)
    with pytest.raises(DataError, match=says) as error:
        load(arena(tmp_path), "test")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (alpaca("nowhere.json"), "nowhere.json is not there"),
        (arena("nowhere"), "nowhere is not there"),
        (alpaca(), "revision is not set"),
        (DataSpec(kind="alpaca_eval", options={"pth": "a"}), "unknown option 'pth'"),
        (DataSpec(kind="arena_hard", options={"base": "a"}), "unknown option 'base'"),
    ],
)
def test_data_that_is_nowhere_is_refused_before_anything_runs(spec, says):
    with pytest.raises(DataError, match=says):
        identity(spec)


def test_arena_hard_without_a_place_can_be_planned_and_not_loaded(tmp_path):
    refusal = ArenaHardData.refusal(arena())
    assert "questions are nowhere" in str(refusal) and "data.options.path" in refusal.hint
    assert identity(arena())["content"] is None
    with pytest.raises(DataError, match="questions are nowhere"):
        load(arena(), "test")
    assert ArenaHardData.refusal(arena(tmp_path)) is None
    assert ArenaHardData.refusal(arena(revision=COMMIT)) is None


@pytest.mark.parametrize("make", [alpaca, arena])
def test_there_is_one_split(make, tmp_path):
    with pytest.raises(DataError, match="no split 'calibration'"):
        load(make(tmp_path), "calibration")


def test_a_folder_without_the_files_says_so(tmp_path):
    with pytest.raises(DataError, match=r"has no question\.jsonl"):
        load(arena(tmp_path), "test")
    with pytest.raises(DataError, match=BASELINE_FILE):
        load(alpaca(tmp_path), "test")
