"""The law of an output by enumeration, in float64, sharing no code with the decoding loop."""

import math
from dataclasses import dataclass, replace

import numpy as np


def softmax(logits):
    shifted = np.exp(logits - logits.max())
    return shifted / shifted.sum()


def penalised(logits, prompt, output, options):
    """The formulas of Keskar et al. (repetition) and of the OpenAI interface (the others)."""
    scores = logits.copy()
    for token in range(len(logits)):
        if token in (*prompt, *output):
            rate = options.repetition_penalty
            scores[token] = scores[token] / rate if scores[token] > 0 else scores[token] * rate
        count = list(output).count(token)
        scores[token] -= options.frequency_penalty * count + options.presence_penalty * (count > 0)
    return scores


def warped(logits, options):
    """Temperature, top-k, top-p by the textbook: sort, keep the smallest set of mass >= top_p."""
    if options.temperature == 0:
        return np.eye(len(logits))[logits.argmax()]
    probs = softmax(logits / options.temperature)
    if options.top_k:
        probs = np.where(probs >= np.sort(probs)[-options.top_k], probs, 0)
        probs = probs / probs.sum()
    order = np.argsort(-probs)
    before = np.cumsum(probs[order]) - probs[order]
    kept = np.zeros(len(probs))
    kept[order[before < options.top_p]] = probs[order[before < options.top_p]]
    return kept / kept.sum()


