"""Raw wrappers: what is learned is what is sent, scored and sorted, or it is refused."""

import json

import pytest

from llmx.core.errors import ConfigError
from llmx.core.progress import Silent
from llmx.core.spec import ArmSpec, DataSpec, EngineSpec, ModelSpec, SamplerSpec, StageSpec
from llmx.core.stage import StageContext, StageInput
from llmx.data.corpus import CorpusStage
from llmx.data.tasks.options import sent_wrapper
from llmx.data.tasks.stage import PromptsStage
from llmx.engines.size import ZOO
from llmx.papers.backtracking.answers import AnswersStage
from llmx.papers.backtracking.sampled import SampledStage
from llmx.papers.backtracking.traces.stage import TracesStage
from llmx.stages.audit import AuditStage
from llmx.stages.decode import DecodeStage
from llmx.stages.ensemble import EnsembleDecodeStage
from llmx.stages.requests import put, requests_for
from llmx.stages.score import ScoreStage
from llmx.store.files import read_json, read_lines

RAW = ["base", "instruct", "baseline"]
WRAPPERS = ["chat", *RAW]


def arm(wrapper=None, kind="mini_sudoku", **changes):
    options = {"sft": 6, "validation": 2, **({"wrapper": wrapper} if wrapper else {})}
    data = DataSpec(kind=kind, test=4, calibration=2, train=5, options=options)
    return ArmSpec(**{"data": data, "sampler": SamplerSpec(algorithm="target"), **changes})


def given(stage, one, stages=(), **options):
    spec = StageSpec(name="mine", kind=stage.kind, options=options)
    return StageInput(spec, {"one": one}, stages={other.name: other for other in stages})


def ran(stage, one, out, inputs=None, **options):
    asked = given(stage, one, **options)
    out.mkdir(parents=True, exist_ok=True)
    stage.run(StageContext(asked, stage.identity(asked), inputs or {}, out, Silent()))
    return out


@pytest.mark.parametrize("wrapper", RAW)
def test_what_is_decoded_is_what_trainings_learn_from(tmp_path, wrapper):
    one = arm(wrapper)
    learned = read_lines(ran(PromptsStage(), one, tmp_path / "prompts") / "test.jsonl")
    sent = requests_for(one, "test", None, None)
    assert [(r.id, r.raw, r.messages) for r in sent] == [
        (r["id"], r["prompt"], ()) for r in learned
    ]
    traced = read_lines(ran(TracesStage(), one, tmp_path / "traces") / "train.jsonl")
    warmed = {request.id: request.raw for request in requests_for(one, "sft", None, None)}
    assert all(warmed[row["id"]] == row["prompt"] for row in traced)


def test_a_chat_is_asked_as_before():
    for one in (arm(), arm("chat")):
        for request in requests_for(one, "test", None, None):
            assert request.raw is None and request.messages[-1].role == "user"
    assert sent_wrapper(DataSpec(kind="gsm_symbolic", templates=(43,))) == "chat"


def scripted(tmp_path, wrapper, text):
    script = tmp_path / "script.json"
    script.write_text(json.dumps(text if isinstance(text, dict) else {"*": text}))
    return arm(wrapper, engine=EngineSpec(kind="scripted", script=str(script)))


@pytest.mark.parametrize("wrapper", WRAPPERS)
def test_an_answer_is_scored_by_the_prompt_that_was_sent(tmp_path, wrapper):
    """Without an opening tag an answer has the form only where the prompt has opened the block."""
    answers = {s.id: s.answer for s in _test_split(arm())}
    told = {name: f"so</think><answer>\n{answer}\n</answer>" for name, answer in answers.items()}
    one = scripted(tmp_path, wrapper, told)
    asked = ran(DecodeStage(), one, tmp_path / "asked")
    scored = ran(ScoreStage(), one, tmp_path / "scored", {"asked": asked}, scorer="mini_sudoku")
    right = read_json(scored / "summary.json")["correct"]
    assert right == (len(answers) if wrapper in ("base", "instruct") else 0)


def _test_split(one):
    from llmx.data import load

    return load(one.data, "test")


def test_only_raw_wrappers_are_in_what_a_decode_depends_on(tmp_path):
    found = {name: DecodeStage().identity(given(DecodeStage(), scripted(tmp_path, name, "no")))
             for name in (None, *WRAPPERS)}  # fmt: skip
    assert found[None] == found["chat"] and "wrapper" not in found[None]
    for name in RAW:
        assert found[name] == {**found["chat"], "wrapper": name}


