"""The law of an output by enumeration, in float64, sharing no code with the decoding loop."""

import math

import numpy as np


def softmax(logits):
    shifted = np.exp(logits - logits.max())
    return shifted / shifted.sum()


def warped(logits, options):
    """Temperature and top-p by the textbook: sort, keep the smallest set of mass >= top_p."""
    if options.temperature == 0:
        return np.eye(len(logits))[logits.argmax()]
    probs = softmax(logits / options.temperature)
    order = np.argsort(-probs)
    before = np.cumsum(probs[order]) - probs[order]
    kept = np.zeros(len(probs))
    kept[order[before < options.top_p]] = probs[order[before < options.top_p]]
    return kept / kept.sum()


def js(p, q):
    m = (p + q) / 2
    return float((p * np.log(p / m)).sum() + (q * np.log(q / m)).sum()) / 2


def law(target, draft, prompt, options):
    """Return {(output, rounds): probability} of decoding `prompt`."""

    def rows(context):
        context = np.array(context)
        return tuple(model.logits(context).double().numpy() for model in (target, draft))

    def accept(p, q, raw_p, raw_q, token):
        ratio = min(1.0, p[token] / q[token])
        if options.algorithm == "speculative":
            return ratio
        if options.algorithm == "random":
            return options.threshold
        if js(softmax(raw_p), softmax(raw_q)) <= options.threshold:
            return 1.0
        return ratio if options.semantics == "fallback" else 0.0

    def replacement(p, q):
        strict = options.algorithm == "speculative" or (
            options.algorithm == "fuzzy" and options.semantics == "fallback"
        )
        left = np.maximum(p - q, 0) if strict else p
        return left / left.sum() if left.sum() > 0 else p

    out = {}

    def emit(text, chance, inside, room, rounds):
        """Spread `chance` over what follows `text`, `inside` tokens into a block of `room`."""
        if chance == 0:
            return
        if len(text) == options.max_tokens or (text and text[-1] in options.eos_ids):
            out[text, rounds] = out.get((text, rounds), 0.0) + chance
            return
        if inside is None:
            rounds += 1
            inside, room = 0, min(options.gamma, options.max_tokens - len(text) - 1)
            if options.first_block == "target" and not text:
                room = 0
        raw_p, raw_q = rows((*prompt, *text))
        p = warped(raw_p, options)
        if inside == room:
            for token in np.flatnonzero(p):
                emit((*text, int(token)), chance * p[token], None, None, rounds)
            return
        q = np.eye(len(raw_q))[raw_q.argmax()]
        if options.draft == "sampled":
            q = warped(raw_q, options)
        refused = 0.0
        for token in np.flatnonzero(q):
            kept = accept(p, q, raw_p, raw_q, token)
            emit((*text, int(token)), chance * q[token] * kept, inside + 1, room, rounds)
            refused += q[token] * (1 - kept)
        rest = replacement(p, q)
        for token in np.flatnonzero(rest):
            emit((*text, int(token)), chance * refused * rest[token], None, None, rounds)

    emit((), 1.0, None, None, 0)
    assert math.isclose(sum(out.values()), 1.0, rel_tol=1e-9)
    return out


def texts(law):
    """Sum a law over the numbers of rounds."""
    out = {}
    for (text, _), chance in law.items():
        out[text] = out.get(text, 0.0) + chance
    return out


def target_law(target, prompt, options):
    """Return {output: probability} of the target alone."""
    out = {}

    def emit(text, chance):
        if len(text) == options.max_tokens or (text and text[-1] in options.eos_ids):
            out[text] = out.get(text, 0.0) + chance
            return
        p = warped(target.logits(np.array((*prompt, *text))).double().numpy(), options)
        for token in np.flatnonzero(p):
            emit((*text, int(token)), chance * p[token])

    emit((), 1.0)
    return out
