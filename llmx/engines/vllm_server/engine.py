"""Engine `vllm_server`: chat completions of a ``vllm serve``, our own or one that runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from llmx.core import json_text
from llmx.core.errors import EngineError, nearest
from llmx.core.progress import Progress, Silent
from llmx.core.record import Record
from llmx.core.spec import EngineSpec, ModelSpec, SamplerSpec
from llmx.core.speech import Request
from llmx.core.templates.dialect import CLOCK
from llmx.engines.endpoint.address import Address, find_address
from llmx.engines.endpoint.ask import body, served_name
from llmx.engines.endpoint.engine import OpenAIEngine, no_adapter, required
from llmx.engines.endpoint.reply import Reply
from llmx.engines.hf import HfEngine
from llmx.engines.size import adapter_identity, clock_identity, code_identity, model_identity
from llmx.engines.vllm.interpreter import find_interpreter
from llmx.engines.vllm.settings import ACCIDENTS, engine_arguments
from llmx.engines.vllm_server.server import SERVERS, Servers

# What only llmx's own worker is told.
_NOT_SERVED = {"additional_config", "worker_extension_cls", "async_scheduling", "disable_log_stats"}
_KEY = "is the key right? engine.key_env names its variable"
_ALONE = SamplerSpec(algorithm="target")


class VllmServerEngine(OpenAIEngine):
    """Starts ``vllm serve``, or attaches to the one at ``engine.base_url``."""

    def __init__(
        self, model: ModelSpec | None, spec: EngineSpec, stages: Mapping[str, Path] | None = None
    ) -> None:
        super().__init__(model, spec, stages)
        self.progress: Progress = Silent()
        self.servers: Servers = SERVERS
        # The tokenizer, to show what the token ids say; no weights are loaded.
        self.reader = HfEngine(self.model, spec, self.stages)

    @classmethod
    def identity(cls, model: ModelSpec | None, spec: EngineSpec) -> Mapping[str, object]:
        """The model by content, arithmetic and options; of a running server, where it is."""
        model = required(model)
        if spec.base_url is not None:
            no_adapter(model, spec)
        return {
            "engine": "vllm_server",
            "target": model_identity(model.target, model.target_revision),
            **adapter_identity(model.adapter),
            "attached": spec.base_url,
            "dtype": spec.dtype,
            "logprobs": spec.logprobs,
            "options": {n: v for n, v in spec.options.items() if n not in ACCIDENTS},
            **({} if spec.tool_parser is None else {"tool_parser": spec.tool_parser}),
            **spec.kept_cost(),
            **code_identity(spec.trust_remote_code),
            **clock_identity(model, spec),
        }

    def address(self) -> Address:
        """Return where the server is, started if nobody named one.

        Raises:
            EngineError: if it does not come up, the running one serves another model, or the chat
                template has a clock, which the server would not hold.
        """
        if CLOCK in str(self.reader.pair.tokenizer.chat_template):
            text = f"the chat template of {self.model.target} reads a clock, and vllm serve its own"
            raise EngineError(text, "engine=vllm or engine=hf, where llmx renders it")
        if self.spec.base_url is not None:
            address = find_address(self.spec)
            check_serves(address, served_name(self.model, self.spec))
            return address
        python, spec = find_interpreter(self.spec.python), self.spec
        server = self.servers.obtain(
            python, spec.threads, self.settings(), spec.start_timeout, self.progress
        )
        return server.address

    def settings(self) -> dict[str, Any]:
        """Return the arguments of the server, as plain values."""
        found = engine_arguments(self.model, self.spec, _ALONE, self.stages)
        kept = {name: value for name, value in found.items() if name not in _NOT_SERVED}
        # The folder's own defaults must not fill in what a recipe leaves neutral.
        kept["generation_config"] = "vllm"
        name = served_name(self.model, self.spec)
        return {"settings": kept, "server": {**_shown(name), **_calling(self.spec)}}

    def body(self, request: Request) -> dict[str, Any]:
        """Return what is sent; what ends an answer is the model's own."""
        # Options are the engine's here, not the request's.
        plain = self.spec.model_copy(update={"options": {}})
        sent = body(request, self.model, plain)
        return {**sent, "stop_token_ids": list(self.reader.pair.eos_ids)}

    def record(self, request: Request, reply: Reply) -> Record:
        """Return the record, its prompt as the token ids say."""
        found = super().record(request, reply)
        shown = self.reader.pair.tokenizer.decode(list(found.prompt_ids))
        return found.model_copy(update={"prompt": shown})


def _shown(name: str) -> dict[str, Any]:
    return {
        "served_model_name": name,
        "disable_uvicorn_access_log": True,
        "enable_prompt_tokens_details": True,  # how much of a prompt was cached
    }


def _calling(spec: EngineSpec) -> dict[str, Any]:
    """Return what makes the server read tool calls out of answers."""
    if spec.tool_parser is None:
        return {}
    return {"enable_auto_tool_choice": True, "tool_call_parser": spec.tool_parser}


def check_serves(address: Address, name: str) -> None:
    """Ask a running server for its models.

    Raises:
        EngineError: if it is not there, or the model is not among them.
    """
    import httpx2

    url, ours = f"{address.url}/models", address.here
    try:
        found = httpx2.get(url, headers=address.headers, timeout=20.0, trust_env=not ours)
        told = json_text.parse(found.raise_for_status().content)
        names = [one["id"] for one in told["data"]]
    except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
        text = address.without_key(f"{address.url} is no running server: {error}".splitlines()[0])
        hint = _KEY if "401" in text else "engine.base_url=null starts one"
        raise EngineError(text, hint) from error
    _check_listed(address, name, names)


def _check_listed(address: Address, name: str, names: Sequence[str]) -> None:
    if name not in names:
        hint = f"engine.served_model=…; {nearest(name, names, 'models there')}"
        raise EngineError(f"{address.url} does not serve '{name}'", hint)
