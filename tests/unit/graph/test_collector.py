"""A clock that runs beside Python's collector of cycles."""

import gc

import pytest

from llmx.core.collector import old_objects_set_aside


def test_what_was_there_before_is_not_looked_at_inside():
    before = gc.get_freeze_count()
    with old_objects_set_aside():
        assert gc.get_freeze_count() > before + 1000
        assert len(gc.get_objects()) < 1000
    assert gc.get_freeze_count() == 0 and len(gc.get_objects()) > 1000


def test_an_error_inside_gives_them_back():
    with pytest.raises(KeyError), old_objects_set_aside():
        raise KeyError
    assert gc.get_freeze_count() == 0


def test_cycles_that_are_made_inside_are_still_collected():
    with old_objects_set_aside():
        cycle: list[object] = []
        cycle.append(cycle)
        del cycle
        assert gc.isenabled() and gc.collect() >= 1
