"""A paper in a folder: do careful readers count with more digits?"""

KINDS = {
    "section.effort": "counting.effort:EffortSpec",
    "data.counts": "counting.problems:Counts",
    "stage.count": "counting.stage:CountStage",
    "scorer.counts": "counting.marks:CountScorer",
    "test.longer": "counting.verdicts:LONGER",
    "quantity.digits": "counting.verdicts:DIGITS",
    "quantity.marks": "counting.verdicts:MARKS",
    "picture.spread": "counting.pictures:SPREAD",
    "picture.heaps": "counting.pictures:HEAPS",
    "picture.strip": "counting.pictures:STRIP",
}

NAMES = ("count",)
WORDS = ("effort", "digits")
