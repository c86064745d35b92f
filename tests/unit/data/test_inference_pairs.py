"""Triples of inference and graded sentences: of the hub at a commit, or fabricated and said so."""

from dataclasses import replace
from types import SimpleNamespace

import datasets
import huggingface_hub
import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.core.errors import ConfigError, DataError
from llmx.core.registry import lookup
from llmx.core.spec import DataSpec
from llmx.data import hub as data_hub
from llmx.data import identity, settled
from llmx.data.pairs import fabricated, sts
from llmx.data.pairs.pairs import PairRows
from llmx.store.fingerprint import fingerprint

COMMIT = "c" * 40
LINES = """sent0,sent1,hard_neg
"A man, outside, runs.",A man moves.,A man sleeps.
A dog barks.,A dog is loud.,A dog is silent.
A dog barks.,An animal is loud.,No animal is loud.
Nothing follows.,,Something follows.
A man moves.,He moves.,A man sleeps.
"""


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """The hub: a file of triples, and two tasks of graded pairs; what was asked is kept."""
    file, asked = tmp_path / "nli_for_simcse.csv", []
    file.write_text(LINES)
    graded = [{"sentence1": f"s {n}", "sentence2": f"t {n // 2}", "score": n} for n in range(4)]

    def load_dataset(repository, configuration, *, split, revision, trust_remote_code):
        asked.append((repository, configuration, split, revision))
        return list(graded)

    def download(repository, name, *, repo_type, revision):
        asked.append((repository, name, repo_type, revision))
        return str(file)

    monkeypatch.setattr(data_hub, "go_offline_if_unreachable", lambda: None)
    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", download)
    monkeypatch.setattr(
        huggingface_hub,
        "HfApi",
        lambda: SimpleNamespace(dataset_info=lambda *_, **__: SimpleNamespace(sha=COMMIT)),
    )
    few = {
        name: sts.GradedTask(one.repository, one.revision, 4) for name, one in sts.PUBLISHED.items()
    }
    monkeypatch.setattr(sts, "PUBLISHED", few)
    return SimpleNamespace(file=file, asked=asked, graded=graded)


def nli(revision=COMMIT, **options):
    return DataSpec(kind="nli_pairs", revision=revision, test=1, calibration=1, options=options)


def test_a_triple_is_a_row_with_its_contradiction_as_a_negative(hub):
    rows = lookup("data", "nli_pairs")(nli()).every()
    assert [(row.query, row.target, row.negatives) for row in rows] == [
        ("A man, outside, runs.", "A man moves.", ("A man sleeps.",)),
        ("A dog barks.", "A dog is loud.", ("A dog is silent.",)),
        ("A dog barks.", "An animal is loud.", ("No animal is loud.",)),
        ("A man moves.", "He moves.", ("A man sleeps.",)),
    ]
    assert [row.id for row in rows] == ["nli-0", "nli-1", "nli-2", "nli-4"]
    assert rows[1].group == rows[2].group != rows[0].group
    where = ("princeton-nlp/datasets-for-simcse", "nli_for_simcse.csv", "dataset", COMMIT)
    assert hub.asked == [where]


def test_a_file_with_other_columns_is_refused(hub):
    hub.file.write_text("a,sent1,hard_neg\n1,2,3\n")
    with pytest.raises(DataError, match="has no column sent0"):
        lookup("data", "nli_pairs")(nli()).every()


def test_a_commit_is_looked_up_once_and_rows_are_refused_without_one(hub, tmp_path, monkeypatch):
    file = tmp_path / "revisions.json"
    first = settled(nli(None), file)
    assert first.spec.revision == COMMIT and "its newest now" in first.notes[0]
    assert settled(nli(None), file).notes[0].endswith("(as kept in revisions.json)")
    assert settled(nli("d" * 40), file).spec.revision == "d" * 40

    def unreachable():
        raise ConnectionError("no network")

    monkeypatch.setattr(huggingface_hub, "HfApi", unreachable)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "none"))
    open_ = settled(nli(None), tmp_path / "other.json")
    assert open_.spec.revision is None and "is not known yet" in open_.notes[0]
    with pytest.raises(DataError, match="is not known") as refused:
        lookup("data", "nli_pairs")(open_.spec).every()
    assert "data.options.source=fabricated" in refused.value.hint


