"""Decode toy models through vLLM's own sampler and the plugin's places in it; runs beside vLLM.

Reads one JSON document: tables of target and draft, the prompt, and requests (sampling parameters
and rule, None for vLLM's own). Writes the tokens and counts of each. Everything that decides a
token is vLLM's or the plugin's; the models, and what schedules them, are toys.
"""

import json
import sys
from types import MethodType, SimpleNamespace

import numpy as np
import torch
from vllm import SamplingParams
from vllm.platforms import current_platform
from vllm.utils import cpu_triton_utils
from vllm.v1.outputs import DraftTokenIds
from vllm.v1.sample.logits_processor import LogitsProcessors
from vllm.v1.sample.metadata import SamplingMetadata
from vllm.v1.sample.rejection_sampler import RejectionSampler, expand_batch_to_tokens
from vllm.v1.sample.sampler import Sampler
from vllm.v1.spec_decode.llm_base_proposer import SpecDecodeBaseProposer
from vllm.v1.spec_decode.metadata import SpecDecodeMetadata
from vllm.v1.worker.gpu_model_runner import GPUModelRunner

from llmx.engines.vllm_plugin import runner as places
from llmx.engines.vllm_plugin.extension import WorkerExtension
from llmx.engines.vllm_plugin.register import register


class Toy:
    """What the plugin sees of ``GPUModelRunner``, over two tables of logits."""

    def __init__(self, given):
        self.tables = {name: torch.tensor(given[name]) for name in ("target", "draft")}
        self.gamma = self.num_spec_tokens = given["gamma"]
        config = SimpleNamespace(additional_config={"llmx": given.get("config", {})})
        self.vllm_config = config
        self.sampler = Sampler()
        self.rejection_sampler = RejectionSampler(self.sampler)
        self.use_async_scheduling = False
        self._draft_probs = self._draft_prob_req_ids = None
        proposer = SimpleNamespace(
            _enable_probabilistic_draft_probs=True,
            use_heterogeneous_vocab=False,
            use_local_argmax_reduction=False,
            use_fp64_gumbel=False,
            model=SimpleNamespace(compute_logits=lambda contexts: self.logits("draft", contexts)),
        )
        for name in ("_sample_from_logits", "_greedy_sample"):
            setattr(proposer, name, MethodType(getattr(SpecDecodeBaseProposer, name), proposer))
        self.drafter = proposer
        self.prompt = given["prompt"]
        self.requests = {}
        for place, one in enumerate(given["requests"]):
            extra = None if one["rule"] is None else {"llmx": {**one["rule"], "key": str(place)}}
            params = SamplingParams(**one["sampling"], extra_args=extra)
            self.requests[str(place)] = SimpleNamespace(sampling_params=params, output_token_ids=[])
        self.drafts = {}
        self.answers = {}
        self.logprobs = {}

    def _get_spec_decode_draft_probs(self, metadata):
        return GPUModelRunner._get_spec_decode_draft_probs(self, metadata)

    def logits(self, name, contexts):
        """Logits after each context; the table repeats by position and sees two tokens."""
        table = self.tables[name]
        size = table.shape[-1]
        state = [c[-2] * size + c[-1] for c in contexts]
        return table[[(len(c) - 1) % len(table) for c in contexts], state].clone()

    def context(self, name):
        return [*self.prompt, *self.requests[name].output_token_ids]

    def batch(self):
        names = list(self.requests)
        params = [self.requests[name].sampling_params for name in names]

        def column(field, kind=torch.float32):
            return torch.tensor([getattr(one, field) for one in params], dtype=kind)

        greedy = [one.temperature == 0 for one in params]
        size = self.tables["target"].shape[-1]
        allowed = torch.zeros(len(names), size, dtype=torch.bool)
        for row, one in enumerate(params):
            for token in range(size) if one.allowed_token_ids else ():
                allowed[row, token] = token not in one.allowed_token_ids
        top_k = column("top_k", torch.int32)
        state = SamplingMetadata(
            temperature=column("temperature"),
            all_greedy=all(greedy),
            all_random=not any(greedy),
            top_p=column("top_p"),
            top_k=torch.where(top_k > 0, top_k, size),
            generators={},
            max_num_logprobs=0 if any(one.logprobs is not None for one in params) else None,
            no_penalties=True,
            prompt_token_ids=None,
            frequency_penalties=column("frequency_penalty"),
            presence_penalties=column("presence_penalty"),
            repetition_penalties=column("repetition_penalty"),
            output_token_ids=[self.requests[name].output_token_ids for name in names],
            allowed_token_ids_mask=allowed if allowed.any() else None,
            bad_words_token_ids={},
            logitsprocs=LogitsProcessors(),
        )
        self.input_batch = SimpleNamespace(
            req_ids=names, sampling_metadata=state, update_async_output_token_ids=lambda: None
        )
        self.discard_request_mask = SimpleNamespace(np=np.zeros(len(names), dtype=bool))

    def step(self, grammar=None):
        """Sample one step of every request, note the tokens down, and draft the next block."""
        self.batch()
        names = self.input_batch.req_ids
        drafts = [self.drafts.get(name, []) for name in names]
        contexts = [
            [*self.context(name), *tokens[:n]]
            for name, tokens in zip(names, drafts, strict=True)
            for n in range(len(tokens) + 1)
        ]
        logits = self.logits("target", contexts)
        self.input_batch.llmx_state = places.state_of(self)
        if grammar is not None:  # as sample_tokens does before it samples
            places.mask(grammar, None, None, self.input_batch, logits)
        output = GPUModelRunner._sample(self, logits, metadata(drafts))
        kept = [[t for t in row if t >= 0] for row in output.sampled_token_ids.tolist()]
        if output.logprobs_tensors is not None:
            width = output.sampled_token_ids.shape[1]
            values = output.logprobs_tensors.logprobs[:, 0].reshape(-1, width).tolist()
            for name, tokens, row in zip(names, kept, values, strict=True):
                self.logprobs.setdefault(name, []).extend(row[: len(tokens)])
        if self.gamma:
            self._draft_probs = self._draft_prob_req_ids = None
            drafted = places.propose(lambda *_: self.draft(names, kept), self)
            taken = DraftTokenIds(names, drafted.tolist())
        for name, tokens in zip(names, kept, strict=True):
            self.requests[name].output_token_ids += tokens
        if self.gamma:
            taken = places.take_drafts(lambda _: taken, self)
            self.drafts = dict(zip(taken.req_ids, taken.draft_token_ids, strict=True))
        self.finish()

    def draft(self, names, kept):
        contexts = [[*self.context(n), *tokens] for n, tokens in zip(names, kept, strict=True)]
        columns, probs = [], []
        for _ in range(self.gamma):
            ids, q = SpecDecodeBaseProposer._sample_draft_tokens(
                self.drafter, contexts, self.input_batch.sampling_metadata
            )
            contexts = [[*c, t] for c, t in zip(contexts, ids.tolist(), strict=True)]
            columns.append(ids)
            probs.append(q)
        if probs[0] is not None:
            self._draft_probs, self._draft_prob_req_ids = torch.stack(probs, 1), list(names)
        return torch.stack(columns, 1)

    def finish(self):
        """End the requests that are full, or that hold a stop token, as vLLM's scheduler does."""
        for name, state in list(self.requests.items()):
            params, output = state.sampling_params, state.output_token_ids
            ends = [at for at, token in enumerate(output) if token in params.stop_token_ids]
            cut = min([params.max_tokens, *(at + 1 for at in ends)])
            if len(output) >= cut:
                counts = WorkerExtension.llmx_take(SimpleNamespace(model_runner=self), [name])
                self.answers[name] = {
                    "tokens": output[:cut],
                    "counts": counts.get(name),
                    "logprobs": self.logprobs.get(name),
                }
                del self.requests[name]

    def run(self):
        while self.requests:
            self.step()
        return [self.answers[str(place)] for place in range(len(self.answers))]


