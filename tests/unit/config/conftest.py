from collections.abc import Callable
from pathlib import Path

import pytest

RECIPE = """\
defaults:
  - override /model: zoo_gsm
  - override /data: gsm_symbolic
name: small
stages:
  calibrate: {kind: divergence_quantiles, over: arm, split: calibration}
  generate: {kind: decode, over: arm, needs: [calibrate]}
  speed: {kind: decode_speed, over: recipe, needs: [calibrate], problems: 16}
arms:
  target: [sampler=target]
  sd: [sampler=speculative]
  fsd: [sampler=fuzzy, sampler.draft_share=0.65]
reference: sd
sampler: {max_tokens: 99}
scales:
  paper: [model=llama31_8b_70b, engine.dtype=bfloat16, sampler.max_tokens=512]
  laptop: [scale.speed_problems=7]
deviations:
  smoke, laptop: [smaller models]
  all: [textbook formula]
"""


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the user's own: no recipe folders, no cache, an empty current folder."""
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.delenv("LLMX_RECIPES", raising=False)
    monkeypatch.setenv("LLMX_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a recipe file and return its path."""

    def write_one(text: str = RECIPE, name: str = "small.yaml") -> Path:
        path = tmp_path / "mine" / "decode" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return write_one


@pytest.fixture
def small(write: Callable[..., Path]) -> str:
    return str(write())
