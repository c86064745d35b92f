"""What every test shares: calm property tests, one thread, nothing of the user's own settings."""

import os

import pytest
from hypothesis import settings

# Before torch is imported: on a busy machine two threads are slower than one.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Examples have no deadline: on a busy machine one would fail tests that are right.
settings.register_profile("calm", deadline=None)
settings.load_profile("calm")


@pytest.fixture(autouse=True)
def nothing_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """No run folder and no recipes that the person who runs the tests has chosen."""
    monkeypatch.delenv("LLMX_RUNS", raising=False)
    monkeypatch.delenv("LLMX_RECIPES", raising=False)
