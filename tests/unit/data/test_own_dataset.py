"""Any dataset of the hub: pinned once, read as a file is."""

import json
from itertools import count
from types import SimpleNamespace

import datasets
import huggingface_hub
import pytest

from llmx.core import hub as core_hub
from llmx.core.errors import LlmxError
from llmx.core.spec import DataSpec
from llmx.data import evaluation_identity, identity, load, settled
from llmx.data import hub as data_hub

COMMITS = [letter * 40 for letter in "abcdef"]
NUMBERS = count()


def arc(question, key, texts=("red", "green")):
    return {"question": question, "choices": {"text": list(texts), "label": ["1", "2"]},
            "answerKey": key}  # fmt: skip


class Split(list):
    """Rows with features, as `datasets` has them."""

    features: dict[str, object] = {}


class Hub:
    """A hub whose branches move, and which counts what it is asked."""

    def __init__(self) -> None:
        self.repository = f"owner/set{next(NUMBERS)}"  # tables are kept by name and commit
        self.looked_up: list[str | None] = []
        self.asked: list[tuple[str | None, str, str]] = []
        self.splits = {"test": Split([arc("Which?", "2"), arc("Why?", "1")])}
        self.splits["train"] = Split([arc("How?", "1")])

    def dataset_info(self, repository, revision=None):
        assert repository == self.repository
        self.looked_up.append(revision)
        return SimpleNamespace(sha=COMMITS[len(self.looked_up) - 1])

    def load_dataset(self, repository, configuration, *, split, revision, trust_remote_code):
        assert repository == self.repository and not trust_remote_code
        self.asked.append((configuration, split, revision))
        if split not in self.splits:
            raise ValueError(f"Unknown split.\nShould be one of {list(self.splits)}.")
        return self.splits[split]

    def spec(self, revision=None, **options) -> DataSpec:
        options = {"repository": self.repository, **options}
        return DataSpec(kind="hub", revision=revision, options=options)


@pytest.fixture
def hub(monkeypatch):
    made = Hub()
    monkeypatch.setattr(data_hub, "go_offline_if_unreachable", lambda: None)
    monkeypatch.setattr(core_hub, "go_offline_if_unreachable", lambda: None)
    monkeypatch.setattr(datasets, "load_dataset", made.load_dataset)
    monkeypatch.setattr(huggingface_hub, "HfApi", lambda: made)
    return made


def test_a_missing_revision_is_looked_up_once_written_down_and_told(hub, tmp_path):
    file = tmp_path / "runs" / "revisions.json"
    first = settled(hub.spec(), file)
    assert first.spec.revision == COMMITS[0] and hub.looked_up == [None]
    assert first.notes[0] == (
        f"{hub.repository}: data.revision={COMMITS[0]} (its newest now, kept in revisions.json)"
    )
    assert json.loads(file.read_text()) == {f"{hub.repository}@main": COMMITS[0]}
    again = settled(hub.spec(), file)
    assert again.spec == first.spec and hub.looked_up == [None]
    assert "(as kept in revisions.json)" in again.notes[0]
    assert {asked[2] for asked in hub.asked} == {COMMITS[0]}
    assert settled(hub.spec(), tmp_path / "other").spec.revision == COMMITS[1]


def test_a_branch_is_pinned_and_a_commit_stays(hub, tmp_path):
    file = tmp_path / "r"
    assert settled(hub.spec("dev"), file).spec.revision == COMMITS[0]
    assert settled(hub.spec(), file).spec.revision == COMMITS[1]
    assert settled(hub.spec("dev"), file).spec.revision == COMMITS[0]
    kept = settled(hub.spec(COMMITS[5]), tmp_path / "none")
    assert kept.spec.revision == COMMITS[5] and hub.looked_up == ["dev", None]
    assert not (tmp_path / "none").exists() and "data.revision" not in kept.notes[0]


def test_only_a_commit_has_an_identity(hub, tmp_path):
    for revision in (None, "main", "a" * 39):
        with pytest.raises(LlmxError, match="is no commit"):
            identity(hub.spec(revision))
    one, two = (identity(hub.spec(commit)) for commit in COMMITS[:2])
    assert one != two and not hub.asked
    done = settled(hub.spec(COMMITS[0]), tmp_path / "r").spec
    assert evaluation_identity(done, "test")["spec"]["revision"] == COMMITS[0]


def test_rows_of_the_hub_are_read_as_those_of_a_file(hub, tmp_path):
    done = settled(hub.spec(COMMITS[0]), tmp_path / "r").spec
    found = load(done, "test")
    assert [one.question for one in found] == ["Which?\nA. red\nB. green", "Why?\nA. red\nB. green"]
    assert [one.answer for one in found] == ["B", "A"] and done.test == 2
    assert done.options["answer_is"] == "label" and done.options["choices"] == "choices"


