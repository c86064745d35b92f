"""A table in the form of alpaca_eval's df_gamed.csv, where length alone decides.

It holds one baseline model, told to be verbose and told to be concise. As in the package, a length
is the baseline's minus the model's: what is longer has less.
"""

import numpy as np
import pandas

PUBLISHED = 805


def write_gamed(path):
    chance = np.random.default_rng(1)
    difficulty = chance.normal(size=PUBLISHED)
    lengths = {"verbose": chance.normal(-1, 0.3, PUBLISHED)}
    lengths["concise"] = chance.normal(1, 0.3, PUBLISHED)
    frames = [
        pandas.DataFrame(
            {
                "index": range(PUBLISHED),
                "preference": 1 / (1 + np.exp(2 * np.tanh(values))),
                "std_delta_len": values,
                "instruction_difficulty": difficulty,
                "not_gamed_baseline": False,
                "model": name,
            }
        )
        for name, values in lengths.items()
    ]
    pandas.concat(frames).to_csv(path, index=False)
    return path
