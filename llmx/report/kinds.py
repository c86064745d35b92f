"""Verdict tests of any paper."""

KINDS = {
    "test.drop": "llmx.report.verdict.tests:DROP",
    "test.end_to_end_speed": "llmx.report.verdict.tests:END_TO_END_SPEED",
    "test.equivalent": "llmx.report.verdict.tests:EQUIVALENT",
    "test.interaction": "llmx.report.verdict.tests:INTERACTION",
    "test.length_inflation": "llmx.report.verdict.tests:LENGTH_INFLATION",
    "test.lossless": "llmx.report.verdict.tests:LOSSLESS",
    "test.more_accurate": "llmx.report.verdict.tests:MORE_ACCURATE",
    "test.ordered": "llmx.report.verdict.tests:ORDERED",
    "test.steadier": "llmx.report.verdict.tests:STEADIER",
}
