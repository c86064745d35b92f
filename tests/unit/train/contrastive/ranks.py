"""One of several processes of a training, which writes down which rows its loss gathered."""

import json
import sys
from pathlib import Path
from typing import Any

from contrasted import Contrast


def main(told: str, to: str) -> None:
    """Train, and write the rows of every step and the weights."""
    from safetensors.torch import save_file

    from llmx.stages.contrastive import _job
    from llmx.train.contrastive.points import TrainingClock
    from llmx.train.contrastive.trainer import make_trainer

    given = json.loads(told)
    folder, out = (Path(given.pop(name)) for name in ("folder", "out"))
    job = _job(Contrast(folder, out, **given).context())
    seen: list[list[int]] = []
    trainer = make_trainer(job, TrainingClock(None))
    begin = trainer.scores.begin

    def noted(own: Any, gathered: Any, rank: int) -> None:
        seen.append(gathered[:, 0].tolist())
        begin(own, gathered, rank)

    trainer.scores.begin = noted
    trainer.train()
    rank, place = trainer.accelerator.process_index, Path(to)
    weights = {name: one.contiguous() for name, one in trainer.model.state_dict().items()}
    save_file(weights, place / f"{rank}.safetensors")
    told_of = {"seen": seen, "processes": trainer.accelerator.num_processes}
    (place / f"{rank}.json").write_text(json.dumps(told_of))


if __name__ == "__main__":
    main(*sys.argv[1:])
