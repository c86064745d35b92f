"""MMEB: the contract of its pairs, what is missing, and what a plan knows without any file."""

import json
import shutil

import pytest

from llmx.core.errors import ConfigError, DataError, LlmxError
from llmx.core.item import ImageText, shown
from llmx.core.spec import DataSpec
from llmx.data.pairs.drawn_mmeb import DRAWN, draw
from llmx.data.pairs.mmeb import Mmeb
from llmx.data.pairs.mmeb_tasks import COUNTS, FAMILY, PROMPTS, TASKS

COMMIT = "0" * 40


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    pytest.importorskip("PIL")
    folder = tmp_path_factory.mktemp("mmeb")
    draw(folder, 16)
    return folder


@pytest.fixture
def copied(drawn, tmp_path):
    return shutil.copytree(drawn, tmp_path / "mmeb")


def mmeb(path, **options):
    return Mmeb(DataSpec(kind="mmeb", options={"path": str(path), "tasks": list(DRAWN), **options}))


def edit(file, change):
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    change(rows)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_the_tasks_are_those_of_the_benchmark():
    assert COUNTS == {"retrieval": 12, "classification": 10, "VQA": 10, "grounding": 4}
    inside = [task for task in TASKS.values() if task.in_domain]
    assert (len(TASKS), len(inside)) == (36, 20)
    assert 1.05e6 < sum(task.rows for task in inside) < 1.09e6
    prompted = {
        kind: [t.name for t in TASKS.values() if t.prompt == p] for kind, p in PROMPTS.items()
    }
    assert {kind: len(names) for kind, names in prompted.items()} == {
        "label": 10, "answer": 10, "caption": 2
    }  # fmt: skip
    assert prompted["caption"] == ["VisualNews_i2t", "MSCOCO_i2t"]


def test_pairs_keep_the_contract(drawn):
    data = mmeb(drawn)
    for split in ("train", "test"):
        rows = data.pairs(split)
        assert rows.datasets == DRAWN and len({row.id for row in rows}) == len(rows) == 64
        for row in rows:
            task = TASKS[row.dataset]
            assert row.family == FAMILY[task.category]
            text, picture = row.target, row.images[1]
            assert text.startswith(task.prompt) if not picture else task.prompt == ""
            assert "<|" not in row.query + text
            for name, item in zip(row.images, (row.asked, row.answer), strict=True):
                assert isinstance(item, ImageText) == bool(name)
                assert not name or (item.image.is_file() and item.image == drawn / name)
            assert row.label == (
                text.removeprefix(task.prompt) if row.family == "classification" else None
            )


def test_a_target_is_its_text_and_the_content_of_its_picture(copied):
    file = copied / "MMEB-train" / "images" / "MSCOCO_t2i"
    shutil.copy(file / "3.png", file / "5.png")
    for option, same in (("content", True), ("path", False)):
        data = mmeb(copied, equal_images=option)
        rows = {row.id: row for row in data.pairs("train")}
        three, five, six = (rows[f"MSCOCO_t2i-train-{at}"].target_id for at in (3, 5, 6))
        assert (three == five) is same and three != six
        held = {}
        for row in [*data.pairs("train"), *data.pairs("test")]:
            key = (row.target, data._picture(row.images[1]))
            assert held.setdefault(key, row.target_id) == row.target_id
        assert len(set(held.values())) == len(held) - _prompted_twice(held)


def _prompted_twice(held):
    """Equal words before different prompts are one target: a class may be an answer."""
    bare = [(text.split(": ")[-1], picture) for text, picture in held]
    return len(bare) - len(set(bare))


def test_each_query_has_candidates_of_its_own_and_the_first_is_right(drawn):
    data = mmeb(drawn)
    for name in DRAWN:
        found = data.retrieval("test", name)
        file = drawn / "MMEB-eval" / name / "test.jsonl"
        for at, line in enumerate(file.read_text().splitlines()):
            told = json.loads(line)
            items = [found.corpus[place] for place in found.among[at]]
            assert len(items) == len(told["tgt_text"]) <= 8
            assert found.judged[at] == {int(found.among[at][0]): 2}
            for item, text, picture in zip(
                items, told["tgt_text"], told["tgt_img_path"], strict=True
            ):
                assert picture in shown(item) and text.removeprefix("<|image_1|>").strip() in (
                    item.text if picture else item.removeprefix(TASKS[name].prompt)
                )


