"""The law of rules that look ahead by enumeration: whole drafted blocks, in float64."""

import numpy as np
from enumerated_law import penalised, softmax, warped


class Blocks:
    """Spreads the mass of a text over what one round after the other makes of it."""

    def __init__(self, target, draft, prompt, options):
        self.models, self.prompt, self.options = (target, draft), prompt, options

    def look(self, text):
        """Return raw logits, p and q after a text, and whether the draft stops there."""
        context, o = np.array((*self.prompt, *text)), self.options
        raw = [model.logits(context).double().numpy() for model in self.models]
        scores = [penalised(one, self.prompt, text, o) for one in raw]
        p, q = (warped(one, o) for one in scores)
        return raw, p, q, softmax(scores[1]).max() < o.stop_below, scores[1]

    def drafts(self, text, room):
        """Yield (chance, block, columns) of every block that may be drafted after a text.

        A column is (raw logits, p, the q of the ratio) of a position; the last is the bonus's.
        """
        o = self.options
        raw, p, q, stops, scores = self.look(text)
        if o.draft == "sampled":
            picks, ratio = q, q
        else:
            picks = np.eye(len(q))[scores.argmax()]
            ratio = q if o.draft == "greedy_soft" and o.temperature else picks
        column = (raw, p, ratio)
        if not room or stops:
            yield 1.0, (), [column]
            return
        for token in np.flatnonzero(picks):
            if token in o.eos_ids:
                yield picks[token], (int(token),), [column, None]
                continue
            for chance, block, columns in self.drafts((*text, int(token)), room - 1):
                yield picks[token] * chance, (int(token), *block), [column, *columns]

    def law(self, ends):
        """Return {(output, rounds): probability}.

        Args:
            ends: (block, columns) → chances of 0 … all tokens standing, weights of the residuals.
        """
        o, out = self.options, {}
        left = {((), 0): 1.0}
        while left:
            (text, rounds), mass = left.popitem()
            if len(text) == o.max_tokens or (text and text[-1] in o.eos_ids):
                out[text, rounds] = out.get((text, rounds), 0.0) + mass
                continue
            room = min(o.gamma, o.max_tokens - len(text) - 1)
            if o.first_block == "target" and not text:
                room = 0
            for chance, block, columns in self.drafts(text, room):
                for run, (stands, rest) in enumerate(ends(block, columns)):
                    kept, share = (*text, *block[:run]), mass * chance * stands
                    nexts = [((), 1.0)] if rest is None else [((t,), c) for t, c in rest]
                    for more, then in nexts:
                        if share * then:
                            key = ((*kept, *more), rounds + 1)
                            left[key] = left.get(key, 0.0) + share * then
        assert abs(sum(out.values()) - 1) < 1e-9
        return out


def drawn(weights):
    """Return [(token, chance)] of weights, or None where nothing is left."""
    total = weights.sum()
    return [(int(t), float(weights[t] / total)) for t in np.flatnonzero(weights)]


def block_ends(block, columns):
    """Algorithm 2 of Sun et al. (arXiv 2403.10444): tau is the last index that is accepted."""
    size = len(block)
    joint = [1.0]
    for token, (_, p, q) in zip(block, columns, strict=False):
        joint.append(min(joint[-1] * p[token] / q[token], 1.0))

    def accepts(i):
        if i == size:
            return joint[i]
        _, p, q = columns[i]
        over = np.maximum(joint[i] * p - q, 0).sum()
        under = over + 1 - joint[i]
        return over / under if under > 0 else 1.0

    h = [1.0] + [accepts(i) for i in range(1, size + 1)]
    for tau in range(size + 1):
        stands = h[tau] * np.prod([1 - h[i] for i in range(tau + 1, size + 1)])
        column = columns[tau]
        if column is None:
            yield stands, None
            continue
        _, p, q = column
        rest = p if tau == size else np.maximum(joint[tau] * p - q, 0)
        yield stands, drawn(rest if rest.sum() > 1e-12 else p)


def block_law(target, draft, prompt, options):
    """Return {(output, rounds): probability} of block verification."""
    return Blocks(target, draft, prompt, options).law(block_ends)


def fly_ends(options):
    """Return the ends of a block under FLy (Li et al., arXiv 2511.22972), the test of SD native."""

    def entropy(raw):
        top = np.sort(softmax(raw))[-3:]
        return -(top * np.log(top)).sum()

    def ends(block, columns):
        size = len(block)
        window = min(6, options.gamma - 1) if options.window is None else options.window
        stands, chances = [0.0] * (size + 1), []
        for token, (_, p, q) in zip(block, columns, strict=False):
            chances.append(min(p[token] / q[token], 1.0))
        for passes in np.ndindex(*[2] * size):
            kept = 0
            for at in range(size):
                raw, p, _ = columns[at]
                ahead = at + window < size and all(passes[at + 1 : at + window + 1])
                unsure = entropy(raw[0]) >= options.threshold
                mass = p[block[at]] > 0 or options.temperature == 0
                if not (passes[at] or (ahead and unsure and mass)):
                    break
                kept += 1
            odds = zip(passes, chances, strict=True)
            stands[kept] += np.prod([c if yes else 1 - c for yes, c in odds])
        for run, chance in enumerate(stands):
            column = columns[run]
            if column is None:
                yield chance, None
                continue
            _, p, q = column
            rest = p if run == size else np.maximum(p - q, 0)
            yield chance, drawn(rest if rest.sum() > 1e-12 else p)

    return ends


def fly_law(target, draft, prompt, options):
    """Return {(output, rounds): probability} of FLy."""
    return Blocks(target, draft, prompt, options).law(fly_ends(options))
