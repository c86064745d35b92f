"""Runs of inference-time scaling whose figures are planted, and what a finding says of them."""

import numpy as np

from llmx.core.audit import Audit
from llmx.core.figure import Figure, Figures, Span
from llmx.papers.inference_scaling import figure_names
from llmx.papers.inference_scaling.contrast import mean_gap
from llmx.report.gather import ArmFiles, Gathered
from llmx.report.verdict.evidence import evidence
from llmx.report.verdict.run_test import verdicts_on
from llmx.report.verdict.schema import check_finding

N = 400


def around(mean, n=N, spread=0.3, seed=0):
    """Differences of problems (n,) that vary, with exactly this mean."""
    found = np.random.default_rng(seed).normal(0, spread, n)
    return found - found.mean() + mean


def gap(quantity, values, arm="worked", against=None, setting="", at=None, trained=False):
    """A figure of differences (n,) or (n, seeds)."""
    values = np.asarray(values, dtype=float)
    found = mean_gap(values, [""] * len(values), trained=trained, bounds=None)
    return Figure(
        quantity=quantity, arm=arm, against=against, span=found.span, unit="points", n=found.n,
        seeds=found.seeds, p=found.p, lone=found.lone, setting=setting, at=at, basis=found.basis,
    )  # fmt: skip


def plain(quantity, value, arm="worked", against=None, setting="", at=None, unit="share", n=0):
    """A figure without an interval."""
    return Figure(
        quantity=quantity, arm=arm, against=against, span=Span(estimate=value), unit=unit, n=n,
        setting=setting, at=at,
    )  # fmt: skip


def able(arm, right=0.6, constant=0.05, cut=0.0, method="single", n=N):
    """What says that an arm may decide something."""
    half = 1.96 * (right * (1 - right) / n) ** 0.5
    span = Span(estimate=right, low=right - half, high=right + half)
    return [
        Figure(quantity=figure_names.ONE_ANSWER, arm=arm, span=span, unit="share", n=n, seeds=1),
        plain(figure_names.CONSTANT, constant, arm),
        plain(figure_names.cut(method), cut, arm, setting="draws", at=1),
    ]


def verdict(finding, figures, arms=("worked", "direct"), audited=True, rehearsal=False):
    """Return what a run of these figures says of a finding."""
    finding = {"id": "x", **finding}
    check_finding(finding, "here")
    files = {arm: ArmFiles(trained=False, audit=Audit(passed=True)) for arm in arms}
    if not audited:
        files = {arm: ArmFiles(trained=False) for arm in arms}
    found = evidence(Gathered(files, figures=Figures(figures=tuple(figures))), rehearsal=rehearsal)
    (said,) = verdicts_on(found, [finding], list(arms), {arm: None for arm in arms})
    return said
