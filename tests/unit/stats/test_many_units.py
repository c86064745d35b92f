"""Resamples of many units: the same law by counts, at the cost of what differs."""

import numpy as np
import pytest

from llmx.stats import bootstrap


def columns(units: int, different: int) -> np.ndarray:
    values = np.random.default_rng(units).integers(0, different, size=units) - 1.0
    return np.stack([values, np.ones(units)], axis=1)


def test_up_to_ten_thousand_units_every_row_is_drawn_as_ever() -> None:
    given = columns(10_000, 3)
    own = bootstrap._drawn_sums(np.random.default_rng(5), given, 100)
    assert (bootstrap.resampled_sums(given, 100, 5) == own).all()


def test_rows_that_all_differ_are_drawn_whatever_their_number() -> None:
    given = columns(10_001, 10**9)
    own = bootstrap._drawn_sums(np.random.default_rng(5), given, 100)
    assert (bootstrap.resampled_sums(given, 100, 5) == own).all()


def test_of_few_different_rows_counts_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "_drawn_sums", None)
    assert bootstrap.resampled_sums(columns(100_000, 3), 10_000, 0).shape == (10_000, 2)


def test_the_law_is_that_of_drawing_rows() -> None:
    given = columns(20_000, 5)
    sums = bootstrap.resampled_sums(given, 10_000, 3)
    assert (sums[:, 1] == 20_000).all()
    mean, spread = given[:, 0].sum(), given[:, 0].std() * np.sqrt(20_000)
    assert abs(sums[:, 0].mean() - mean) < 5 * spread / np.sqrt(10_000)
    assert abs(sums[:, 0].std() / spread - 1) < 5 / np.sqrt(2 * 10_000)
    shape = ((sums[:, 0] - mean) / spread) ** 3
    assert abs(shape.mean()) < 5 * np.sqrt(15 / 10_000)


def test_chunks_change_the_draws_no_more_than_the_seed_does(monkeypatch) -> None:
    given = columns(20_000, 5)
    whole = bootstrap.resampled_sums(given, 300, 3)
    monkeypatch.setattr(bootstrap, "_CHUNK", 100)
    assert (bootstrap.resampled_sums(given, 300, 3) == whole).all()