def metadata(drafts):
    if not any(drafts):
        return None
    counts = np.array([len(tokens) for tokens in drafts])
    starts = np.concatenate(([0], np.cumsum(counts + 1)))
    target = [starts[i] + n for i, tokens in enumerate(drafts) for n in range(len(tokens))]
    flat = [token for tokens in drafts for token in tokens]
    return SpecDecodeMetadata(
        draft_token_ids=torch.tensor(flat, dtype=torch.int32),
        num_draft_tokens=counts.tolist(),
        cu_num_draft_tokens=torch.tensor(np.cumsum(counts), dtype=torch.int32),
        cu_num_sampled_tokens=torch.tensor(starts[1:], dtype=torch.int32),
        target_logits_indices=torch.tensor(target, dtype=torch.int64),
        bonus_logits_indices=torch.tensor(starts[1:] - 1, dtype=torch.int64),
        logits_indices=torch.arange(int(starts[-1])),
    )


def expanded():
    """What vLLM's expansion gives for each dtype, as shipped and as mended."""
    found = {}
    for when in ("shipped", "mended"):
        for kind in (torch.float32, torch.int32, torch.int64):
            values, ends = torch.tensor([0, 2, 7], dtype=kind), torch.tensor([2, 2, 5]).int()
            if when == "shipped":
                output = torch.full((5,), -9, dtype=kind)
                cpu_triton_utils._expand_kernel_impl(output, values, ends, 0, 1, 128)
            else:
                output = expand_batch_to_tokens(values, ends, 5, 0, 1)
            found[f"{when} {kind}"] = output.tolist()
        if when == "shipped":
            register()
            current_platform.register_triton_kernel_overrides()  # as a worker does when it starts
    return found


def grammar_veto(given):
    """Let a grammar forbid what the draft proposes, at an infinite threshold."""
    toy = Toy(given)

    def forbid(scheduled, grammar, batch, logits):
        logits[:, given["forbidden"]] = -torch.inf

    while toy.requests:
        toy.step(forbid)
    return [toy.answers[str(place)] for place in range(len(toy.answers))]


def lost(given):
    """Take the drafts' distributions away between two steps; return the error."""
    toy = Toy(given)
    toy.step()
    for answer in toy.llmx_state.answers.values():
        answer.block = None
    try:
        toy.step()
    except RuntimeError as error:
        return str(error)
    return None


def main():
    given = json.load(sys.stdin)
    torch.manual_seed(0)
    kernels = expanded()
    found = {
        "expanded": kernels,
        "runs": [Toy(one).run() for one in given["runs"]],
        "grammar": grammar_veto(given["grammar"]),
        "lost": lost(given["lost"]),
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
