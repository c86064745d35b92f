"""Every broken file is one line a problem, with the file and the line of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llmx.config.compose import compose
from llmx.config.index import entries
from llmx.core.errors import ConfigError

Write = Callable[..., Path]
GOOD = "stages: {g: {kind: decode}}\n"

# id, content, line of the problem, words that must be in the message or hint
FILES = [
    ("empty", "", 1, ["empty"]),
    ("only a comment", "# nothing\n", 1, ["empty"]),
    ("a list", "- a\n- b\n", 1, ["list"]),
    ("one word", "hello\n", 1, ["hello"]),
    ("broken yaml", "stages:\n  a: [1\nb: 2\n", 3, ["broken YAML"]),
    ("tab", "stages:\n\ta: 1\n", 2, ["broken YAML"]),
    ("missing stages", "arms: {a: [sampler=target]}\n", 1, ["missing key 'stages'"]),
    ("unknown key", GOOD + "arm: {}\n", 2, ["unknown key 'arm'", "arms"]),
    ("twice", GOOD + "seed: 1\nseed: 2\n", 3, ["'seed' is given twice"]),
    ("anchor", GOOD + "model: &a {target: x}\ndata: *a\n", 2, ["anchors"]),
    ("target", GOOD + "model:\n  _target_: os.system\n", 3, ["_target_"]),
    ("key not text", GOOD + "arms: {true: []}\n", 2, ["'true' is not text", "quotes"]),
    ("octal", GOOD + "seed: 010\n", 2, ["010 is 8", "write 10", "quotes"]),
    ("negative octal", GOOD + "seed: -017\n", 2, ["-017 is -15", "write 17"]),
    ("zeros", GOOD + "seed: 00\n", 2, ["00 is 0", "write 0"]),
    ("hours", GOOD + "seed: 1:30\n", 2, ["1:30 is 90", "quotes"]),
    ("hours inside", GOOD + "sampler:\n  max_tokens: [1, 2:00:00]\n", 3, ["2:00:00 is 7200"]),
    ("binary", GOOD + "seed: 0b11\n", 2, ["0b11 is 3", "quotes"]),
    ("name", GOOD + "name: other\n", 2, ["other", "small.yaml", "name: small"]),
    ("seed", GOOD + "seed: x\n", 2, ["seed", "'x'"]),
    ("arms a list", GOOD + "arms: [a]\n", 2, ["arms"]),
    ("arm not a list", GOOD + "arms: {a: sampler=target}\n", 2, ["arms.a", "list"]),
    ("arm name", GOOD + "arms: {'a b': []}\n", 2, ["'a b'", "letters"]),
    ("arm override", GOOD + "arms:\n  a: [sampler]\n", 3, ["'sampler'", "KEY=VALUE"]),
    ("arm key", GOOD + "arms:\n  a: [sampler=target, sampler.x=1]\n", 3, ["sampler.x"]),
    ("arm choice", GOOD + "arms:\n  a: [sampler=targte]\n", 3, ["targte", "target"]),
    ("reference", GOOD + "arms: {sd: [sampler=target]}\nreference: ds\n", 3, ["'ds'", "sd"]),
    (
        "own reference",
        GOOD + "arms: {sd: [sampler=target]}\nreferences: {sd: ds}\n",
        3,
        ["'ds'", "sd"],
    ),
    (
        "reference of no arm",
        GOOD + "arms: {sd: [sampler=target]}\nreferences: {ds: sd}\n",
        3,
        ["'ds'", "sd"],
    ),
    ("references a list", GOOD + "arms: {sd: []}\nreferences: [sd]\n", 3, ["references"]),
    ("defaults", "defaults: [zoo]\n" + GOOD, 1, ["zoo", "override /GROUP"]),
    ("default group", "defaults:\n  - override /modl: zoo_gsm\n" + GOOD, 2, ["modl"]),
    ("default choice", "defaults:\n  - override /model: zoo\n" + GOOD, 1, ["model=zoo", "zoo_gsm"]),
    ("stage kind", "stages:\n  g: {kind: decod}\n", 2, ["'decod'", "decode"]),
    ("stage no kind", "stages:\n  g: {over: arm}\n", 2, ["'kind'"]),
    ("stage over", "stages:\n  g: {kind: decode, over: arms}\n", 2, ["over", "'arms'"]),
    ("stage needs", "stages:\n  g: {kind: decode, needs: [h]}\n", 2, ["'h'"]),
    ("stage word", "stages:\n  g: decode\n", 2, ["stages.g"]),
    ("scorer", "stages:\n  g: {kind: score, scorer: gms}\n", 2, ["'gms'", "gsm"]),
    (
        "circle",
        "stages:\n  a: {kind: score, needs: [b]}\n  b: {kind: score, needs: [a]}\n",
        2,
        ["→"],
    ),
    ("inline key", GOOD + "engine:\n  dtyp: float32\n", 3, ["engine.dtyp", "engine.dtype"]),
    ("inline value", GOOD + "engine:\n  dtype: fp32\n", 3, ["fp32", "float32"]),
    ("inline type", GOOD + "engine:\n  threads: true\n", 3, ["threads=true"]),
    ("scale key", GOOD + "scales:\n  laptop: [engine.x=1]\n", 3, ["engine.x"]),
    ("scale name", GOOD + "scale: lptop\n", 2, ["lptop", "laptop"]),
    ("evidence", GOOD + "evidence:\n  seed: {grade: sure}\n", 3, ["seed", "paper"]),
    ("deviation scale", GOOD + "deviations:\n  lptop: [x]\n", 3, ["lptop", "laptop"]),
    ("claims", GOOD + "claims: fsdd\n", 2, ["fsdd", "fsd"]),
    ("data kind", GOOD + "data: {kind: gsm_symbolc}\n", 2, ["gsm_symbolc", "gsm_symbolic"]),
    ("environment", GOOD + "model: {target: '${oc.env:HOME}'}\n", 2, ["model.target", "oc."]),
    ("unknown reference", GOOD + "model: {target: '${nothing}'}\n", 2, ["model.target", "nothing"]),
]


@pytest.mark.parametrize(
    ("text", "line", "words"), [row[1:] for row in FILES], ids=[row[0] for row in FILES]
)
def test_bad_file(write: Write, text: str, line: int, words: list[str]) -> None:
    path = write(text)
    with pytest.raises(ConfigError) as caught:
        compose(str(path))
    shown = str(caught.value)
    assert [word for word in words if word not in shown] == []
    assert f"small.yaml:{line}:" in shown or f"small.yaml:{line})" in shown


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe\x00", b"\x89PNG\r\n\x1a\n", b"a: 1\nb: \xe9\n", b"a: \0\n"]
)
def test_binary_file(write: Write, raw: bytes) -> None:
    path = write()
    path.write_bytes(raw)
    with pytest.raises(ConfigError, match="not a text file"):
        compose(str(path))


def test_all_problems_of_a_file_are_shown_at_once(write: Write) -> None:
    text = "stagess: {}\nseed: x\nname: other\narms: [a]\n"
    with pytest.raises(ConfigError) as caught:
        compose(str(write(text)))
    lines = caught.value.message.splitlines()
    assert len(lines) == 5
    for word in ("stagess", "seed", "other", "arms", "missing key 'stages'"):
        assert sum(word in line.split(" (")[0] for line in lines) >= 1


def test_broken_groups_name_their_own_file(write: Write) -> None:
    path = write(GOOD + "defaults: [override /trainer: mine]\n")
    group = path.parent.parent / "_groups" / "trainer" / "mine.yaml"
    group.parent.mkdir(parents=True)
    group.write_text("steps: 1\nsteps: 2\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml:2: the key 'steps' is given twice"):
        compose(str(path))


@pytest.mark.parametrize("text", [row[1] for row in FILES], ids=[row[0] for row in FILES])
def test_the_list_survives_any_file(write: Write, text: str) -> None:
    path = write(text)
    found = {entry.name: entry for entry in entries([path.parent.parent])}
    assert "fsd_gsm8k" in found and "small" in found
