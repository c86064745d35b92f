"""Verdict tests of any paper."""

KINDS = {
    "test.end_to_end_speed": "llmx.report.verdict.tests:END_TO_END_SPEED",
    "test.equivalent": "llmx.report.verdict.tests:EQUIVALENT",
    "test.length_inflation": "llmx.report.verdict.tests:LENGTH_INFLATION",
    "test.lossless": "llmx.report.verdict.tests:LOSSLESS",
    "test.more_accurate": "llmx.report.verdict.tests:MORE_ACCURATE",
    "test.steadier": "llmx.report.verdict.tests:STEADIER",
}
