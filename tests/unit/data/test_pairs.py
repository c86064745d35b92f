"""Pairs: splits that share nothing, what is known of two rows, searches and a person's files."""

import json
import lzma
from dataclasses import replace

import pytest
from counts import count
from hypothesis import given, settings
from hypothesis import strategies as st

from llmx.core.errors import ConfigError, DataError
from llmx.core.registry import lookup
from llmx.core.spec import DataSpec
from llmx.data.drawn import identity, settled
from llmx.data.pairs import wordnet
from llmx.data.pairs.kind import PairData
from llmx.data.pairs.pairs import Pair, PairRows, retrieval_of
from llmx.data.pairs.splits import divided, leaks

SIZES = {"test": 3, "calibration": 2, "train": 0}


def pair(number, query, target, group, words=(), **other):
    return Pair(f"r{number}", query, target, other.pop("target_id", 0), "d", group=group,
                words=words, **other)  # fmt: skip


texts = st.sampled_from([f"t{n}" for n in range(12)])
rows_of = st.lists(st.tuples(texts, texts, texts, texts), max_size=30).map(
    lambda found: [pair(n, f"q {q}", f"a {t}", g, (w,)) for n, (q, t, g, w) in enumerate(found)]
)


@settings(max_examples=count(60, 600), deadline=None)
@given(rows_of, st.integers(0, 5))
def test_no_two_splits_share_a_group_a_text_or_a_word(rows, seed):
    splits, dropped = divided(rows, seed, SIZES)
    assert leaks(splits) == ()
    held = [row.id for split in splits.values() for row in split]
    assert len(held) == len(set(held)) == len(rows) - dropped
    assert len(splits["test"]) <= 3 and len(splits["calibration"]) <= 2
    assert (divided(list(reversed(rows)), seed, SIZES)[0].keys()) == splits.keys()


@settings(max_examples=count(30, 300), deadline=None)
@given(rows_of, st.integers(0, 5))
def test_a_row_of_training_is_left_out_only_for_what_it_shares(rows, seed):
    splits, _ = divided(rows, seed, SIZES)
    kept = {row.id for split in splits.values() for row in split}
    evaluated = {"test": splits["test"], "calibration": splits["calibration"]}
    for row in rows:
        if row.id not in kept:
            assert leaks({**evaluated, "train": [row]})


def test_the_seed_says_which_groups_are_tested():
    rows = [pair(n, f"q{n}", f"a{n}", f"g{n}") for n in range(40)]
    tests = {tuple(r.id for r in divided(rows, seed, SIZES)[0]["test"]) for seed in range(5)}
    assert len(tests) == 5 and all(len(one) == 3 for one in tests)


def test_a_limit_holds_for_each_dataset():
    rows = [replace(pair(n, f"q{n}", f"a{n}", f"g{n}"), dataset=f"d{n % 2}") for n in range(40)]
    train = divided(rows, 0, {**SIZES, "train": 4})[0]["train"]
    assert sorted(row.dataset for row in train) == ["d0"] * 4 + ["d1"] * 4


A = pair(0, "Query one", "target one", "g0", ("word",))


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (pair(1, "b", "c", "g0"), "group"),
        (pair(1, "query  ONE", "c", "g1"), "text"),
        (pair(1, "b", "Target one", "g1"), "text"),
        (pair(1, "target one", "c", "g1"), "text"),
        (pair(1, "b", "c", "g1", ("Word",)), "word"),
    ],
)
def test_the_audit_finds_what_is_planted(other, what):
    (found,) = leaks({"test": [A], "train": [other]})
    assert (found.what, found.splits, found.rows) == (what, ("test", "train"), ("r0", "r1"))


def test_a_class_may_stand_in_every_split():
    one = replace(A, family="classification")
    other = pair(1, "b", "target one", "g1", family="classification")
    assert leaks({"test": [one], "train": [other]}) == ()
    assert leaks({"test": [A], "train": [replace(other, family="retrieval")]})


