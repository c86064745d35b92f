"""Every sentence follows from the rows, in both directions."""

import pytest
from result_rows import gap as row_gap
from result_rows import results, row

from llmx.core.figure import Span
from llmx.report.findings import findings


def span(estimate, half=0.02):
    return Span(estimate=estimate, low=estimate - half, high=estimate + half)


def gap(estimate=0.0, p_value=1.0, detectable=0.07):
    return row_gap(estimate, 0.02, problems=200, p_value=p_value, detectable=detectable)


def sentences(*rows, kind=None):
    notes = {one["arm"]: one.pop("notes") for one in rows if "notes" in one}
    figures = results(*rows, baseline="target").figures
    return [finding.text for finding in findings(figures, "sd", "target", notes)
            if kind in (None, finding.kind)]  # fmt: skip


SPEEDS = {
    "faster": (span(1.3), "is faster than the target alone (`target`): 1.30 (1.28–1.32) times"),
    "touching one": (span(1.02), "is not shown to be faster than the target alone"),
    "equal": (span(1.0), "is not shown to be faster than the target alone"),
    "slower": (span(0.8), "is slower than the target alone"),
    "one round": (Span(estimate=1.4), "in one round beside the target alone (`target`): 1.40"),
}


@pytest.mark.parametrize(("speedup", "expected"), SPEEDS.values(), ids=SPEEDS)
def test_it_says_plainly_whether_sd_is_faster(speedup, expected):
    (text,) = sentences(row(arm="sd", algorithm="speculative", speedup=speedup))
    assert expected in text


def test_arms_are_judged_beside_their_own_reference():
    """A gain over another baseline is none over this one."""
    rows = [
        row(arm="a", reference="sd", speedup_reference=span(1.2), difference=gap()),
        row(arm="b", reference="cold", speedup_reference=span(1.0), difference=gap()),
    ]
    found = sentences(*rows, kind="trade")
    assert any("Faster than `sd` in tokens/s" in text and "`a`" in text for text in found)
    assert any("No arm is shown to be faster than `cold` in tokens/s" in text for text in found)
    assert not any("`b`" in text and "Faster than `sd`" in text for text in found)
    power = sentences(*rows, kind="power")
    assert ["from `sd`" in text for text in power] == [True, False]


def test_fuzzy_arms_make_no_claim_about_sd():
    assert sentences(row(arm="fsd", algorithm="fuzzy", speedup=span(1.5))) == []


TRADES = {
    "free": (span(1.2), gap(-0.01, 0.6), "without a detectable loss"),
    "gain is no loss": (span(1.2), gap(+0.2, 0.001), "without a detectable loss"),
    "costly": (span(1.2), gap(-0.2, 0.001), "but less accurate"),
    "not faster": (span(1.01), gap(-0.01, 0.6), "No arm is shown to be faster than `sd`"),
    "one round": (Span(estimate=1.4), gap(), "No arm is shown to be faster than `sd`"),
}


@pytest.mark.parametrize(("speed", "difference", "expected"), TRADES.values(), ids=TRADES)
def test_trades(speed, difference, expected):
    one = row(arm="fsd", algorithm="fuzzy", speedup_reference=speed, difference=difference)
    (text,) = sentences(one, kind="trade")
    assert expected in text


def test_cheap_and_costly_arms_are_told_apart():
    fast = {"algorithm": "fuzzy", "speedup_reference": span(1.2)}
    free, costly = sentences(
        row(arm="a", difference=gap(-0.01, 0.6), **fast),
        row(arm="b", difference=gap(-0.2, 0.001), **fast),
        kind="trade",
    )
    assert "`a` 1.20×" in free
    assert "`b`" not in free
    assert "`b` 1.20×" in costly
    assert "`a`" not in costly


def test_power_names_the_range_over_the_arms():
    rows = [
        row(arm=f"a{i}", difference=gap(detectable=size)) for i, size in enumerate([0.11, 0.06])
    ]
    (text,) = sentences(*rows, kind="power")
    assert "On 200 problems" in text
    assert "is 6.0 to 11.0 points" in text


def test_where_nothing_could_be_found_no_size_is_named():
    rows = [row(arm=f"a{i}", difference=gap(detectable=size)) for i, size in enumerate([1.0, 1.13])]
    (text,) = sentences(*rows, kind="power")
    assert text == "No difference from `sd` can be shown on 200 problems."
    some = [*rows, row(arm="b", difference=gap(detectable=0.3))]
    (text,) = sentences(*some, kind="power")
    assert "is 30.0 to 100.0 points" in text


def calibrated(got, asked=0.7, note=None):
    return row("f", asked_share=asked, draft_share=got, notes=[note] if note else [])


def test_a_missed_calibration_is_named_with_its_note():
    (text,) = sentences(calibrated(0.62, note="no threshold reaches it"), kind="calibration")
    assert "`f` (asked 70.0 %, got 62.0 %, no threshold reaches it)" in text


def test_calibrations_that_hit_are_said_to():
    (text,) = sentences(calibrated(0.71), kind="calibration")
    assert text.startswith("Every calibrated arm came within 3 points")


@pytest.mark.parametrize(
    ("field", "expected"),
    [("cut_share", "cut by the length cap"), ("unparsed_share", "no answer in the asked form")],
)
@pytest.mark.parametrize(("share", "said"), [(0.05, False), (0.3, True)], ids=["few", "many"])
def test_format_trouble_is_said_from_a_tenth_on(field, expected, share, said):
    found = sentences(row(arm="a", **{field: share}), kind="caution")
    assert [expected in text for text in found] == ([True] if said else [])


def test_nothing_measured_says_nothing():
    assert sentences(row(arm="a"), row(arm="sd", algorithm="speculative")) == []
