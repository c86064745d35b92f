"""Examples have no deadline: on a busy machine one would fail tests that are right."""

from hypothesis import settings

settings.register_profile("calm", deadline=None)
settings.load_profile("calm")
