"""The published figures of B3: all there, as printed, and what does not add up is what is noted."""

from collections import Counter

import pytest

from llmx.claims import known
from llmx.claims.reproduce.page import page
from llmx.claims.reproduce.words import said_missing

PAPER = known.find("b3", ())
MMEB = ("retrieval (12)", "classification (10)", "VQA (10)", "grounding (4)")
DOMAINS = ("in domain (20)", "out of domain (16)")
AVERAGE = "average (36)"
STS = ("STS12", "STS13", "STS14", "STS15", "STS16", "STS-B", "SICK-R")

# Of each column as it was transcribed, in hundredths: the sum, and the sum of place times figure.
COLUMNS = {
    1: [(111750, 1253150), (83130, 1069400), (106410, 1146010), (138620, 1536290),
        (105560, 1232860), (92960, 1064430), (106190, 1208230)],
    2: [(34218, 101226), (33016, 98168), (29533, 86616), (38939, 116102),
        (35350, 105103), (30305, 89059), (33107, 97971)],
    4: [(35044, 105238), (33292, 99916), (30265, 91122), (39791, 118870),
        (35561, 106881), (31506, 94455), (33758, 101355)],
    5: [(34667, 104805), (33245, 99701), (30128, 90839), (39286, 118334),
        (35423, 106669), (31152, 93942), (33520, 100994)],
    6: [(30912, 77731), (34439, 86622), (32410, 81928), (34398, 86416),
        (33314, 83743), (34166, 85917), (31557, 79864), (33029, 83177)],
    9: [(11618, 17456), (11468, 17263), (11558, 17379)],
    10: [(21768, 43513), (16530, 33025), (20021, 40015)],
    11: [(40412, 144779), (36843, 130787), (38825, 138559)],
    12: [(21305, 42591), (18998, 38008), (20280, 40555)],
}  # fmt: skip
ROWS = {1: 19, 2: 5, 4: 5, 5: 5, 6: 4, 9: 2, 10: 3, 11: 6, 12: 3}


def of(number):
    return [one for one in PAPER.claims if one.table.startswith(f"Table {number}:")]


def rows(number):
    """setting -> metric -> claim."""
    found = {}
    for one in of(number):
        found.setdefault(one.setting, {})[one.metric] = one
    return found


def mean(row, metrics):
    """The mean over tasks: a metric's name ends in how many it has."""
    counts = {name: int(name.rpartition("(")[2].rstrip(")")) for name in metrics}
    return sum(row[name].value * n for name, n in counts.items()) / sum(counts.values())


def slack(number):
    """What rounding may do: half a unit in the last digit to the parts, and half to the mean."""
    return 0.1 if number == 1 else 0.01


@pytest.mark.parametrize("number", COLUMNS)
def test_every_column_is_the_printed_one(number):
    columns = {}
    for one in of(number):
        columns.setdefault(one.metric, []).append(one.value)
    assert {len(column) for column in columns.values()} == {ROWS[number]} == {len(rows(number))}
    whole = [[round(100 * (value or 0)) for value in column] for column in columns.values()]
    sums = [(sum(c), sum(at * value for at, value in enumerate(c, 1))) for c in whole]
    assert sums == COLUMNS[number]


def test_every_figure_says_where_it_is_from():
    tables = [one for one in PAPER.claims if one.table.startswith("Table")]
    assert len(tables) == 312 and len(PAPER.claims) == 317
    assert {(one.source, one.evidence, one.relation) for one in tables} == {
        ("table", "paper", "eq")
    }
    assert Counter(one.unit for one in tables) == {"percent": 280, "Spearman × 100": 32}
    places = Counter((one.table, one.setting, one.metric) for one in PAPER.claims)
    assert max(places.values()) == 1


def test_what_is_not_printed_is_null():
    lost = [one for one in PAPER.claims if one.value is None]
    assert [one.note for one in lost] == ["placeholder", "placeholder", None, None]
    assert [one.table[:8] for one in lost] == ["Table 1:", "Table 1:", "Figure 2", "Figure 3"]
    said = {one.setting: one.value for one in PAPER.claims if one.source == "text"}
    assert sorted(said.values()) == [2.5, 14, 65.2]


@pytest.mark.parametrize("number", [1, 2, 4, 5])
@pytest.mark.parametrize("parts", [MMEB, DOMAINS], ids=["categories", "domains"])
def test_a_row_without_note_gives_its_average(number, parts):
    checked = 0
    for row in rows(number).values():
        if any(row[name].note for name in (*parts, AVERAGE)):
            continue
        checked += 1
        assert mean(row, parts) == pytest.approx(row[AVERAGE].value, abs=slack(number)), row
    held = {1: {MMEB: 10, DOMAINS: 17}[parts], 5: 4}
    assert checked == held.get(number, ROWS[number])


def shifted(row):
    """The row with its first three figures read as classification, VQA, retrieval."""
    first = dict(zip(("classification (10)", "VQA (10)", "retrieval (12)"), MMEB, strict=False))
    return {name: row[first.get(name, name)] for name in row}


def noted(note, number=1):
    return [row for row in rows(number).values() if any(one.note == note for one in row.values())]


def test_shifted_rows_give_their_average_only_if_read_otherwise():
    found = noted("shifted")
    assert len(found) == 6
    for row in found:
        assert [name for name in row if row[name].note] == [*MMEB[:3]]
        assert mean(shifted(row), MMEB) == pytest.approx(row[AVERAGE].value, abs=0.1)
        assert mean(row, MMEB) != pytest.approx(row[AVERAGE].value, abs=0.1)