def test_a_grade_is_that_of_people_and_each_task_is_at_its_commit(hub):
    spec = DataSpec(kind="sts", test=99, options={"tasks": ["stsb", "sickr"]})
    rows = lookup("data", "sts")(spec).pairs("test")
    assert sorted(row.id for row in rows) == [
        f"{t}-{n}" for t in ("sickr", "stsb") for n in range(4)
    ]
    assert sorted(row.grade for row in rows.of("stsb")) == [0.0, 1.0, 2.0, 3.0]
    assert [one[0] for one in hub.asked] == ["mteb/stsbenchmark-sts", "mteb/sickr-sts"]
    assert all(len(one[3]) == 40 and one[2] == "test" for one in hub.asked)
    held = identity(spec)["revisions"]
    assert held["stsb"] == sts.PUBLISHED["stsb"].revision


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"sentence1": "a", "sentence2": "b"}, "row 4 of mteb/stsbenchmark-sts is not as expected"),
        ({"sentence1": "a", "sentence2": "b", "score": "much"}, "row 4"),
        (None, "has 4 pairs in place of 5"),
    ],
)
def test_rows_that_are_not_as_published_are_refused(hub, monkeypatch, row, said):
    five = {"stsb": sts.GradedTask("mteb/stsbenchmark-sts", COMMIT, 5)}
    monkeypatch.setattr(sts, "PUBLISHED", five)
    if row is not None:
        hub.graded.append(row)
    with pytest.raises(DataError, match=said):
        lookup("data", "sts")(DataSpec(kind="sts", options={"tasks": ["stsb"]})).every()


def test_published_pairs_are_as_many_as_mteb_says():
    assert sum(one.pairs for one in sts.PUBLISHED.values()) == 23_850
    assert len({one.revision for one in sts.PUBLISHED.values()}) == len(sts.TASKS) == 7


@pytest.mark.parametrize("tasks", [[], ["stsb", "stsb"], ["sts11"]])
def test_tasks_are_known_and_named_once(tasks):
    with pytest.raises(ConfigError):
        lookup("data", "sts")(DataSpec(kind="sts", options={"tasks": tasks}))


# Fabricated sentences


PARTS = st.tuples(
    *(
        st.integers(0, 1).flatmap(
            lambda kind, part=part: st.tuples(
                st.just(kind), st.integers(0, len(list(part.values())[kind]) - 1)
            )
        )
        for part in fabricated.PARTS
    )
)


@settings(max_examples=count(50, 500), deadline=None)
@given(PARTS, PARTS)
def test_sentences_are_alike_as_their_parts_are(one, other):
    score = fabricated.alike(one, other)
    assert score == fabricated.alike(other, one)
    assert (
        (score == fabricated.FULL)
        == (one == other)
        == (fabricated.sentence(one) == fabricated.sentence(other))
    )
    assert 0 <= score <= fabricated.FULL


@settings(max_examples=count(50, 500), deadline=None)
@given(PARTS)
def test_what_contradicts_has_another_action_at_the_same_place(parts):
    follows, denied = fabricated.entailed(parts), fabricated.contradicted(parts)
    assert follows != denied and follows.split(" something ")[1] == denied.split(" something ")[1]
    doing = list(fabricated.ACTIONS.values())
    assert any(one in follows for one in doing[parts[0 + 1][0]])
    assert any(one in denied for one in doing[1 - parts[1][0]])


def test_fabricated_rows_say_so_and_follow_from_the_seed(tmp_path):
    spec = nli(None, source="fabricated", fabricated=40)
    rows = lookup("data", "nli_pairs")(spec).every()
    again = lookup("data", "nli_pairs")(spec).every()
    other = lookup("data", "nli_pairs")(spec.model_copy(update={"seed": 1})).every()
    assert rows == again != other and len(rows) == 40
    assert {row.dataset for row in rows} == {"fabricated_nli"}
    graded = DataSpec(kind="sts", test=99, options={"source": "fabricated", "fabricated": 9})
    pairs = lookup("data", "sts")(graded).pairs("test")
    assert len(pairs) == 63 and all(row.id.startswith("fabricated-") for row in pairs)
    assert len({row.grade for row in pairs}) > 4
    for one in (spec, graded):
        (note,) = settled(one, tmp_path / "r.json").notes
        assert "fabricated sentences; no figure is on published data" in note


def test_a_grade_is_part_of_what_rows_are_and_rows_without_keep_their_hash(hub):
    row = lookup("data", "nli_pairs")(nli()).every()[0]
    plain = PairRows((row,)).hash
    texts = [row.id, row.query, row.target, row.dataset, row.family, row.label]
    assert plain == fingerprint([[*texts, [*row.negatives]]])
    assert len({plain, *(PairRows((replace(row, grade=g),)).hash for g in (0.0, 1.0))}) == 3
