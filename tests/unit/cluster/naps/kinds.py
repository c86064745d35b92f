"""A plugin for tests of jobs: stages that take a known time and say what they did."""

KINDS = {
    "stage.nap": "naps.stage:NapStage",
    "stage.tally": "naps.stage:TallyStage",
    "stage.timed_nap": "naps.stage:TimedNapStage",
}