def test_rows_that_contradict_themselves_do_so_as_their_notes_say():
    (siglip,) = noted("neither")
    assert abs(mean(siglip, MMEB) - 34.8) > 3 and abs(mean(shifted(siglip), MMEB) - 34.8) > 3
    assert mean(siglip, DOMAINS) == pytest.approx(34.8, abs=0.1)
    (vlm2vec,) = noted("vlm2vec")
    assert vlm2vec == noted("placeholder")[0]
    assert mean(vlm2vec, MMEB) == pytest.approx(60.07, abs=0.005)
    assert rows(1)["Qwen2-VL-2B, B3++ (about 2B)"][AVERAGE].value - 59.3 == pytest.approx(8.8)
    (unime,) = noted("unime")
    assert {round(mean(unime, parts), 1) for parts in (MMEB, DOMAINS)} == {61.3}
    assert unime[AVERAGE].value == 64.2
    (teacher,) = noted("clip_teacher", 5)
    assert {round(mean(teacher, parts), 2) for parts in (MMEB, DOMAINS)} == {67.35}
    assert teacher[AVERAGE].value == 67.3


@pytest.mark.parametrize("number", [9, 10, 11, 12])
def test_averages_of_the_ablations_are_those_of_their_domains(number):
    for row in rows(number).values():
        *domains, average = row
        assert mean(row, domains) == pytest.approx(row[average].value, abs=0.01)


def test_the_mean_over_sts_is_that_of_its_seven_sets():
    for row in rows(6).values():
        values = [row[name].value for name in STS]
        assert sum(values) / 7 == pytest.approx(row["mean of seven"].value, abs=0.01)


def test_tables_agree_where_they_print_the_same_run():
    same = [
        (rows(4)["|B| = 1024, maximum resolution 1000"], rows(2)["B3"]),
        (rows(5)["random batches, no teacher, |B| = 1024"],
         rows(2)["random batches with target prompts"]),
        *((rows(4)[f"|B| = 512, K = {k}"], rows(5)[f"B3, teacher VLM2Vec-2B, |B| = 512, K = {k}"])
          for k in (8, 32)),
        *((rows(11)[name], rows(12)[name])
          for name in ("p = 0/0, p+m = 30/70, |B| = 512", "p = 30/70, p+m = 130/170, |B| = 512")),
    ]  # fmt: skip
    for one, other in same:
        assert {m: c.value for m, c in one.items()} == {m: c.value for m, c in other.items()}


def gap(number, one, other, metric=AVERAGE):
    table = rows(number)
    return round(table[one][metric].value - table[other][metric].value, 2)


def test_the_statements_say_what_the_figures_say():
    plain = "random batches with target prompts"
    bare = "random batches without target prompts"
    hard = "random batches with 5 hard negatives from the band"
    assert gap(2, "B3", plain) == 2.52 and gap(2, "B3", hard) == 0.73
    assert 0 < gap(2, "B3++", "B3") < 0.3
    gains = {name: gap(2, plain, bare, name) for name in (*MMEB, AVERAGE)}
    assert gains[AVERAGE] == 2.74 and gains["grounding (4)"] == -2.43
    assert sorted(MMEB, key=gains.__getitem__)[2:] == ["classification (10)", "VQA (10)"]
    size = "|B| = 512, K = {}".format
    assert gap(4, size(32), size(8)) > 0 and gap(4, size(32), size(512)) > 0
    small, whole = "|B| = 1024, maximum resolution 700", "|B| = 1024, maximum resolution 1000"
    assert gap(4, whole, small) > 0 > gap(4, whole, small, "grounding (4)")
    teacher = "B3, teacher {}, |B| = 512, K = 32".format
    strong = [teacher(name) for name in ("VLM2Vec-2B", "VLM2Vec-7B")]
    assert all(0 < gap(5, one, teacher("CLIP-400M")) < 0.3 for one in strong)
    skip = [
        gap(11, f"p = 30/70, p+m = 130/170, |B| = {b}", f"p = 0/0, p+m = 30/70, |B| = {b}")
        for b in (32, 128, 512)
    ]
    assert skip[0] > 1 and max(map(abs, skip[1:])) < 0.1
    wide = {m: rows(10)[f"p = 30, m = {m}, |B| = 32"] for m in (100, 500, 800)}
    assert max(wide, key=lambda m: wide[m]["retrieval average (12)"].value) == 100
    ends = [row[AVERAGE].value for row in rows(12).values()]
    assert max(ends) - min(ends) < 0.1
    for one, other in (
        ("B3, teacher SimCSE", "SimCSE, supervised, without hard negative"),
        ("B3 with 1 hard negative, teacher SimCSE with hard negative",
         "SimCSE with 1 hard negative"),
    ):  # fmt: skip
        assert gap(6, one, other, "mean of seven") > 0 > gap(6, one, other, "SICK-R")


TESTED_ON_TEXT = (
    "more_accurate_than_random",
    "more_so_in_small_batches",
    "b3_over_random_hn",
    "hn_adds_little",
    "optimum_of_k",
    "weak_teacher_enough",
    "p_matters_small_batches",
    "band_width",
)


def test_every_statement_names_what_tests_it():
    """A recipe's finding of the same id is its test; until there is one, what it takes is said."""
    findings = page(PAPER, [], {}).findings
    assert all(one.grade == "paper" and one.needs for one in findings)
    for one in findings:
        assert one.tested_by or said_missing(one) == f"No recipe tests it: it needs {one.needs}."
    for needed, ids in (
        ("b3_text", TESTED_ON_TEXT),
        ("MMEB", ("target_prompts", "visual_tokens")),
        ("RoBERTa-large", ("text_alone",)),
    ):
        assert tuple(one.id for one in findings if one.needs.startswith(needed)) == ids
    assert len(findings) == len(TESTED_ON_TEXT) + 3
