"""From a registered reward to what TRL calls, and from TRL's logs to rollouts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from llmx.train.batch_reward import AnyReward, BatchReward, Completed, batch_components, is_batched
from llmx.train.post_training.rollouts import Rollout, RolloutBook
from llmx.train.post_training.rows import TrainingRow
from llmx.train.reward import Reward, components, join

_ROW, _PARTS, _IDS = "llmx_row", "llmx_parts", "llmx_ids"


class Rewarding:
    """Holds what rewards and rollouts need: the rows, the prompts as sent, what ends an answer."""

    def __init__(
        self, rows: Sequence[TrainingRow], sent: Sequence[str], rewards: Mapping[str, AnyReward]
    ) -> None:
        self.rows, self.sent, self.rewards = rows, sent, rewards
        self.parts: dict[str, list[dict[str, float]]] = {}

    def functions(self) -> list[Callable[..., list[float]]]:
        """Return one function for TRL a reward, under the reward's name."""
        names = list(self.rewards)
        return [self._function(name, last=name == names[-1]) for name in names]

    def _function(self, name: str, last: bool) -> Callable[..., list[float]]:
        def reward_func(completions: Any, completion_ids: Any, **given: Any) -> list[float]:
            numbers = given["row"]
            found = self._scores(name, numbers, [_text(one) for one in completions])
            self.parts[name] = found
            if last:
                self._log(numbers, completion_ids, given["log_extra"])
            return [sum(parts.values()) for parts in found]

        reward_func.__name__ = name
        return reward_func

    def _scores(
        self, name: str, numbers: Sequence[int], texts: Sequence[str]
    ) -> list[dict[str, float]]:
        reward = self.rewards[name]
        pairs = list(zip(numbers, texts, strict=True))
        if is_batched(reward):
            return self._batch(name, reward, pairs)
        pure = cast("Reward", reward)
        return [self._score(name, pure, number, text) for number, text in pairs]

    def _score(self, name: str, reward: Reward, number: int, text: str) -> dict[str, float]:
        row, sent = self.rows[number], self.sent[number]
        return components(name, reward, sent, text, row.fields, row.name)

    def _batch(
        self, name: str, reward: BatchReward, pairs: Sequence[tuple[int, str]]
    ) -> list[dict[str, float]]:
        """Score the generation of all processes alike in each of them, and return this one's part.

        So the state is the same everywhere, and a checkpoint needs that of one process.
        """
        before = list(self.rewards)[: list(self.rewards).index(name)]
        parts = [join({one: self.parts[one][n] for one in before}) for n in range(len(pairs))]
        mine = [(number, text, own) for (number, text), own in zip(pairs, parts, strict=True)]
        everyone, start = gathered(mine)
        batch = [self._completed(*one) for one in everyone]
        return batch_components(name, reward, batch)[start : start + len(mine)]

    def _completed(self, number: int, text: str, parts: Mapping[str, float]) -> Completed:
        row = self.rows[number]
        return Completed(self.sent[number], text, row.fields, row.name, parts)

    def _log(self, numbers: Sequence[int], ids: Sequence[Sequence[int]], log: Any) -> None:
        """Hand TRL what it does not keep: it gathers it from all processes in the right order."""
        joined = [
            join({name: found[place] for name, found in self.parts.items()})
            for place in range(len(numbers))
        ]
        log(_ROW, list(numbers))
        log(_PARTS, [json.dumps(parts) for parts in joined])
        log(_IDS, [[len(one), one[-1]] for one in ids])


def gathered(mine: list[Any]) -> tuple[list[Any], int]:
    """Return the parts of all processes one after the other, and where this one's begins."""
    from accelerate import PartialState
    from accelerate.utils import gather_object

    state = PartialState()
    if state.num_processes == 1:
        return mine, 0
    sizes = gather_object([len(mine)])
    return gather_object(mine), sum(sizes[: state.process_index])


def _text(completion: Any) -> str:
    return completion if isinstance(completion, str) else str(completion[-1]["content"])


def record_rollouts(trainer: Any, about: Rewarding, book: RolloutBook) -> None:
    """Make a trainer of TRL write every rollout of a training into `book`.

    The trainer keeps the texts, rewards and advantages of the latest generation of all processes
    in its logs; they are read there as soon as it has been scored.
    """
    score = trainer._generate_and_score_completions

    def score_and_record(inputs: Any) -> Any:
        output = score(inputs)
        if trainer.model.training and trainer.accelerator.is_main_process:
            book.add(_rollouts(trainer, about))
        return output

    trainer._generate_and_score_completions = score_and_record


def _rollouts(trainer: Any, about: Rewarding) -> Iterator[Rollout]:
    logs, ends = trainer._logs, {*trainer.eos_token_ids, trainer.processing_class.pad_token_id}
    weights = trainer.reward_weights.tolist()
    rewards = [list(logs["rewards"][name]) for name in about.rewards]
    extra = logs["extra"]
    places = zip(logs["completion"], logs["advantages"], strict=True)
    for place, (completion, advantage) in enumerate(places):
        number, (length, last) = extra[_ROW][place], extra[_IDS][place]
        weighed = zip(weights, (values[place] for values in rewards), strict=True)
        yield Rollout(
            step=trainer.state.global_step,
            row=about.rows[number].name,
            prompt=about.sent[number],
            completion=_text(completion),
            tokens=length,
            truncated=last not in ends,
            rewards=json.loads(extra[_PARTS][place]),
            reward=sum(weight * value for weight, value in weighed),
            advantage=advantage,
        )