def test_published_splits_become_ours_by_their_names(hub, tmp_path):
    data = hub.spec(COMMITS[0], config="main", split="test", splits={"calibration": "train"})
    done = settled(data, tmp_path / "r").spec
    assert [one.question[:4] for one in load(done, "calibration")] == ["How?"]
    assert done.calibration == 1 and ("main", "train", COMMITS[0]) in hub.asked
    with pytest.raises(LlmxError, match="has no split 'train'"):
        load(done, "train")
    shown = load(hub.spec(COMMITS[0], splits={"train": "train"}, shots=1), "test")
    assert all(one.examples == "How?\nA. red\nB. green\nA" for one in shown)


def test_numbers_that_have_names_are_the_names(hub):
    hub.splits["test"] = Split([{"text": "good", "label": 1}, {"text": "bad", "label": 0}])
    hub.splits["test"].features = {"label": SimpleNamespace(names=["no", "yes"]), "text": object()}
    found = load(hub.spec(COMMITS[0], question="text"), "test")
    assert [one.answer for one in found] == ["yes", "no"]
    hub.splits["test"][0]["label"] = -1  # what the hub writes where labels are kept back
    with pytest.raises(LlmxError, match="row 1: the column 'label' holds nothing"):
        load(hub.spec(COMMITS[1], question="text"), "test")


def test_what_the_library_says_is_one_line_with_what_can_be_chosen(hub, tmp_path):
    with pytest.raises(LlmxError, match=r"Unknown split\. Should be one of \['test'") as error:
        settled(hub.spec(COMMITS[0], split="dev"), tmp_path / "r")
    assert "\n" not in str(error.value)


def test_without_the_hub_its_cache_says_where_it_stood(hub, tmp_path, monkeypatch):
    def unreachable(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(hub, "dataset_info", unreachable)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    with pytest.raises(LlmxError, match=r"cannot look up .*no network.*data\.revision=COMMIT"):
        settled(hub.spec(), tmp_path / "r")
    name = f"datasets--{hub.repository.replace('/', '--')}"
    (tmp_path / "hub" / name / "refs").mkdir(parents=True)
    (tmp_path / "hub" / name / "refs" / "main").write_text(COMMITS[3])
    assert settled(hub.spec(), tmp_path / "r").spec.revision == COMMITS[3]


GPQA_LIKE = {"question": "q", "choices": ("right", "x", "y", "z"), "answer": "{{ 0 }}"}


def stated(hub, rows=2, seed=0, **options):
    named = {"rows": rows, "question": "question", "answer": "answerKey", "choices": "choices"}
    spec = hub.spec(COMMITS[0], **{**named, "answer_is": "label", **options})
    return spec.model_copy(update={"seed": seed, "test": 10})


def test_a_plan_of_named_columns_and_rows_asks_nobody_and_says_as_much(hub, tmp_path):
    found = settled(stated(hub), tmp_path / "r")
    assert (found.spec.test, found.spec.train, found.notes) == (2, 0, ())
    assert hub.asked == [] and hub.looked_up == []
    assert evaluation_identity(found.spec, "test") and hub.asked == []
    assert [one.answer for one in load(found.spec, "test")] == ["B", "A"]


@pytest.mark.parametrize("open_", ["question", "answer", "choices", "answer_is", "rows"])
def test_what_a_recipe_leaves_open_is_read(hub, tmp_path, open_):
    settled(stated(hub, **{open_: None}), tmp_path / "r")
    assert hub.asked


def test_other_rows_than_a_recipe_says_are_an_error(hub):
    with pytest.raises(LlmxError, match="has 2 rows, not 3"):
        load(stated(hub, rows=3), "test")


def permuted(hub, seed):
    hub.splits["test"] = Split(
        {"q": f"Which of {n}?", "right": f"yes {n}", "x": f"a {n}", "y": f"b {n}", "z": f"c {n}"}
        for n in range(40)
    )
    more = {**GPQA_LIKE, "answer_is": "index", "permute": True, "rows": 40}
    return load(stated(hub, seed=seed, **more).model_copy(update={"test": 40}), "test")


def test_permuted_options_keep_the_right_one_right(hub):
    letters = []
    for n, one in enumerate(permuted(hub, 0)):
        _, *shown = one.question.split("\n")
        assert sorted(line[3:] for line in shown) == sorted(
            [f"yes {n}", f"a {n}", f"b {n}", f"c {n}"]
        )
        assert f"{one.answer}. yes {n}" in shown
        letters.append(one.answer)
    assert all(4 <= letters.count(letter) <= 18 for letter in "ABCD")


def test_an_order_is_drawn_by_the_seed_and_is_no_part_of_a_name(hub):
    first, again, other = permuted(hub, 0), permuted(hub, 0), permuted(hub, 1)
    assert first == again
    assert [one.id for one in first] == [one.id for one in other]
    assert [one.question for one in first] != [one.question for one in other]
