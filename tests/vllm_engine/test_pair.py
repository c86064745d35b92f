"""FSD inside vLLM beside llmx's own loop, on the zoo's pair in fp32."""

import numpy as np
import pytest
import torch
from scipy.stats import chisquare

from llmx.core.errors import EngineError
from llmx.core.record import Part
from llmx.core.spec import SamplerSpec
from llmx.core.speech import ask
from llmx.decoding.warp import warp
from llmx.engines.vllm.engine import AnswerListener

BASE = {"max_tokens": 160, "gamma": 5, "first_block": "target"}
FUZZY = {"algorithm": "fuzzy", "draft": "greedy", "threshold": 0.1}
SAMPLERS = {
    "greedy FSD-R": {**FUZZY, "temperature": 0},
    "greedy FSD-H": {**FUZZY, "temperature": 0, "semantics": "fallback", "divergence": "tv"},
    "greedy SD": {"algorithm": "speculative", "temperature": 0},
    "FSD-R": FUZZY,
    "FSD-R, sampled drafts": {**FUZZY, "draft": "sampled", "divergence": "ag"},
    "FSD-H, digits strict": {
        **{**FUZZY, "semantics": "fallback", "threshold": 0.3},
        **{"strict": ("digits",), "strict_scale": 0.3, "floor": 0.01},
    },
    "held share": {**FUZZY, "threshold": 0.05, "hold": True, "draft_share": 0.7},
    "SD": {"algorithm": "speculative", "temperature": 0.9},
    "random": {"algorithm": "random", "threshold": 0.5},
    "ensemble": {"algorithm": "ensemble", "ensemble_weight": 0.7},
}


def sampler(**settings):
    return SamplerSpec(**{**BASE, **settings})


def requests(problems, spec, seed=0):
    return [ask(problem, "", spec, seed) for problem in problems]


def agree(found, wanted):
    """All records are equal, but where a decision had a margin under 1e-4; return those."""
    parted = []
    for one, other in zip(found, wanted, strict=True):
        assert one.prompt_ids == other.prompt_ids
        if one.completion_ids == other.completion_ids:
            assert (one.rounds, one.drafted, one.accepted, one.text, one.finish) == (
                *(other.rounds, other.drafted, other.accepted, other.text, other.finish),
            )
            continue
        pairs = zip(one.completion_ids, other.completion_ids, strict=False)
        at = next(place for place, (a, b) in enumerate(pairs) if a != b)
        assert at in {*one.fragile, *other.fragile}, f"{one.id} parts at {at}"
        parted.append((one.id, at))
    return parted


@pytest.mark.parametrize("name", SAMPLERS)
def test_vllm_gives_the_tokens_of_our_own_loop(vllm, own, problems, name):
    few = problems if name.startswith("greedy") else problems[:32]
    asked = requests(few, sampler(**SAMPLERS[name]))
    parted = agree(list(vllm.generate(asked)), list(own.generate(asked)))
    print(f"{name}: {len(few) - len(parted)} of {len(few)} equal, the others part at {parted}")
    assert len(parted) <= len(few) // 10


