"""Work grows with records, arms and runs as they do, and no faster: counted, not timed."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from weakref import WeakSet

import pytest

from llmx.audit.report import audit
from llmx.audit.sent import Sent
from llmx.config import composition
from llmx.config.points import Point
from llmx.core.record import Record, Sample
from llmx.core.spec import ArmSpec, RunSpec
from llmx.engines import size
from llmx.report.gather import KeptRecords
from llmx.runs.run import plan, run
from llmx.stages.requests import Requests
from llmx.store.files import write_lines

LINEAR = 2.3
"""What may be of twice the size over what is of once; quadratic work gives 4."""


def calls(work: Callable[[], object]) -> int:
    """Return how many functions some work calls, of Python and of C."""
    made = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return made


class Id(str):
    """An id that counts how often it is looked up."""

    hashed = 0

    def __hash__(self) -> int:
        Id.hashed += 1
        return super().__hash__()


def samples(count: int) -> list[Sample]:
    return [Sample(id=f"p{n}", question=f"Add {n}", answer=str(n)) for n in range(count)]


def record(sample: Sample) -> Record:
    text = f"#### {sample.answer}"
    ids = tuple(text.encode())
    return Record(
        id=sample.id,
        prompt_ids=tuple(sample.question.encode()),
        completion_ids=ids,
        prompt=sample.question,
        text=text,
        finish="eos",
        rounds=len(ids),
    )


def lookups(count: int) -> int:
    """Return how often an audit of so many records looks up an id."""
    asked = [sample.model_copy(update={"id": Id(sample.id)}) for sample in samples(count)]
    given = [record(sample).model_copy(update={"id": Id(sample.id)}) for sample in asked]
    Id.hashed = 0
    assert audit(Sent(given, asked, 99)).passed
    return Id.hashed


def test_an_audit_looks_ids_up_so_many_times_a_record() -> None:
    assert 200 <= lookups(200) <= 20 * 200
    assert lookups(400) <= 2 * lookups(200)


def test_an_audit_holds_a_few_records_at_once() -> None:
    alive: WeakSet[Record] = WeakSet()
    most = 0

    def given():
        nonlocal most
        for sample in samples(300):
            one = record(sample)
            alive.add(one)
            most = max(most, len(alive))
            yield one

    assert audit(Sent(given(), samples(300), 99)).passed
    assert most <= 6


def test_a_whole_run_calls_so_many_functions_a_record(
    arm: Callable[..., ArmSpec], recipe: Callable[..., RunSpec], runs: Path
) -> None:
    def made(count: int) -> int:
        one = arm(test=count).model_copy(
            update={"scale": arm().scale.model_copy(update={"problems": count})}
        )
        return calls(lambda: run(recipe({"a": one}), runs=runs / str(count), workers=1))

    made(40)  # what is imported, and drawn, on the way
    small, middle, large = made(160), made(320), made(640)
    assert large - middle <= LINEAR * (middle - small)


@pytest.mark.parametrize("stage", ["score", "report"])
def test_a_stage_reads_each_record_so_many_times(
    stage: str,
    arm: Callable[..., ArmSpec],
    recipe: Callable[..., RunSpec],
    runs: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Decode's sums, score, report: none reads a record twice."""
    from llmx.report import gather
    from llmx.store import rows

    read: list[str] = []
    real = rows.parsed

    def parsed(line: bytes, model: type, path: Path) -> object:
        if model is Record:
            read.append(path.parent.parent.name)
        return real(line, model, path)

    monkeypatch.setattr(rows, "parsed", parsed)
    monkeypatch.setattr(gather, "parsed", parsed)
    one = arm(test=60).model_copy(update={"scale": arm().scale.model_copy(update={"problems": 60})})
    spec = recipe({"a": one})
    stages = spec.stages if stage == "report" else spec.stages[:2]
    run(spec.model_copy(update={"stages": stages}), runs=runs, workers=1)
    shown = 3 * 20  # of the answers that a page shows, a few fields each
    assert 2 * 60 <= len(read) <= (3 * 60 + shown if stage == "report" else 2 * 60)


