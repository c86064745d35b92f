"""A fingerprint depends on meaning alone, and is refused where there is none."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmx.core.errors import StoreError
from llmx.store.fingerprint import fingerprint, hash_folder

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(plain)
def test_it_is_twenty_hexadecimal_digits_and_repeats(value):
    name = fingerprint(value)
    assert len(name) == 20
    assert int(name, 16) >= 0
    assert fingerprint(value) == name


@given(st.dictionaries(st.text(), plain, min_size=2))
def test_the_order_of_keys_does_not_matter(value):
    assert fingerprint(dict(reversed(value.items()))) == fingerprint(value)


def test_tuples_and_lists_mean_the_same():
    assert fingerprint({"a": (1, 2)}) == fingerprint({"a": [1, 2]})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, True),
        ("1", 1),
        (None, "null"),
        ([], {}),
        ([1, 2], [2, 1]),
        (math.inf, -math.inf),
        (math.inf, {"float": "inf", "x": 1}),
    ],
)
def test_different_values_have_different_names(one, other):
    assert fingerprint(one) != fingerprint(other)


@pytest.mark.parametrize(
    "value",
    [object(), {1: "a"}, {"a": {2, 3}}, b"bytes", [lambda: 0], {"deep": [{"er": 1j}]}],
    ids=["object", "integer key", "set", "bytes", "function", "complex"],
)
def test_what_has_no_stable_form_is_refused(value):
    with pytest.raises(StoreError, match=r"no stable form|stable form as keys"):
        fingerprint(value)


def test_a_folder_is_named_by_its_matching_files(tmp_path):
    (tmp_path / "a.json").write_text("1")
    before = hash_folder(tmp_path, ["*.json"])
    (tmp_path / "b.txt").write_text("not looked at")
    assert hash_folder(tmp_path, ["*.json"]) == before
    (tmp_path / "a.json").write_text("2")
    assert hash_folder(tmp_path, ["*.json"]) != before
