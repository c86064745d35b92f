"""What runs models, at once or token by token."""

KINDS = {
    "embedder.sentence_transformers": "llmx.engines.embed.embedder:SentenceEmbedder",
    "embedder.static": "llmx.engines.embed.embedder:StaticEmbedder",
    "engine.hf": "llmx.engines.hf:HfEngine",
    "engine.openai": "llmx.engines.endpoint.engine:OpenAIEngine",
    "engine.scripted": "llmx.engines.scripted:ScriptedEngine",
    "engine.vllm": "llmx.engines.vllm.engine:VllmEngine",
    "engine.vllm_server": "llmx.engines.vllm_server.engine:VllmServerEngine",
    "streamer.hf": "llmx.engines.stream.hf:HfStreamer",
    "streamer.openai": "llmx.engines.stream.endpoint:EndpointStreamer",
    "streamer.vllm": "llmx.engines.stream.vllm:VllmStreamer",
    "streamer.vllm_server": "llmx.engines.stream.vllm_server:VllmServerStreamer",
}
