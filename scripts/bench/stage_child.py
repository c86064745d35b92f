"""Do decode stages on request, in a process with one checkout's llmx; see :mod:`bench.stages`.

Each line of the input is a JSON object {arm, kernel, problems, gamma}, each line of the output the
seconds of that stage. It imports nothing of ``bench``: the checkout may be an older one.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import llmx
from llmx.config.compose import compose
from llmx.core.progress import Silent
from llmx.core.spec import StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.stages.decode import DecodeStage


def stage(arm: str, kernel: str | None, problems: int, gamma: int) -> StageInput:
    """Return what a decode stage of an arm is told."""
    words = [f"sampler.gamma={gamma}", "arms.target.sampler.temperature=0"]
    words += [f"engine.kernel={kernel}"] if kernel else []
    spec = StageSpec(name="generate", kind="decode", options={"problems": problems})
    return StageInput(spec, {arm: compose("fsd_gsm8k", words).arms[arm]})


def done(given: StageInput) -> dict[str, Any]:
    """Do the stage in a folder that goes; return its seconds and what it wrote."""
    with tempfile.TemporaryDirectory() as folder:
        context = StageContext(given, {}, {}, Path(folder), Silent())
        wall, processor = time.perf_counter(), time.process_time()
        DecodeStage().run(context)
        spent = {"processor": time.process_time() - processor, "wall": time.perf_counter() - wall}
        lines = (Path(folder) / "samples.jsonl").read_text().splitlines()
    return {**spent, "problems": len(lines)}


def main() -> None:
    """Answer requests until the input ends."""
    if Path(str(llmx.__file__)).resolve().parents[1] != Path.cwd().resolve():
        raise SystemExit("llmx does not come from the checkout that is to be measured")
    for line in sys.stdin:
        print(json.dumps(done(stage(**json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
