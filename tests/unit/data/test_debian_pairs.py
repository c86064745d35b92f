"""Package lists as pairs. The packages are invented: real descriptions belong to their packages."""

import pytest

from llmx.core.errors import DataError
from llmx.core.registry import lookup
from llmx.core.spec import DataSpec
from llmx.data.drawn import identity, settled
from llmx.data.pairs.debian import command, lists_folder, paragraphs

PLACE = "deb.example.org_debian_dists_{}_main_{}"
TEXT = """ A teapot for
 two people.
 .
 It has:
  * a spout
  * a lid"""


def write(folder, suite="stable", packages=12, text=TEXT):
    """Lists of a release: every third package is of the source `set`, two share their text."""
    folder.mkdir(parents=True, exist_ok=True)
    entries, texts = [], []
    for n in range(packages):
        source = "Source: set (1.0)\n" if n % 3 == 0 else ""
        entries.append(f"Package: pot{n}\n{source}Section: tea\nDescription-md5: {n:032x}\nTag: a,\n b\n")  # fmt: skip  # noqa: E501
        shown = text if n < 2 else f" Pot number {n}.{text}"
        texts.append(f"Package: pot{n}\nDescription-md5: {n:032x}\nDescription-en: teapot {n}\n{shown}\n")  # fmt: skip  # noqa: E501
    entries.append(f"Package: bare\nDescription-md5: {'f' * 32}\n")
    (folder / PLACE.format(suite, "binary-amd64_Packages")).write_text("\n".join(entries))
    (folder / PLACE.format(suite, "i18n_Translation-en")).write_text("\n".join(texts))
    return folder


def data(folder, **options):
    options = {"path": str(folder), **options}
    return lookup("data", "debian_descriptions")(
        DataSpec(kind="debian_descriptions", test=3, calibration=2, options=options)
    )


def test_a_package_is_a_row(tmp_path):
    rows = {row.id: row for row in data(write(tmp_path / "l")).every()}
    assert len(rows) == 12 and list(rows) == sorted(rows), "one without a text is left out"
    assert (rows["pot0"].query, rows["pot0"].group) == ("teapot 0", "set")
    assert rows["pot0"].target == "A teapot for two people.\nIt has:\n* a spout\n* a lid"
    assert rows["pot1"].group == "pot1" and rows["pot1"].label == "tea"
    assert rows["pot0"].target_id == rows["pot1"].target_id != rows["pot2"].target_id


def test_splits_go_by_source_and_share_no_text(tmp_path):
    found = data(write(tmp_path / "l", packages=30))
    assert found.audit() == ()
    rows = found.pairs("train")
    together = [n for n, row in enumerate(rows) if row.group == "set"]
    if len(together) > 1:
        assert rows.truth(together[0], together[1]) == "related"
    assert rows.truth(0, 0) == "duplicate"


def test_without_lists_the_line_says_what_to_type(tmp_path, monkeypatch):
    monkeypatch.setenv("LLMX_CACHE", str(tmp_path / "cache"))
    spec = DataSpec(kind="debian_descriptions")
    with pytest.raises(DataError) as error:
        settled(spec, tmp_path / "found")
    assert error.value.hint.startswith(command(lists_folder()))
    assert (
        "Acquire::Languages=en" in error.value.hint and str(tmp_path / "cache") in error.value.hint
    )


def test_lists_without_the_texts_are_told(tmp_path):
    folder = write(tmp_path / "l")
    (folder / PLACE.format("stable", "i18n_Translation-en")).unlink()
    with pytest.raises(DataError, match=r"Translation-en.*apt-get"):
        data(folder).every()


def test_of_two_releases_one_is_named_and_updates_are_left_out(tmp_path):
    folder = write(tmp_path / "l")
    write(folder, "stable-updates", 2)
    assert len(data(folder).every()) == 12
    write(folder, "testing", 5)
    with pytest.raises(DataError, match=r"has stable, testing.*suite=stable"):
        data(folder).every()
    assert len(data(folder, suite="testing").every()) == 5
    with pytest.raises(DataError, match="no package lists of sid"):
        data(folder, suite="sid").every()


def test_the_rows_are_in_the_fingerprint_and_other_rows_are_refused(tmp_path):
    one, same, other = (write(tmp_path / name) for name in "abc")
    write(other, text=TEXT + "\n  * a handle")
    spec = data(one).spec
    planned = settled(spec, tmp_path / "found").spec
    assert planned.options["suite"] == "stable" and len(planned.options["content"]) == 20
    moved = planned.model_copy(update={"options": {**planned.options, "path": str(same)}})
    assert identity(planned) == identity(moved) == identity(spec)
    assert identity(data(other).spec) != identity(spec)
    changed = planned.model_copy(update={"options": {**planned.options, "path": str(other)}})
    with pytest.raises(DataError, match="others than were planned"):
        lookup("data", "debian_descriptions")(changed).every()


@pytest.mark.parametrize(
    ("long", "text"),
    [
        (" a\n b\n .\n c", "a b\nc"),
        (" a\n  v\n b", "a\nv\nb"),
        ("", ""),
        (" .\n .\n", ""),
    ],
)
def test_paragraphs(long, text):
    assert paragraphs(long) == text