@pytest.mark.parametrize("known", ["ids", "text"])
def test_an_answer_that_was_begun_goes_on_where_it_was_left(vllm, own, problems, known):
    """Greedy and lossless: what follows the first tokens of an answer is the rest of it."""
    asked = requests(problems[:16], sampler(algorithm="speculative", temperature=0))
    wholes, begun = list(own.generate(asked)), []
    for request, whole in zip(asked, wholes, strict=True):
        ids = whole.completion_ids[: len(whole.completion_ids) // 2]
        part = Part(text=own.decoded(ids), ids=ids if known == "ids" else None)
        begun.append(request.model_copy(update={"prefix": (part,)}))
    found = list(vllm.generate(begun))
    assert len(agree(found, list(own.generate(begun)))) <= 1
    for one, whole in zip(found, wholes, strict=True):
        told = one.prompt_ids[len(whole.prompt_ids) :]
        assert one.prompt_ids[: len(whole.prompt_ids)] == whole.prompt_ids
        assert (*told, *one.completion_ids) == whole.completion_ids or whole.fragile


def answers(process, orders):
    """Send orders as they are, and return what comes back in the order of its coming."""
    post = AnswerListener(process, [order["key"] for order in orders])
    process.send("ask", requests=orders, at_once=16)
    found = [post.next() for _ in orders]
    post.close()
    return found


def test_sixteen_mixed_requests_each_get_their_own_rule(vllm, own, problems):
    specs = [
        sampler(**FUZZY),
        sampler(**{**FUZZY, "threshold": -1.0}),
        sampler(**{**FUZZY, "threshold": float("inf"), "temperature": 0}),
        sampler(**{**FUZZY, "threshold": 0.02, "semantics": "fallback"}),
        sampler(algorithm="speculative", temperature=0),
        sampler(algorithm="speculative", temperature=1.0, max_tokens=40),
        sampler(algorithm="random", threshold=0.3),
    ]
    asked = [
        ask(problem, "", specs[place % len(specs)], seed=place)
        for place, problem in enumerate(problems[:16])
    ]
    process = vllm.start(specs[0])
    orders = [vllm._order(f"mixed {place}", request) for place, request in enumerate(asked)]
    for place in (3, 9):  # not speculative, in the engine of the pair
        orders[place]["rule"] = {"algorithm": "target", "id": asked[place].id, "seed": place}
    orders[5]["rule"] = None  # vLLM's own
    found = {event["key"]: event for event in answers(process, orders)}
    for place, request in enumerate(asked):
        event = found[f"mixed {place}"]
        assert event["event"] == "answer"
        if place == 5:
            assert event["counts"] is None and 0 < len(event["token_ids"]) <= 40
            continue
        if place in (3, 9):
            alone = request.sampler.model_copy(update={"algorithm": "target"})
            request = request.model_copy(update={"sampler": alone})
            assert all(drafted == 0 for drafted, _, _ in event["counts"]["rounds"])
        (wanted,) = own.generate([request])
        if tuple(event["token_ids"]) != wanted.completion_ids:
            assert wanted.fragile, request


def test_the_thresholds_at_both_ends(vllm, problems):
    for threshold, share in ((-1.0, 0.0), (float("inf"), 1.0)):
        spec = sampler(**{**FUZZY, "threshold": threshold})
        for record in vllm.generate(requests(problems[:8], spec)):
            assert record.drafted > 0
            assert record.accepted == share * record.drafted


def test_log_probabilities_of_accepted_tokens_are_the_targets(vllm, own, problems):
    spec = sampler(**{**FUZZY, "threshold": float("inf"), "max_tokens": 32})
    for record in vllm.generate(requests(problems[:4], spec)):
        wanted = target_logprobs(own, record.prompt_ids, record.completion_ids)
        assert record.logprobs == pytest.approx(wanted, abs=2e-3)


def target_logprobs(own, prompt, completion):
    ids = torch.tensor([[*prompt, *completion]])
    target = own.pair.target
    with torch.inference_mode():
        start = torch.zeros(1, dtype=torch.int64)
        logits = target.forward(ids, start, target.new_cache(1, ids.shape[1]))
    rows = logits[0, len(prompt) - 1 : -1].log_softmax(-1)
    return rows.gather(-1, torch.tensor(completion)[:, None])[:, 0].tolist()


def test_vllms_own_speculation_is_lossless_at_a_temperature(vllm, own, problems):
    """Requests without a rule go through vLLM's kernels: their law is the target's."""
    count, prompt = 3000, vllm.reader.prompt_ids(requests(problems, sampler(**FUZZY))[0])
    process = vllm.start(sampler(**FUZZY))
    sampling = {"temperature": 2.0, "top_k": 6, "max_tokens": 3, "ignore_eos": True}
    order = {"prompt_ids": prompt, "rule": None, "sampling": sampling}
    events = answers(process, [{**order, "key": f"own {n}"} for n in range(count)])
    pairs = [tuple(event["token_ids"][:2]) for event in events]
    wanted = two_token_law(own, prompt, temperature=2.0, top_k=6)
    assert set(pairs) <= set(wanted)
    observed = np.array([pairs.count(pair) for pair in wanted], dtype=float)
    expected = np.array([wanted[pair] for pair in wanted]) * count
    common = expected >= 8
    merged = [np.append(values[common], values[~common].sum()) for values in (observed, expected)]
    assert chisquare(*merged).pvalue > 1e-4


def two_token_law(own, prompt, temperature, top_k):
    """Return {(first, second): probability}; the second was drafted, then verified."""
    found = {}

    def after(ids):
        target = own.pair.target
        with torch.inference_mode():
            start = torch.zeros(1, dtype=torch.int64)
            logits = target.forward(torch.tensor([ids]), start, target.new_cache(1, len(ids)))
        return warp(logits[0, -1:], temperature, top_k=top_k)[0].double()

    first = after(prompt)
    for one in first.nonzero()[:, 0].tolist():
        second = after([*prompt, one])
        for two in second.nonzero()[:, 0].tolist():
            found[one, two] = float(first[one] * second[two])
    total = sum(found.values())
    return {pair: chance / total for pair, chance in found.items()}


REFUSED = {
    "an unknown setting": ({"thresold": 0.1}, {}, "did you mean threshold"),
    "min_p": ({"threshold": 0.1}, {"min_p": 0.1}, "knows no min_p"),
    "penalties": ({"threshold": 0.1}, {"presence_penalty": 0.5}, "without penalties"),
    "not a number": ({"threshold": "nan"}, {}, "threshold is a number"),
}


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_a_rule_that_cannot_be_had_is_refused_and_the_engine_goes_on(vllm, problems, case):
    rule, sampling, told = REFUSED[case]
    process = vllm.start(sampler(**FUZZY))
    order = {"key": case, "prompt_ids": [1, 5, 9], "rule": rule}
    (event,) = answers(process, [{**order, "sampling": {"max_tokens": 4, **sampling}}])
    assert event["event"] == "error" and event["key"] == case
    assert told in event["message"]
    assert len(list(vllm.generate(requests(problems[:2], sampler(**FUZZY))))) == 2


def test_prefixes_are_cached_and_change_nothing(vllm, problems):
    spec = sampler(**{**FUZZY, "max_tokens": 40})
    long = " ".join(problem.question for problem in problems[:6])  # a block is 128 tokens on a CPU
    asked = [ask(problems[0].model_copy(update={"question": long}), "", spec, 0)]
    once, again = (list(vllm.generate(asked)) for _ in range(2))
    assert [r.completion_ids for r in once] == [r.completion_ids for r in again]
    assert vllm.accounts()["cached_prompt_tokens"] > 0


def test_the_engine_says_what_it_loaded_and_counted(vllm, problems):
    list(vllm.generate(requests(problems[:4], sampler(**FUZZY))))
    found = vllm.accounts()
    assert found["workers"][0]["rules"] is True and found["workers"][0]["gamma"] == 5
    first = found["acceptance_by_position"][0]
    assert first["position"] == 0 and 0 < first["accepted"] <= first["looked_at"]
    assert 0 <= found["divergence_quantiles"]["0.5"] < 0.7


def test_seeds_are_honoured(vllm, problems):
    spec = sampler(**{**FUZZY, "temperature": 1.5, "max_tokens": 30})
    texts = [[r.text for r in vllm.generate(requests(problems[:4], spec, s))] for s in (0, 0, 1)]
    assert texts[0] == texts[1] != texts[2]


def test_an_unknown_option_names_the_nearest(vllm, problems):
    """Looked up in vLLM's own EngineArgs; nothing is loaded."""
    options = {"tensor_paralel_size": 2}
    wrong = type(vllm)(vllm.model, vllm.spec.model_copy(update={"options": options}))
    with pytest.raises(EngineError, match=r"tensor_parallel_size"):
        list(wrong.generate(requests(problems[:1], sampler(**FUZZY))))


def test_a_wrong_value_of_an_option_is_refused(vllm, problems):
    options = {"tensor_parallel_size": "many"}
    wrong = type(vllm)(vllm.model, vllm.spec.model_copy(update={"options": options}))
    with pytest.raises(EngineError, match=r"tensor_parallel_size|integer"):
        list(wrong.generate(requests(problems[:1], sampler(**FUZZY))))
