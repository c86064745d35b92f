"""A deeper model starts as the function of the shallower one."""

import pytest
import torch
from transformers import AutoModelForCausalLM

from llmx.core.errors import ConfigError
from llmx.engines.locate import local_folder
from llmx.train.deepen import deepen, places


@pytest.fixture
def shallow():
    return AutoModelForCausalLM.from_pretrained(local_folder("zoo:gsm_draft"), dtype=torch.float32)


@pytest.mark.parametrize("layers", [2, 3, 4, 7])
def test_logits_are_the_same_bit_for_bit(shallow, layers):
    ids = torch.randint(0, 1000, (2, 40), generator=torch.Generator().manual_seed(layers))
    deeper = deepen(shallow, layers)
    assert deeper.config.num_hidden_layers == len(deeper.model.layers) == layers
    assert torch.equal(deeper(ids).logits, shallow(ids).logits)


def test_every_layer_can_learn(shallow):
    deeper = deepen(shallow, 4)
    ids = torch.arange(30)[None]
    deeper(ids, labels=ids).loss.backward()
    for layer in deeper.model.layers:
        assert layer.self_attn.o_proj.weight.grad.abs().sum() > 0
        assert layer.mlp.down_proj.weight.grad.abs().sum() > 0


def test_layers_keep_their_order_and_spread():
    assert places(2, 4) == [0, 2] and places(2, 3) == [0, 1] and places(3, 3) == [0, 1, 2]
    for there in range(1, 6):
        for layers in range(there, 12):
            found = places(there, layers)
            assert found == sorted(set(found)) and len(found) == there and found[-1] < layers


def test_fewer_layers_are_refused(shallow):
    with pytest.raises(ConfigError, match="less than the 2"):
        deepen(shallow, 1)
