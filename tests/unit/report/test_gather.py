"""Inputs are known by their files, and bad ones are refused by name."""

import pytest
from invented import write_run

from llmx.core.errors import RunError
from llmx.report.gather import gather
from llmx.store.files import read_lines, write_json, write_lines


def test_everything_is_found_whatever_the_stages_are_called(tmp_path):
    inputs = write_run(tmp_path, ["sd", "fsd_60"], problems=4)
    renamed = {
        f"x{i}/{key.partition('/')[2]}": path for i, (key, path) in enumerate(inputs.items())
    }
    found = gather(renamed, ["sd", "fsd_60"])
    for arm, calibrated in (("sd", False), ("fsd_60", True)):
        files = found.arms[arm]
        assert (len(files.records), len(files.scores), len(files.problems)) == (4, 4, 4)
        assert (files.calibration is not None) is calibrated
    assert {block.arm for block in found.blocks} == {"sd", "fsd_60"}


def test_nothing_is_needed():
    found = gather({}, ["sd"])
    assert (found.blocks, found.arms["sd"].records) == ([], {})


BLOCK = {"round": 0, "arm": "sd", "problems": 1, "tokens": 5, "seconds": 1.0}
BAD = {
    "no seconds": ("blocks.jsonl", {k: v for k, v in BLOCK.items() if k != "seconds"}, "seconds"),
    "zero seconds": ("blocks.jsonl", BLOCK | {"seconds": 0}, "seconds"),
    "words": ("blocks.jsonl", BLOCK | {"tokens": "many"}, "tokens"),
    "half a record": ("samples.jsonl", {"id": "a"}, "prompt_ids"),
    "stranger's score": ("scores.jsonl", {"id": "a"}, "cluster"),
}


@pytest.mark.parametrize(("name", "row", "field"), BAD.values(), ids=BAD)
def test_a_line_of_the_wrong_shape_names_file_and_field(tmp_path, name, row, field):
    write_lines(tmp_path / name, [row])
    with pytest.raises(RunError, match=rf"{name}: {field}: "):
        gather({"need/sd": tmp_path}, ["sd"])


def test_a_calibration_of_the_wrong_shape_is_refused(tmp_path):
    write_json(tmp_path / "calibration.json", {"asked_share": "much"})
    with pytest.raises(RunError, match="asked_share"):
        gather({"calibrate/sd": tmp_path}, ["sd"])


@pytest.mark.parametrize("kind", ["generate", "score"])
def test_two_outputs_of_one_kind_are_refused(tmp_path, kind):
    inputs = write_run(tmp_path, ["sd"], problems=2)
    inputs["again/sd"] = inputs[f"{kind}/sd"]
    with pytest.raises(RunError, match="'again/sd'"):
        gather(inputs, ["sd"])


CHECK = {"check": "cut_share", "level": "fail", "found": 1, "of": 1, "detail": ""}


@pytest.mark.parametrize("spoilt", [None, "before", "after"])
def test_an_arm_passes_only_where_each_of_its_audits_does(tmp_path, spoilt):
    inputs = {}
    for half in ("before", "after"):
        ok = half != spoilt
        audit = {"passed": ok, "checks": [{**CHECK, "passed": ok}], "shown": []}
        write_json(tmp_path / half / "audit.json", audit)
        inputs[f"{half}/sd"] = tmp_path / half
    found = gather(inputs, ["sd"]).arms["sd"].audit
    assert found is not None and len(found.checks) == 2
    assert found.passed is (spoilt is None)
    assert [one.check for one in found.failures()] == (["cut_share"] if spoilt else [])


def test_of_several_draws_the_first_is_read_whatever_their_order(tmp_path):
    inputs = write_run(tmp_path, ["sd"], problems=2)
    for kind, file in (("generate", "samples.jsonl"), ("score", "scores.jsonl")):
        path = inputs[f"{kind}/sd"] / file
        once = list(read_lines(path))
        later = [{**row, "draw": draw, "tokens": 99} for row in once for draw in (2, 1)]
        if file == "samples.jsonl":
            later = [{**row, "draw": draw, "text": "later"} for row in once for draw in (2, 1)]
        write_lines(path, [*later[:2], *once, *later[2:]])
    found = gather(inputs, ["sd"]).arms["sd"]
    assert found.draws == 3 and len(found.records) == len(found.scores) == 2
    assert {one.draw for one in found.records.values()} == {0}
    assert {one.draw for one in found.scores.values()} == {0}


def test_of_one_draw_there_is_one(tmp_path):
    assert gather(write_run(tmp_path, ["sd"], problems=2), ["sd"]).arms["sd"].draws == 1