@pytest.mark.parametrize("kind", ["openai", "vllm_server"])
def test_an_engine_that_sends_chats_refuses_raw_prompts_before_anything_runs(kind):
    address = {"kind": kind, "base_url": "http://127.0.0.1:9/v1"}
    model = ModelSpec(target="zoo:gsm_target")
    one = arm("instruct", engine=EngineSpec(**address), model=model)
    with pytest.raises(ConfigError, match=rf"'{kind}' sends chats.*wrapper=instruct.*engine=hf"):
        DecodeStage().identity(given(DecodeStage(), one))
    DecodeStage().identity(given(DecodeStage(), arm(engine=EngineSpec(**address), model=model)))


def test_hf_encodes_a_raw_prompt_as_trainings_encode_a_plain_text():
    from llmx.engines.hf import HfEngine
    from llmx.train.post_training.base import Base, load_tokenizer
    from llmx.train.post_training.encoded import encode_prompts

    tokenizer = load_tokenizer(Base("zoo:gsm_target", ZOO / "gsm_target", None))
    engine = HfEngine(ModelSpec(target="zoo:gsm_target"), EngineSpec())
    one = arm("instruct")
    for sample in _test_split(one):
        request = put(one.data, sample, SamplerSpec(algorithm="target", max_tokens=8), 0)
        wanted = encode_prompts(tokenizer, [request.raw])[0]
        assert engine.prompt_ids(request) == wanted


@pytest.mark.parametrize("wrapper", ["chat", "instruct"])
def test_an_audit_accepts_what_was_really_sent_and_nothing_else(tmp_path, wrapper):
    model, sampler = (
        ModelSpec(target="zoo:gsm_target"),
        SamplerSpec(algorithm="target", max_tokens=2),
    )
    one = arm(wrapper, model=model, sampler=sampler)
    asked = ran(DecodeStage(), one, tmp_path / "asked")
    checks = {"prompt_template", "prompt_text", "question_sent", "double_bos", "prompt_eos"}
    for name, audited in (
        (wrapper, one),
        ("other", arm(other(wrapper), model=model, sampler=sampler)),
    ):
        found = read_json(ran(AuditStage(), audited, tmp_path / name, {"a": asked}) / "audit.json")
        failed = {c["check"] for c in found["checks"] if c["passed"] is False} & checks
        assert failed == (set() if name == wrapper else {"prompt_template"})


def other(wrapper):
    return "base" if wrapper != "base" else "chat"


@pytest.mark.parametrize("wrapper", RAW)
def test_sampled_answers_are_learned_with_the_prompt_that_they_answer(tmp_path, wrapper):
    one = scripted(tmp_path, wrapper, "so</think><answer>\n1\n</answer>")
    asked = ran(DecodeStage(), one, tmp_path / "asked", split="sft")
    keep = "malformed" if wrapper == "baseline" else "incorrect"
    out = ran(SampledStage(), one, tmp_path / "kept", {"asked": asked}, keep=keep)
    sent = {request.id: request.raw for request in requests_for(one, "sft", None, None)}
    rows = read_lines(out / "train.jsonl")
    assert rows and all(row["prompt"] == sent[row["id"]] for row in rows)
    assert all(row["completion"] == row["solution"] for row in rows)
    assert read_json(out / "sampled.json")["wrapper"] == wrapper


def reader(kind):
    return StageSpec(name="learner", kind=kind, needs=("mine",))


@pytest.mark.parametrize("stage", [AnswersStage(), CorpusStage()], ids=lambda stage: stage.kind)
def test_stages_that_write_chats_alone_refuse_raw_wrappers(stage):
    stage.identity(given(stage, arm("chat")))
    with pytest.raises(ConfigError, match=r"'mine' writes chats alone.*base"):
        stage.identity(given(stage, arm("base")))


@pytest.mark.parametrize(
    ("data", "option", "kind", "fits"),
    [
        ("instruct", None, "sft", True),
        ("instruct", None, "train", False),
        ("instruct", "chat", "train", True),
        ("instruct", "chat", "sft", False),
        ("chat", "instruct", "sft", False),
        ("chat", None, "train", True),
        ("instruct", "chat", "tokenizer", True),
    ],
)
def test_traces_are_learned_with_the_prompt_that_is_evaluated(data, option, kind, fits):
    options = {} if option is None else {"wrapper": option}
    asked = given(TracesStage(), arm(data), [reader(kind)], **options)
    if fits:
        TracesStage().identity(asked)
        return
    with pytest.raises(ConfigError, match=r"'mine'.*'learner'.*stages\.mine\.wrapper="):
        TracesStage().identity(asked)


def test_an_ensemble_refuses_raw_prompts():
    model = ModelSpec(target="zoo:gsm_target")
    with pytest.raises(ConfigError, match="members of an ensemble get chats alone"):
        one = arm("base", model=model)
        EnsembleDecodeStage().identity(given(EnsembleDecodeStage(), one))