def test_prompts_can_be_left_out(drawn):
    bare = mmeb(drawn, target_prompts=False)
    assert not any(row.target.startswith("Represent the a") for row in bare.pairs("train"))
    assert {one for one in bare.retrieval("test", "OK-VQA").corpus} == {
        "red", "green", "blue", "yellow"
    }  # fmt: skip
    assert mmeb(drawn).pairs("train").hash != bare.pairs("train").hash


def test_missing_pictures_are_counted_in_one_line(copied):
    for at in (4, 9):
        (copied / "MMEB-eval" / "images" / "MSCOCO" / f"{at}.png").unlink()
    with pytest.raises(DataError) as caught:
        mmeb(copied).pairs("train")
    first = copied / "MMEB-eval/images/MSCOCO/4.png"
    assert caught.value.message == f"2 of 16 pictures are missing, the first is {first}"


def test_a_query_that_is_evaluated_does_not_train(copied):
    told = json.loads((copied / "MMEB-eval/MSCOCO_t2i/test.jsonl").read_text().splitlines()[0])
    edit(
        copied / "MMEB-train/MSCOCO_t2i/original.jsonl",
        lambda rows: rows[2].update(qry=told["qry_text"]),
    )
    shutil.copy(copied / "MMEB-eval/images/OK-VQA/0.png", copied / "MMEB-train/images/OK-VQA/1.png")
    data = mmeb(copied)
    ids = {row.id for row in data.pairs("train")}
    assert len(ids) == 62 and not {"MSCOCO_t2i-train-2", "OK-VQA-train-1"} & ids
    assert data.audit() == ()


def test_parquet_tables_are_read_as_lines_are(copied):
    pandas = pytest.importorskip("pandas")
    before = mmeb(copied).pairs("train").hash
    for name in DRAWN:
        lines = copied / "MMEB-train" / name / "original.jsonl"
        rows = [json.loads(line) for line in lines.read_text().splitlines()]
        for part, held in enumerate((rows[:5], rows[5:])):
            pandas.DataFrame(held).to_parquet(
                lines.parent / f"original-0000{part}-of-00002.parquet"
            )
        lines.unlink()
    assert mmeb(copied).pairs("train").hash == before


def test_identity_is_the_content_wherever_it_lies(drawn, copied):
    spec = DataSpec(kind="mmeb", options={"path": str(drawn)})
    other = DataSpec(kind="mmeb", options={"path": str(copied)})
    assert Mmeb.identity(spec) == Mmeb.identity(other)
    edit(copied / "MMEB-eval/OK-VQA/test.jsonl", lambda rows: rows.pop())
    from llmx.data.pairs.mmeb import _content

    _content.cache_clear()
    assert Mmeb.identity(spec) != Mmeb.identity(other)


def test_a_plan_needs_no_file():
    spec = DataSpec(kind="mmeb", train=0, options={"images": "nowhere", "train_commit": COMMIT})
    assert sum(Mmeb.planned(spec, "train").values()) > 1e6
    assert set(Mmeb.planned(spec, "test")) == set(TASKS)
    few = spec.model_copy(update={"train": 50, "options": {"families": ["grounding"]}})
    assert Mmeb.planned(few, "train") == {"MSCOCO": 50}
    assert Mmeb.identity(spec) == Mmeb.identity(
        spec.model_copy(update={"options": {"images": "else", "train_commit": COMMIT}})
    )


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "no folder of pictures is named"),
        ({"path": "nowhere"}, "nowhere/MMEB-train is no folder"),
        ({"drawn": 16, "path": "here"}, "here/MMEB-train is no folder"),
        ({"tasks": ["MSCOC"]}, "MMEB has no task 'MSCOC'"),
        ({"train_commit": "main"}, "'main' is no commit"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(options, said):
    with pytest.raises(LlmxError) as caught:
        Mmeb(DataSpec(kind="mmeb", options=options)).pairs("train")
    assert said in caught.value.message + caught.value.hint and "\n" not in caught.value.message


def test_tables_of_the_hub_want_a_commit(drawn):
    data = Mmeb(DataSpec(kind="mmeb", options={"images": str(drawn), "tasks": list(DRAWN)}))
    with pytest.raises(DataError, match="eval_commit is not set"):
        data.pairs("test")


def test_a_table_without_its_columns_is_refused(copied):
    edit(copied / "MMEB-eval/VOC2007/test.jsonl", lambda rows: rows[1].pop("tgt_img_path"))
    with pytest.raises(DataError, match="row 1 has no lists tgt_text and tgt_img_path"):
        mmeb(copied).pairs("test")
    with pytest.raises((DataError, ConfigError), match="no split 'calibration'"):
        mmeb(copied).pairs("calibration")
