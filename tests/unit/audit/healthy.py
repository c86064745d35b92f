"""A healthy set of evidence over an invented tokenizer of whole words."""

from collections.abc import Sequence

from llmx.audit.sent import Sent
from llmx.core.record import Record, Sample, Score

BOS, EOS, TURN = 0, 1, 2
SPECIAL = {BOS: "<s>", EOS: "</s>", TURN: "<turn>"}
MOST = 12
COUNT = 16


class WordSpeller:
    """Words by number; a template of ``<s> <turn> question <turn>``."""

    bos_id: int | None = BOS
    eos_ids = frozenset({EOS})

    def __init__(self, words: Sequence[str]) -> None:
        self.words = {**SPECIAL, **dict(enumerate(words, len(SPECIAL)))}
        self.ids = {word: token for token, word in self.words.items()}
        self.vocab_size = len(self.words)

    def spell(self, ids: Sequence[int]) -> str:
        return " ".join(self.words[token] for token in ids)

    def answer(self, ids: Sequence[int]) -> str:
        return self.spell([token for token in ids if token not in SPECIAL])

    def encode(self, text: str) -> tuple[int, ...]:
        return tuple(self.ids[word] for word in text.split())

    def special_in(self, sample: Sample) -> list[str]:
        return [word for word in sample.question.split() if word in SPECIAL.values()]

    def render(self, sample: Sample) -> tuple[list[int], str]:
        text = f"<s> <turn> {sample.question} <turn>"
        return list(self.encode(text)), text


def _sample(place: int) -> Sample:
    return Sample(
        id=f"test-{place}",
        question=f"Add {place} and {place + 1}",
        answer=str(2 * place + 1),
        solution=f"{place} plus {place + 1} makes {2 * place + 1}",
        cluster="sums",
    )


SAMPLES = [_sample(place) for place in range(COUNT)]
_WORDS = sorted(
    {word for s in SAMPLES for word in f"{s.question} {s.solution} {s.answer} ####".split()}
    | {"Subtract", "from", "please"}
)
SPELLER = WordSpeller(_WORDS)


def record(sample: Sample) -> Record:
    prompt = SPELLER.encode(SPELLER.render(sample)[1])
    answer = (*SPELLER.encode(f"{sample.solution} #### {sample.answer}"), EOS)
    return Record(
        id=sample.id,
        prompt_ids=prompt,
        completion_ids=answer,
        prompt=SPELLER.spell(prompt),
        text=SPELLER.answer(answer),
        finish="eos",
        rounds=3,
        drafted=9,
        accepted=len(answer) - 3,
    )


def score(sample: Sample, sent: Record) -> Score:
    return Score(
        id=sample.id,
        cluster=sample.cluster,
        expected=sample.answer,
        strict=sample.answer,
        flexible=sample.answer,
        correct=True,
        correct_flexible=True,
        unparsed=False,
        tokens=len(sent.completion_ids),
        finish=sent.finish,
        rounds=sent.rounds,
        drafted=sent.drafted,
        accepted=sent.accepted,
    )


def healthy() -> Sent:
    records = [record(sample) for sample in SAMPLES]
    scores = [score(sample, sent) for sample, sent in zip(SAMPLES, records, strict=True)]
    others = {"train": ["Subtract 1 from 2"], "calibration": ["Subtract 3 from 4"]}
    return Sent(records, list(SAMPLES), MOST, scores, SPELLER, others)
