"""Every rule of decoding, as settings of :class:`DecodeOptions`."""

FUZZY = {"algorithm": "fuzzy", "threshold": 0.2}
SAMPLERS = {
    "greedy": {"algorithm": "target", "temperature": 0},
    "sampled": {"algorithm": "target"},
    "draft": {"algorithm": "draft"},
    "sd": {"algorithm": "speculative"},
    "sd-greedy": {"algorithm": "speculative", "temperature": 0},
    "sd-one-hot": {"algorithm": "speculative", "draft": "greedy"},
    "block": {"algorithm": "block"},
    "block-one-hot": {"algorithm": "block", "draft": "greedy"},
    "block-greedy": {"algorithm": "block", "temperature": 0},
    "ensemble": {"algorithm": "ensemble", "ensemble_weight": 0.6},
    "mixture": {"algorithm": "ensemble", "ensemble_weight": 0.6, "temperature": 0},
    "random": {"algorithm": "random", "threshold": 0.6},
    "typical": {"algorithm": "typical", "threshold": 0.09},
    "fly": {"algorithm": "fly", "threshold": 0.3, "window": 1},
    "fly-greedy": {"algorithm": "fly", "threshold": 0.3, "window": 1, "temperature": 0},
    "cascade": {"algorithm": "cascade", "threshold": 0.4},
    "cascade-token": {"algorithm": "cascade", "threshold": 0.6, "deferral": "token_v3"},
    "research": FUZZY,
    "fallback": {**FUZZY, "semantics": "fallback", "divergence": "kl"},
    "union": {**FUZZY, "semantics": "union", "divergence": "tv"},
    "few": {**FUZZY, "divergence_top_k": 4},
    "warped": {**FUZZY, "divergence_on": "warped"},
    "budget": {**FUZZY, "budget": 0.35},
    "hold": {**FUZZY, "hold_share": 0.5},
    "hold-none": {**FUZZY, "threshold": 0.0, "hold_share": 0.6},
    "floor": {**FUZZY, "floor": 0.05, "strict_ids": (3, 4), "strict_scale": 0.5},
}
PENALTIES = {"repetition_penalty": 1.3, "presence_penalty": 0.2, "frequency_penalty": 0.1}
EXTRAS = {
    "plain": {},
    "penalties": PENALTIES,
    "stop_below": {"stop_below": 0.4},
    "both": {**PENALTIES, "stop_below": 0.4},
}