def plog(a, b):
    """Σ a ln(a/b) where 0 ln 0 = 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.where(a > 0, a * np.log(a / b), 0.0).sum())


def js(p, q):
    m = (p + q) / 2
    return (plog(p, m) + plog(q, m)) / 2


RULES = {
    "js": js,
    "ag": lambda p, q: (plog((p + q) / 2, p) + plog((p + q) / 2, q)) / 2,
    "kl": lambda p, q: plog(q, p),
    "kl_reversed": plog,
    "tv": lambda p, q: float(abs(p - q).sum() / 2),
}


def distance(p, q, token, options):
    """The divergence of two distributions over V at a drafted token."""
    k = options.divergence_top_k
    if 0 < k < len(p) - 1:
        best = list(np.argsort(-p)[:k])
        p, q = (np.array([*d[best], d.sum() - d[best].sum()]) for d in (p, q))
        token = best.index(token) if token in best else k
    if options.divergence == "draft_token":
        return float(abs(p[token] - q[token]))
    return RULES[options.divergence](p, q)


def filled(probs):
    probs = probs + 1e-10
    return probs / probs.sum()


@dataclass(frozen=True)
class State:
    """What an answer remembers: threshold and spent budget."""

    threshold: float
    spent: float = 0.0


def law(target, draft, prompt, options):
    """Return {(output, rounds): probability} of decoding `prompt`."""

    def look(text):
        context = np.array((*prompt, *text))
        raw = [model.logits(context).double().numpy() for model in (target, draft)]
        p, q = (warped(penalised(one, prompt, text, options), options) for one in raw)
        return raw, p, q, penalised(raw[0], prompt, text, options).argmax()

    def unsure(raw, text):
        """Whether the draft stops here: temperature 1, nothing cut off."""
        return softmax(penalised(raw[1], prompt, text, options)).max() < options.stop_below

    def ratio(p, q, token):
        return min(1.0, p[token] / q[token])

    def compared(raw, p, q):
        if options.divergence_on == "warped":
            return filled(p), filled(q)
        return softmax(raw[0]), softmax(raw[1])

    def fuzzy(state, token, raw, p, q, hot, best):
        """Return [(chance to keep it, cost)]: what stands by itself costs nothing."""
        near, other = compared(raw, p, q)
        d = distance(near, other, token, options)
        limit = state.threshold * (options.strict_scale if token in options.strict_ids else 1.0)
        passes = d <= limit and near[token] >= options.floor
        own = 0.0
        if options.semantics == "fallback":
            own = ratio(p, hot, token)
        elif options.semantics == "union":
            own = float(token == best)
        passes = passes and state.spent + d <= options.budget
        return [(own, 0.0), (1 - own if passes else 0.0, d)]

    def typical(token, p):
        """Cai et al. (arXiv 2401.10774): p > min(ε, √ε e^{-H}), of what tokens are drawn from."""
        entropy = -plog(p, np.ones_like(p))
        epsilon = options.threshold
        return p[token] > min(epsilon, math.sqrt(epsilon) * math.exp(-entropy))

    def mixture(raw, p, hot):
        """The target distribution of Narasimhan et al. (arXiv 2405.19261)."""
        alpha, (near, far) = options.threshold, (softmax(one) for one in raw)
        if options.deferral == "opt":
            apart = np.maximum(hot - p, 0).sum()
            return hot if far.max() >= near.max() - alpha * apart else p
        kept = near >= (1 - alpha) * near.max()
        return hot * kept + p * (hot * ~kept).sum()

    def accept(state, token, raw, p, q, hot, best):
        if options.algorithm == "typical":
            return [(float(typical(token, p)), 0.0)]
        if options.algorithm == "cascade":
            return [(min(1.0, mixture(raw, p, hot)[token] / hot[token]), 0.0)]
        if options.algorithm == "speculative":
            return [(ratio(p, hot, token), 0.0)]
        if options.algorithm == "ensemble":
            w = options.ensemble_weight
            return [(min(1.0, 1 - w + w * p[token] / hot[token]), 0.0)]
        if options.algorithm == "random":
            return [(options.threshold, 0.0)]
        return fuzzy(state, token, raw, p, q, hot, best)

    def replacement(raw, p, hot):
        if options.algorithm == "typical":
            return p
        if options.algorithm == "cascade":
            left = np.maximum(mixture(raw, p, hot) - hot, 0)
            return left / left.sum() if left.sum() > 1e-12 else p
        strict = options.algorithm in ("speculative", "ensemble") or (
            options.algorithm == "fuzzy" and options.semantics == "fallback"
        )
        left = np.maximum(p - hot, 0) if strict else p
        return left / left.sum() if left.sum() > 1e-12 else p

    def turned(state, accepted):
        """The threshold after a round that drafted something."""
        if options.hold_share is None:
            return state
        error = (options.hold_share * (accepted + 1) - accepted) / (options.gamma + 1)
        moved = state.threshold * math.exp(options.hold_gain * error)
        return replace(state, threshold=min(max(moved, 1e-6), 10.0))

    out = {}

    def emit(text, chance, inside, room, rounds, state):
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
        raw, p, q, best = look(text)
        after = turned(state, inside) if room else state
        # Medusa takes what it did not draft greedily.
        own = np.eye(len(p))[best] if options.algorithm == "typical" else p
        if inside == room or unsure(raw, text):
            for token in np.flatnonzero(own):
                emit((*text, int(token)), chance * own[token], None, None, rounds, after)
            return
        soft = q
        if options.draft == "sampled":
            picks, hot = q, q
        else:
            scores = penalised(raw[1], prompt, text, options)
            picks = np.eye(len(p))[scores.argmax()]
            hot = soft if options.draft == "greedy_soft" and options.temperature else picks
        refused = 0.0
        for token in np.flatnonzero(picks):
            kept = accept(state, token, raw, p, q, hot, best)
            for share, cost in kept:
                spent = replace(state, spent=state.spent + cost)
                through = chance * picks[token] * share
                emit((*text, int(token)), through, inside + 1, room, rounds, spent)
            refused += picks[token] * (1 - sum(share for share, _ in kept))
        rest = replacement(raw, own, hot)
        for token in np.flatnonzero(rest):
            emit((*text, int(token)), chance * refused * rest[token], None, None, rounds, after)

    emit((), 1.0, None, None, 0, State(options.threshold))
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
        logits = target.logits(np.array((*prompt, *text))).double().numpy()
        p = warped(penalised(logits, prompt, text, options), options)
        for token in np.flatnonzero(p):
            emit((*text, int(token)), chance * p[token])

    emit((), 1.0)
    return out
