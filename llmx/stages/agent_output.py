"""What a stage of episodes leaves: episodes, answers as records, sums, and the token audit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from llmx.core.episode import ENDINGS, Ending, Episode, EpisodeTurn
from llmx.core.record import CostVector, Finish, Message, Record, as_json
from llmx.dialogue.agent.token_audit import TokenAudit
from llmx.stages.decode import SAMPLES, SUMMARY, summarise
from llmx.stages.play import Stagecraft
from llmx.stages.turns import EpisodeKey, TurnLog
from llmx.store.files import read_json, write_json, write_lines

EPISODES, TOKENS = "episodes.jsonl", "token_audit.json"


def write_output(
    out: Path, episodes: Sequence[Episode], craft: Stagecraft, log: TurnLog, draws: int
) -> None:
    """Write episodes, their answers as records, and the sums."""
    audit = TokenAudit()
    records = partial(_records, episodes, craft, log, audit)
    write_lines(out / EPISODES, map(as_json, episodes))
    write_lines(out / SAMPLES, (as_json(record) for record in records()))
    write_json(out / TOKENS, audit.found())
    summarise(out, None, draws)
    ends = Counter(one.ending for one in episodes)
    write_json(
        out / SUMMARY,
        {
            **read_json(out / SUMMARY),
            "endings": {name: ends[name] for name in ENDINGS if ends[name]},
            "calls": sum(one.use.calls for one in episodes),
            "malformed": sum(one.use.malformed for one in episodes),
            "computed_again": audit.again,
            "started_over": sum(one.attempts > 1 for one in episodes),
            "timed": sum(one.timed for one in episodes),
        },
    )


def _records(
    episodes: Sequence[Episode], craft: Stagecraft, log: TurnLog, audit: TokenAudit
) -> Iterator[Record]:
    for episode in episodes:
        turns = log.turns(EpisodeKey(episode.id, episode.draw))
        audit.see(turns)
        yield record_of(episode, turns, craft)


def record_of(episode: Episode, turns: Sequence[EpisodeTurn], craft: Stagecraft) -> Record:
    """Return what an episode came to as a record: its answer, and the chat that led to it.

    Token ids stand in ``turns.jsonl`` alone; a record has their counts.
    """
    said = [turn.record for turn in turns if turn.record is not None]
    spent = [record.spent for record in said]
    return Record(
        id=episode.id,
        prompt_ids=(),
        completion_ids=(),
        prompt=said[0].prompt if said else "",
        text=episode.answer,
        finish=_finish(episode.ending, said),
        rounds=len(said),
        prompt_tokens=sum(one.prompt for one in spent),
        completion_tokens=episode.use.tokens,
        turns=tuple(one for turn in turns for one in _chat(turn, craft)),
        draw=episode.draw,
        cost=sum(spent, CostVector()),
    )


def _chat(turn: EpisodeTurn, craft: Stagecraft) -> Iterator[Message]:
    """Yield what was said in a turn that was not the answer itself."""
    if not turn.calls and not turn.fault:
        return
    if turn.record is not None:
        yield craft.form.turn(turn.record, turn.calls)
    if turn.fault:
        yield from craft.form.faulted(turn.fault)
    else:
        yield from craft.form.shown(turn.observations)


_SHORT: tuple[Ending, ...] = (
    *("malformed", "out_of_turns", "out_of_calls", "out_of_tokens"),
    *("out_of_seconds", "out_of_context", "sandbox_lost"),
)


def _finish(ending: Ending, said: Sequence[Record]) -> Finish:
    """Return the word that reports know: cut where a limit ended it."""
    if ending == "engine_failed":
        return "filtered" if said and said[-1].finish == "filtered" else "length"
    return "length" if ending in _SHORT else "eos"
