"""Do counters and scores belong to the records, and the records to this split alone?"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from llmx.audit.completions import UNREAD
from llmx.audit.sent import Sent
from llmx.audit.watch import Every, MadeChecks, Watch, share_check, unchecked
from llmx.core.audit import Check
from llmx.core.record import Record, Score


def counts(sent: Sent) -> Iterator[Watch]:
    """Yield what makes every check of counters, scores and splits."""
    wrong = _impossible if sent.drafts is None else _impossible_chunks
    if sent.acted is not None:
        wrong = _impossible_unasked if sent.unasked else _impossible_turns
    yield Every("counters", wrong, "counters that cannot all be true")
    if sent.scores is None:
        names = ("score_counts", "expected_answer", "unparsed_share")
        yield unchecked("there are no scores", *names)
    else:
        yield from _scores(sent, sent.scores)
    for split, questions in sent.others.items():
        yield _overlap(sent, split, questions)


def _impossible(record: Record) -> bool:
    tokens = record.tokens
    most = min(record.drafted, tokens)
    # Every round of the target gives one token of its own at most.
    return record.accepted > most or (
        record.rounds > 0 and tokens > record.accepted + record.rounds
    )


def _impossible_chunks(record: Record) -> bool:
    # The rounds of an ensemble are the chunks of its answer, of one token at least.
    return bool(record.drafted or record.accepted) or record.rounds > record.tokens


def _impossible_turns(record: Record) -> bool:
    # The rounds of an episode are its replies, of which each may have been empty.
    return bool(record.drafted or record.accepted) or (record.tokens > 0 and not record.rounds)


def _impossible_unasked(record: Record) -> bool:
    return bool(record.drafted or record.accepted or record.tokens or record.rounds)


def _scores(sent: Sent, scores: Sequence[Score]) -> Iterator[Watch]:
    by_draw, known = {(score.id, score.draw): score for score in scores}, sent.problems

    def differs(record: Record) -> bool:
        score = by_draw.get((record.id, record.draw))
        return score is None or (score.tokens, score.finish, score.rounds, score.accepted) != (
            record.tokens,
            record.finish,
            record.rounds,
            record.accepted,
        )

    def unexpected(record: Record) -> bool:
        score, sample = by_draw.get((record.id, record.draw)), sent.asked(record)
        if score is None or sample is None or _says(sample.answer, score.expected):
            return False
        # What a scorer reads in a fraction or in words it may write otherwise: 1/2 as 0.5.
        plain = re.fullmatch(r"-?\d+(?:\.\d+)?|\w", sample.answer.replace(",", ""))
        return bool(plain) or sent.scored.get(record.id) != known[record.id].answer

    yield Every("score_counts", differs, "its score is of another record")
    yield Every("expected_answer", unexpected, "scored against another answer")
    unread = sum(score.unparsed for score in scores)
    what = "of the answers are unread"
    yield MadeChecks(share_check("unparsed_share", unread, len(scores), *UNREAD, what))


def _says(answer: str, expected: str) -> bool:
    """Whether a reference answer holds the expected one as a whole, not as a part of a number."""
    return expected == answer or expected in re.findall(r"-?[\w./]+", answer.replace(",", ""))


def _overlap(sent: Sent, split: str, questions: Sequence[str] | None) -> Watch:
    name = f"overlap_{split}"
    if questions is None:
        return unchecked(f"there is no {split} split to compare with", name)
    known = _all_normalised(tuple(questions))
    asked = [sample for sample in sent.samples if normalised(sample.question) in known]
    detail = f"{asked[0].id} is among {len(known)} questions of {split}" if asked else ""
    found = Check(
        check=name,
        level="fail",
        passed=not asked,
        found=len(asked),
        of=len(sent.samples),
        detail=detail,
    )
    return MadeChecks(found)


@lru_cache(maxsize=4)
def _all_normalised(questions: tuple[str, ...]) -> frozenset[str]:
    """Arms are compared with the same questions, thousands of them."""
    return frozenset(map(normalised, questions))


def normalised(question: str) -> str:
    """Return a question without case, punctuation and spacing; numbers stay."""
    return " ".join(re.findall(r"[\w.]+", question.lower().replace(". ", " ").rstrip(".?! ")))