def test_of_two_rows_the_truth_is_told():
    rows = tuple(
        pair(n, f"q{n}", f"a{t}", g, target_id=t)
        for n, (t, g) in enumerate([(0, "g"), (0, "h"), (1, "g"), (2, "i"), (3, "k")])
    )
    known = PairRows(rows, "related", {"g": frozenset({"i"})})
    assert [known.truth(0, j) for j in range(5)] == [
        *("duplicate", "duplicate", "related", "related", "unrelated")
    ]
    assert PairRows(rows).truth(0, 1) == "duplicate" and PairRows(rows).truth(0, 2) is None
    other = PairRows((rows[0], replace(rows[1], dataset="e")))
    assert other.truth(0, 1) is None, "a class of one task is none of another"
    assert known.target_id.tolist() == [0, 0, 1, 2, 3] and known.target_id.dtype == "int64"


def test_the_hash_is_of_what_stands_in_the_rows():
    rows = (A, pair(1, "b", "c", "g1"))
    same = PairRows(rows).hash
    assert PairRows(rows, "related").hash == same
    for name, value in {"query": "x", "target": "x", "id": "x", "label": "x", "negatives": ("x",)}.items():  # fmt: skip  # noqa: E501
        assert PairRows((A, replace(rows[1], **{name: value}))).hash != same, name
    assert PairRows(rows[::-1]).hash != same


def test_equal_queries_are_asked_once_and_each_of_their_targets_is_right():
    rows = [
        pair(0, "q", "a", "g0", target_id=5),
        pair(1, "q", "b", "g1", target_id=7),
        pair(2, "p", "a", "g2", target_id=5),
        pair(3, "o", "c", "g3", target_id=9),
    ]
    found = retrieval_of([rows[1], rows[2], rows[0]], rows, {"g2": frozenset({"g3", "g0"})})
    assert found.queries == ("q", "p") and found.ids == ("r1", "r2")
    assert found.corpus == ("a", "b", "c") and found.corpus_id.tolist() == [5, 7, 9]
    assert found.judged == ({0: 2, 1: 2}, {0: 2, 2: 1}), "right outweighs related"


# ----- a person's file


ROWS = [
    {"query": "one", "target": "A", "dataset": "x", "label": "l", "negatives": ["n", "m"]},
    {"query": "two", "target": "B", "dataset": "y", "label": None, "negatives": None},
    {"query": "three", "target": "A", "dataset": "x", "label": "", "negatives": []},
]


def own(path, **other) -> PairData:
    options = {"path": str(path), **other}
    return lookup("data", "pairs_local")(DataSpec(kind="pairs_local", test=1, options=options))


def write(tmp_path, name, rows=ROWS):
    path = tmp_path / name
    if name.endswith(".parquet"):
        import pyarrow
        from pyarrow import parquet

        parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path)
    elif name.endswith(".csv"):
        lines = [f"{r['query']},{r['target']},{r['dataset']},{r['label'] or ''}" for r in rows]
        path.write_text("\n".join(["query,target,dataset,label", *lines]))
    else:
        path.write_text("\n".join(map(json.dumps, rows)))
    return path


@pytest.mark.parametrize("name", ["p.jsonl", "p.csv", "p.parquet"])
def test_rows_of_a_file_are_pairs(tmp_path, name):
    rows = own(write(tmp_path, name)).every()
    assert [(r.query, r.target, r.target_id, r.dataset) for r in rows] == [
        ("one", "A", 0, "x"),
        ("two", "B", 1, "y"),
        ("three", "A", 0, "x"),
    ]
    assert [r.label for r in rows] == ["l", None, None]
    assert rows[0].negatives == (() if name.endswith("csv") else ("n", "m"))
    assert rows[0].group == rows[2].group != rows[1].group, "equal targets stay together"


def test_columns_are_named(tmp_path):
    path = write(tmp_path, "p.jsonl", [{"q": "one", "doc": "A", "src": "s", "k": 7}])
    (row,) = own(path, query="q", target="doc", group="src", id="k").every()
    assert (row.id, row.query, row.target, row.group) == ("7", "one", "A", "s")


