"""``arms.PATTERN.KEY=VALUE`` sets several arms at once, and names with dots can be addressed."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llmx.config.compose import compose
from llmx.config.stages import fitted, split_word
from llmx.core.errors import ConfigError
from llmx.core.spec import RunSpec

RECIPE = """\
defaults:
  - override /model: zoo_gsm
name: many
stages: {generate: {kind: decode, problems: 4}}
arms:
  target: [sampler=target]
  sd: [sampler=speculative]
  fsd_low: [sampler=fuzzy, sampler.threshold=0.1]
  fsd_high: [sampler=fuzzy, sampler.threshold=0.4]
  v1.5: [sampler=speculative, sampler.gamma=3]
  v1.seed: [sampler=speculative, sampler.gamma=4]
"""


@pytest.fixture
def many(write: Callable[..., Path]) -> Callable[..., RunSpec]:
    path = write(RECIPE, "many.yaml")
    return lambda *words: compose(str(path), list(words))


def sampled(spec: RunSpec, field: str) -> dict[str, object]:
    return {n: getattr(arm.sampler, field) for n, arm in spec.arms.items()}


def test_a_pattern_sets_every_arm_that_it_fits(many: Callable[..., RunSpec]) -> None:
    spec = many("arms.fsd_*.sampler.max_tokens=9")
    short = [arm for arm, length in sampled(spec, "max_tokens").items() if length == 9]
    assert short == ["fsd_low", "fsd_high"]
    assert spec.notes == ()
    assert spec.overrides == ("arms.fsd_*.sampler.max_tokens=9",)
    assert spec.arm_overrides["fsd_low"][-1] == "sampler.max_tokens=9"
    assert set(sampled(many("arms.*.sampler.max_tokens=9"), "max_tokens").values()) == {9}
    spec = many("arms.[ft]*.sampler.max_tokens=9")
    assert [a for a, n in sampled(spec, "max_tokens").items() if n == 9] == [
        "target", "fsd_low", "fsd_high"
    ]  # fmt: skip


def test_a_pattern_may_set_what_the_arms_set_themselves(many: Callable[..., RunSpec]) -> None:
    spec = many("arms.fsd_*.sampler.threshold=0.2", "arms.fsd_high.sampler.gamma=2")
    assert sampled(spec, "threshold")["fsd_low"] == sampled(spec, "threshold")["fsd_high"] == 0.2


def test_a_key_of_some_of_them_applies_to_those_and_says_so(many: Callable[..., RunSpec]) -> None:
    spec = many("arms.*.sampler.threshold=0.2", "arms.fsd_high.sampler.gamma=2")
    assert [a for a, t in sampled(spec, "threshold").items() if t == 0.2] == [
        "fsd_low", "fsd_high"
    ]  # fmt: skip
    (note,) = spec.notes
    assert "applies to fsd_low, fsd_high; not to target, sd, v1.5, v1.seed" in note


def test_a_name_outvotes_a_pattern_in_either_order(many: Callable[..., RunSpec]) -> None:
    words = ["arms.*.sampler.max_tokens=9", "arms.sd.sampler.max_tokens=5"]
    for given in (words, words[::-1]):
        found = sampled(many(*given), "max_tokens")
        assert found["sd"] == 5 and found["target"] == 9


def test_a_pattern_sweeps(many: Callable[..., RunSpec]) -> None:
    spec = many("arms=[sd,fsd_low]", "arms.*.sampler.gamma=2,3")
    assert list(spec.arms) == ["sd@gamma=2", "sd@gamma=3", "fsd_low@gamma=2", "fsd_low@gamma=3"]


def test_a_pattern_leaves_out_arms_that_are_left_out(many: Callable[..., RunSpec]) -> None:
    spec = many("arms=[sd,fsd_low]", "arms.fsd_*.sampler.max_tokens=9")
    assert sampled(spec, "max_tokens") == {"sd": 160, "fsd_low": 9}


def test_a_pattern_sets_options_of_stages(many: Callable[..., RunSpec]) -> None:
    spec = many("arms.fsd_*.stages.generate.problems=2")
    assert [a for a, arm in spec.arms.items() if arm.stages] == ["fsd_low", "fsd_high"]


def test_names_with_dots(many: Callable[..., RunSpec]) -> None:
    spec = many("arms.v1.5.sampler.max_tokens=9", "arms.v1.seed.sampler.max_tokens=8")
    assert [sampled(spec, "max_tokens")[arm] for arm in ("v1.5", "v1.seed")] == [9, 8]
    assert many("arms.v1.*.sampler.max_tokens=9").arms["v1.5"].sampler.max_tokens == 9
    assert many("arms.v1.seed.seed=3").arms["v1.seed"].seed == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["arms.fst_*.sampler.gamma=3"], "no arm is called like 'fst_*' (arms: target, sd"),
        (["arms.v1.6.sampler.gamma=3"], "there is no arm 'v1.6' (did you mean v1.5"),
        (["arms.v1.5.sampler.gama=3"], "did you mean sampler.gamma"),
        (["arms.v1.5.sampel.gamma=3"], "unknown key 'sampel.gamma'"),
        (["arms.*.sampler.gama=3"], "unknown key 'sampler.gama'"),
        (["arms=[sd]", "arms.fsd_*.seed=3"], "arms 'fsd_*' are not among arms=[…]"),
        (["arms.f*.seed=1", "arms.*.seed=2"], "arms.f*.seed and arms.*.seed both set arm fsd_low"),
        (["arms.f*.seed=1", "arms.f*.seed=2"], "arms.f*.seed is given twice"),
        (["arms.sd=3"], "names no key"),
        (["arms.*=3"], "names no key"),
        (["arms.*.stages.generate.kind=score"], "it is the same for all arms"),
    ],
)
def test_what_means_no_arm_or_key_is_said_in_a_line(
    many: Callable[..., RunSpec], words: list[str], said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        many(*words)
    assert said in str(caught.value)


def test_patterns_may_meet_in_an_arm_that_is_not_asked_for(many: Callable[..., RunSpec]) -> None:
    spec = many("arms=[sd,fsd_low]", "arms.*_*.seed=1", "arms.*[dh].seed=2")
    assert {name: arm.seed for name, arm in spec.arms.items()} == {"sd": 2, "fsd_low": 1}


def test_a_name_that_is_a_pattern_too_stands_for_itself() -> None:
    assert fitted("s?", ["sd", "s?"]) == ["s?"]
    assert fitted("s?2", ["sd", "sd2"]) == ["sd2"]
    assert fitted("SD", ["sd"]) == []


@pytest.mark.parametrize(
    ("word", "split"),
    [
        ("a.seed", ("a", "seed")),
        ("a.seed.sampler.x", ("a.seed", "sampler.x")),
        ("a.stages.sft.settings.seed", ("a", "stages.sft.settings.seed")),
        ("b.stages.seed.model", ("b", "stages.seed.model")),
        ("a", None),
    ],
)
def test_where_a_name_ends(word: str, split: tuple[str, str] | None) -> None:
    assert split_word(word, ["a", "a.seed"]) == split
