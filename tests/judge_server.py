"""Judges on loopback: they read both outputs off the prompt that they are sent, and answer."""

import json
import math
import re

ALPACA = re.compile(r'"output": """(.*?)"""', re.S)
ARENA = re.compile(r"Start of Assistant ([AB])'s Answer\|>\n(.*?)\n<\|The End", re.S)


def outputs(body):
    """Return the outputs in the order in which the judge sees them."""
    content = body["messages"][-1]["content"]
    found = ALPACA.findall(content) or [text for _, text in ARENA.findall(content)]
    first, second = found
    return first, second


def longer(first, second):
    return (len(first) > len(second)) - (len(first) < len(second))


def about(first, second):
    """Prefer the one that holds the word."""
    return ("right" in first) - ("right" in second)


def answered(text, top=()):
    told = [{"token": token, "logprob": value, "top_logprobs": []} for token, value in top[:1]]
    for one in told:
        one["top_logprobs"] = [{"token": token, "logprob": value} for token, value in top]
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": "stop",
        "logprobs": {"content": told} if told else None,
    }
    return {"choices": [choice], "usage": {"prompt_tokens": 100, "completion_tokens": 7}}


def alpaca(prefer=longer, sure=0.9):
    """A judge of AlpacaEval: `sure` is the probability of the better output's name."""

    def answer(body):
        assert body["max_tokens"] == 1 and body["logprobs"] and body["top_logprobs"] == 5
        way = prefer(*outputs(body))
        chance = {1: sure, -1: 1 - sure, 0: 0.5}[way]
        top = [("m", math.log(chance)), ("M", math.log(1 - chance)), ("The", -15.0)]
        top.sort(key=lambda pair: -pair[1])
        return answered(top[0][0], top)

    return answer


def arena(prefer=longer, labels=("B>>A", "A=B", "A>>B")):
    """A judge of Arena-Hard: what is said if B is better, neither, A is better."""

    def answer(body):
        assert body["messages"][0]["role"] == "system"
        return answered(f"I would say … My final verdict: [[{labels[prefer(*outputs(body)) + 1]}]]")

    return answer


def saying(text, top=()):
    return lambda body: answered(text, top)


def rows(count, baseline=lambda n: f"baseline output {n}"):
    """Rows of alpaca_eval's own format."""
    return [
        {
            "instruction": f"Instruction <{n}>",
            "output": baseline(n),
            "generator": "gpt4_1106_preview",
            "dataset": "koala" if n % 2 else "vicuna",
            "answer": str(n),
        }
        for n in range(count)
    ]


def write_alpaca(path, found):
    path.write_text(json.dumps(found))
    return path


def write_arena(folder, count, old=False, baseline=lambda n: f"baseline output {n}"):
    """Write a folder in the benchmark's form of 2025, or its first one."""
    (folder / "model_answer").mkdir(parents=True)
    questions, answers = [], []
    for n in range(count):
        text = f"Instruction <{n}>"
        if old:
            questions.append({"question_id": f"u{n}", "cluster": "c", "turns": [{"content": text}]})
            turns = [{"index": 0, "turns": [{"content": baseline(n)}]}]
            answers.append({"question_id": f"u{n}", "model_id": "gpt-4-0314", "choices": turns})
        else:
            questions.append({"uid": f"u{n}", "cluster": "c", "prompt": text})
            said = [{"role": "assistant", "content": {"answer": baseline(n)}}]
            answers.append({"uid": f"u{n}", "model": "gpt-4-0314", "messages": said})
    for name, lines in (("question", questions), ("model_answer/gpt-4-0314", answers[::-1])):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    return folder