BAD = [
    (
        "p.jsonl",
        [{"query": "one", "target": None}],
        {},
        "line 1: the column 'target' holds no text",
    ),
    ("p.jsonl", [{"query": " ", "target": "A"}], {}, "line 1: the column 'query' holds no text"),
    ("p.jsonl", [{"query": ["x"], "target": "A"}], {}, "'query' holds no text"),
    ("p.jsonl", [{"query": "x", "target": "A", "negatives": ["a", None]}], {}, "no list of texts"),
    ("p.jsonl", [{"query": "x", "target": "A", "id": 1}] * 2, {}, "line 2: has the id '1' of line"),
    ("p.jsonl", ROWS, {"group": "grp"}, "has no column 'grp', which is data.options.group"),
    ("p.txt", ROWS, {}, "'.txt' is not read"),
]


@pytest.mark.parametrize(("name", "rows", "options", "said"), BAD)
def test_what_is_no_pair_is_told_with_its_line(tmp_path, name, rows, options, said):
    with pytest.raises(DataError, match="p\\.") as error:
        own(write(tmp_path, name, rows), **options).every()
    assert said in str(error.value)


def test_a_file_without_the_two_columns_is_told(tmp_path):
    path = write(tmp_path, "p.jsonl", [{"question": "one", "answer": "A"}])
    with pytest.raises(DataError, match=r"no column 'query'.*data\.options\.query"):
        own(path).every()


def test_options_are_checked(tmp_path):
    for options in ({}, {"path": None}, {"path": "x", "family": "song"}, {"pth": "x"}):
        with pytest.raises((ConfigError, DataError)):
            lookup("data", "pairs_local")(DataSpec(kind="pairs_local", options=options)).every()
    with pytest.raises(DataError, match="is not there"):
        own(tmp_path / "none.jsonl").every()


def test_a_file_counts_by_its_content_and_a_changed_one_is_refused(tmp_path):
    one, other = write(tmp_path, "p.jsonl"), write(tmp_path, "q.jsonl")
    spec = DataSpec(kind="pairs_local", test=1, options={"path": str(one)})
    planned = settled(spec, tmp_path / "found.json")
    assert planned.notes == ("pairs: 3 rows, 2 datasets",)
    moved = planned.spec.model_copy(
        update={"options": {**planned.spec.options, "path": str(other)}}
    )
    assert identity(planned.spec) == identity(moved) == identity(spec)
    one.write_text(one.read_text() + '\n{"query": "new", "target": "N"}')
    assert identity(spec) != identity(planned.spec)
    with pytest.raises(DataError, match="another file than was planned"):
        lookup("data", "pairs_local")(planned.spec).every()


def test_an_own_file_gives_splits_and_a_search(tmp_path):
    rows = [{"query": f"q{n}", "target": f"a{n // 2}"} for n in range(20)]
    data = lookup("data", "pairs_local")(
        DataSpec(
            kind="pairs_local",
            test=4,
            calibration=2,
            train=6,
            options={"path": str(write(tmp_path, "p.jsonl", rows))},
        )
    )
    assert [len(data.pairs(split)) for split in ("test", "calibration", "train")] == [4, 2, 6]
    assert data.audit() == ()
    found = data.retrieval("test")
    assert len(found.queries) == 4 and len(found.corpus) == 10
    for query, judged in zip(found.queries, found.judged, strict=True):
        assert [found.corpus[at] for at in judged] == [f"a{int(query[1:]) // 2}"]
    with pytest.raises(DataError, match=r"no split 'tset'.*test"):
        data.pairs("tset")
    with pytest.raises(DataError, match="no dataset 'y'"):
        data.retrieval("test", "y")
    with pytest.raises(DataError, match="no model answers"):
        data.split("test")


