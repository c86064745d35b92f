"""A paper in a folder: do careful readers count with more digits?"""

KINDS = {
    "section.effort": "counting.effort:EffortSpec",
    "data.counts": "counting.problems:Counts",
    "stage.count": "counting.stage:CountStage",
    "scorer.counts": "counting.marks:CountScorer",
    "test.longer": "counting.verdicts:LONGER",
    "quantity.digits": "counting.verdicts:DIGITS",
}

NAMES = ("count",)
WORDS = ("effort", "digits")
