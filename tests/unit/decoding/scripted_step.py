"""A step model that wants a given text, whatever it has seen."""

import torch


class Scripted:
    """Puts nearly all mass on ``script[i]`` as the i-th token after a prompt of one token."""

    device = torch.device("cpu")

    def __init__(self, script, vocab_size=10, height=30.0):
        self.vocab_size = vocab_size
        self.height = height
        self.script = torch.tensor([*script, *[0] * 200])

    def new_cache(self, rows, capacity):
        return None

    def forward(self, tokens, start, cache):
        slots = start[:, None] + torch.arange(tokens.shape[1])
        wanted = self.script[slots.clamp(max=len(self.script) - 1)]
        return torch.nn.functional.one_hot(wanted, self.vocab_size).float() * self.height

    def prefill(self, tokens, rows, cache):
        pass