def test_a_split_that_nothing_is_left_for_is_told(tmp_path):
    data = own(write(tmp_path, "p.jsonl"))
    spec = data.spec.model_copy(update={"test": 9})
    with pytest.raises(DataError, match="no row is left for calibration of 3"):
        type(data)(spec).pairs("calibration")


# ----- WordNet

LINES = """n\t5\tdog domestic_dog\t1\ta member of the genus Canis; "the dog barked"; "a good dog"
n\t5\tcanine\t\tany of various mammals with nonretractile claws
n\t5\tpuppy\t-2\ta young dog
a\t0\thandy ready_to_hand\t\teasy to reach; "found a handy spot"
r\t2\tdog\t\tlike a dog""".splitlines()


@pytest.fixture
def small(tmp_path, monkeypatch):
    monkeypatch.setattr(wordnet, "PACKED", tmp_path / "w.xz")
    wordnet.PACKED.write_bytes(lzma.compress("\n".join(LINES).encode()))
    for kept in (wordnet.synsets, wordnet._links):
        kept.cache_clear()
    yield
    for kept in (wordnet.synsets, wordnet._links):
        kept.cache_clear()


def task(*tasks, **other):
    spec = DataSpec(kind="wordnet", test=1, calibration=1, options={"tasks": tasks, **other})
    return lookup("data", "wordnet")(spec)


def test_the_four_tasks_of_a_synset(small):
    def first(name):
        return [(r.query, r.target) for r in task(name).every() if r.group == "n0"]

    gloss = "a member of the genus Canis"
    assert first("reverse") == [(gloss, "dog, domestic dog")]
    assert first("example") == [("the dog barked", gloss), ("a good dog", gloss)]
    assert first("word") == [(gloss, "dog")] and first("lexfile") == [(gloss, "noun.animal")]
    assert [r.id for r in task("example").every()] == ["example-n0", "example-n0-1", "example-a3"]
    word = task("word").every()
    assert word[0].target_id == word[4].target_id, "equal first words"
    assert {r.family for r in word} == {"short_answer"}


def test_hypernyms_and_synonyms_are_the_truth_of_wordnet(small):
    data = task("example", "reverse")
    rows = PairRows(tuple(data.every()), data.within, data.links())
    at = {row.id: place for place, row in enumerate(rows)}
    assert rows.truth(at["example-n0"], at["example-n0-1"]) == "duplicate"
    assert rows.truth(at["reverse-n0"], at["reverse-n1"]) == "related", "the hypernym"
    assert rows.truth(at["reverse-n1"], at["reverse-n2"]) == "unrelated", "two steps away"
    assert rows.truth(at["reverse-n0"], at["reverse-n2"]) == "related", "the hyponym"


def test_related_synsets_have_grade_1_where_they_are_asked_for(small):
    for related, grades in ((False, [2]), (True, [1, 1, 2])):
        every = task("reverse").every()
        links = task("reverse").links() if related else {}
        (judged,) = retrieval_of([every[0]], every, links).judged
        assert sorted(judged.values()) == grades


def test_the_shipped_database_is_all_of_wordnet():
    """Princeton's counts (wnstats(7WN)): 117,659 synsets; and pairs counted beforehand."""
    text = lzma.decompress(wordnet.PACKED.read_bytes()).decode()
    lines = text.splitlines()
    assert len(lines) == 82_115 + 13_767 + 18_156 + 3_621 == 117_659
    assert text.count('"') // 2 >= 48_339
    assert wordnet.PACKED.stat().st_size <= 3.5e6
    dog = next(line for line in lines if "domestic_dog" in line)
    assert dog.split("\t")[:3] == ["n", "5", "dog domestic_dog Canis_familiaris"]
    assert "Princeton University" in wordnet.PACKED.with_name("wordnet.LICENSE").read_text()


@pytest.mark.parametrize("tasks", [(), ("word", "word"), ("song",)])
def test_tasks_are_checked(tasks):
    with pytest.raises(ConfigError, match="tasks"):
        task(*tasks)
