"""Compare our reading of AlpacaEval 2's published judgements with the published win rates.

The benchmark's repository (tatsu-lab/alpaca_eval) holds the judge's replies for many models. Each
is put into the game that llmx would play and read as llmx reads a reply: order, parser and win rate
are checked against the leaderboard, model by model, without asking anybody. Takes minutes.

    git clone https://github.com/tatsu-lab/alpaca_eval
    python scripts/check_published_judgements.py alpaca_eval
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from llmx.core.judging import Judgement, judged
from llmx.core.record import Sample
from llmx.judging.alpaca_eval import AlpacaEval
from llmx.judging.win_rate import points, win_rate

JUDGE = "weighted_alpaca_eval_gpt4_turbo"
BOARD = f"src/alpaca_eval/leaderboards/data_AlpacaEval_2/{JUDGE}_leaderboard.csv"


def judgements(rows: list[Mapping[str, Any]]) -> Iterator[Judgement]:
    """Yield what llmx makes of published rows."""
    protocol = AlpacaEval()
    for place, row in enumerate(rows):
        sample = Sample(id=f"test-{place}", question=row["instruction"], answer=row["output_1"])
        (game,) = protocol.games(sample, row["output_2"])
        verdict = protocol.settled(game)
        if verdict is None:
            told = row["raw_completion"]["logprobs"]["content"][0]["top_logprobs"]
            verdict = protocol.read("", {one["token"]: one["logprob"] for one in told})
        yield judged(game, verdict)


def differs(row: Mapping[str, Any], found: Judgement) -> bool:
    """Whether a preference is not the published one."""
    if row["preference"] is None or found.preference is None:
        return not (row["preference"] is None and found.preference is None)
    return bool(abs(1 + found.preference - row["preference"]) > 1e-6)


def main(folder: Path) -> int:
    """Print a line a model; return 1 if any preference or rate differs."""
    with (folder / BOARD).open(encoding="utf-8") as board:
        published = {row[""]: float(row["win_rate"]) for row in csv.DictReader(board)}
    wrong = models = games = 0
    for path in sorted(folder.glob(f"results/*/{JUDGE}/annotations.json")):
        rows, name = json.loads(path.read_text(encoding="utf-8")), path.parts[-3]
        if name not in published or any("raw_completion" not in row for row in rows):
            continue
        found = list(judgements(rows))
        rate = win_rate(points(found))
        assert rate is not None
        off = sum(map(differs, rows, found))
        gap = abs(100 * rate.estimate - published[name])
        print(f"{name:40} {100 * rate.estimate:8.4f} {published[name]:8.4f} {off} of {len(rows)}")
        wrong, models, games = wrong + off + (gap > 1e-3), models + 1, games + len(rows)
    print(f"{models} models, {games} judgements, {wrong} differences")
    return int(wrong > 0 or not models)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