def test_the_disk_is_not_waited_for_after_each_batch(
    arm: Callable[..., ArmSpec],
    recipe: Callable[..., RunSpec],
    runs: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import os

    waits: list[int] = []
    real = os.fsync
    monkeypatch.setattr("llmx.store.files.time.monotonic", lambda: 1.0)
    monkeypatch.setattr(os, "fsync", lambda handle: (waits.append(handle), real(handle)))
    found = []
    for count in (16, 64):  # two and eight batches
        waits.clear()
        one = arm(test=count).model_copy(
            update={"scale": arm().scale.model_copy(update={"problems": count})}
        )
        run(recipe({"a": one}), runs=runs / str(count), workers=1)
        found.append(len(waits))
    assert found[0] == found[1]


def test_requests_are_made_when_they_are_asked_for() -> None:
    made: list[str] = []
    asked = Requests(samples(100), lambda sample: made.append(sample.id))  # type: ignore[arg-type,return-value]
    part = asked[10:40][5:8]
    assert len(asked) == 100 and len(part) == 3 and not made
    assert list(part) == [None] * 3 and made == ["p15", "p16", "p17"]


def test_a_plan_looks_at_a_model_once_whatever_the_arms(
    recipe: Callable[..., RunSpec], runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from llmx.config.compose import compose

    looked: list[Path] = []
    real = size.hash_folder

    def hash_folder(folder: Path, *rest: object) -> str:
        looked.append(folder)
        return real(folder, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(size, "hash_folder", hash_folder)
    found = []
    for seeds in ("0,1", "0,1,2,3,4,5,6,7"):
        looked.clear()
        spec = compose("fsd_gsm8k", ["arms=[sd]", f"seed={seeds}"], scale="smoke")
        assert len(plan(spec, runs=runs).stages) >= 3 * (seeds.count(",") + 1)
        found.append(len(looked))
    assert found[0] == found[1] == len(set(looked))


def test_two_plans_look_twice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from llmx.store.machine import looking_once, once

    seen: list[str] = []
    look = once(lambda name: seen.append(name) or len(seen))
    assert [look("a"), look("a")] == [1, 2]
    for _ in range(2):
        with looking_once():
            with looking_once():
                first = look("a")
            assert look("a") == first and look("b") == first + 1
    assert seen == ["a", "a", "a", "b", "a", "b"]


def points(arm: str, count: int, **other: object) -> list[Point]:
    return [Point(f"{arm}{n}", arm, {}, {}, {"seed": n, **other}) for n in range(count)]


def test_partners_are_looked_up_so_many_times_a_point(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = 0
    real = composition._values

    def values(*given: object) -> object:
        nonlocal looked
        looked += 1
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(composition, "_values", values)
    known = composition.Partners(points("target", 50))
    found = [known.of(point) for point in points("sd", 50, gamma=3)]
    assert [one.name for one in found] == [f"target{n}" for n in range(50)]
    assert looked == 100


@pytest.mark.parametrize(
    ("swept", "partner"),
    [
        ({"seed": 1, "gamma": 3}, "both"),
        ({"seed": 1, "gamma": 4}, "seed"),
        ({"seed": 1.0}, "seed"),
        ({"seed": 7, "stop": ["a", "b"]}, "list"),
        ({"seed": 7}, "first"),
        ({}, "first"),
    ],
)
def test_a_partner_is_the_first_with_the_same_values_of_all_that_is_swept_of_it(
    swept: dict[str, object], partner: str
) -> None:
    held = {
        "first": {"seed": 0},
        "both": {"seed": 1, "gamma": 3},
        "seed": {"seed": 1},
        "again": {"gamma": 3, "seed": 1},
        "list": {"stop": ["a", "b"]},
    }
    candidates = [Point(name, "target", {}, {}, values) for name, values in held.items()]
    asking = Point("sd", "sd", {}, {}, swept)
    assert composition.Partners(candidates).of(asking).name == partner
    plain = (c for c in candidates if all(swept.get(k) == v for k, v in c.swept.items()))
    assert composition.Partners(candidates).of(asking) == next(plain, candidates[0])
    assert composition.Partners([]).of(asking) is asking


def test_records_of_a_file_are_a_mapping_that_holds_none(tmp_path: Path) -> None:
    path = tmp_path / "samples.jsonl"
    rows = [record(sample) for sample in samples(9)]
    again = rows[4].model_copy(update={"rounds": 7})
    write_lines(path, (row.model_dump(mode="json") for row in [*rows, again]))
    path.write_bytes(path.read_bytes() + b'\n  \n{"torn": ')
    kept = KeptRecords(path)
    assert dict(kept) == {**{row.id: row for row in rows}, "p4": again}
    assert kept["p2"] is not kept["p2"] and list(kept) == [row.id for row in rows]
    with pytest.raises(KeyError):
        kept["nobody"]
    path.write_bytes(b"")
    assert not KeptRecords(path)
