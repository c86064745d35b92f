"""Which model answers, where a stage names one."""

import pytest

from llmx.core.errors import ConfigError
from llmx.core.spec import ArmSpec, ModelSpec, StageSpec
from llmx.core.stage import StageInput
from llmx.stages.requests import answering, otherwise


def given(model=None, needs=("sft", "base")):
    options = {} if model is None else {"model": model}
    spec = StageSpec(name="before", kind="decode", needs=needs, options=options)
    return StageInput(spec, {"one": ArmSpec(model=ModelSpec(target="zoo:gsm_target"))})


@pytest.mark.parametrize(
    ("model", "inputs", "target"),
    [
        (None, None, "zoo:gsm_target"),
        ("zoo:gsm_draft", None, "zoo:gsm_draft"),
        (["stage:sft", "stage:base"], {"sft", "base"}, "stage:sft"),
        (["stage:sft", "stage:base"], {"base"}, "stage:base"),
        (["stage:sft", "zoo:gsm_draft"], set(), "zoo:gsm_draft"),
    ],
)
def test_the_first_that_the_arm_has_answers(model, inputs, target):
    assert answering(given(model), inputs).model.target == target


def test_all_names_count_for_the_identity():
    assert otherwise(given("stage:sft")) == {} == otherwise(given())
    first = otherwise(given(["stage:sft", "zoo:gsm_draft"]))
    assert first != otherwise(given(["stage:sft", "zoo:gsm_target"]))


@pytest.mark.parametrize(
    ("model", "inputs", "said"),
    [
        (["stage:sft"], {"base"}, "the arm has none of stage:sft"),
        ("stage:grpo", None, "is no input of it"),
        (3, None, "a model, or a list of them"),
        ([], None, "a model, or a list of them"),
        (["a", 1], None, "a model, or a list of them"),
    ],
)
def test_what_cannot_be_is_one_line(model, inputs, said):
    with pytest.raises(ConfigError) as found:
        answering(given(model), inputs)
    assert said in f"{found.value} {found.value.hint}"
