"""The accept rules of the token loop, by the names that ``sampler.algorithm`` has for them."""

KINDS = {
    "accept.speculative": "llmx.decoding.accept:speculative",
    "accept.block": "llmx.decoding.block_rule:block_rule",
    "accept.ensemble": "llmx.decoding.accept:ensemble",
    "accept.random": "llmx.decoding.accept:random",
    "accept.typical": "llmx.decoding.lossy_rules:lossy_rule",
    "accept.fly": "llmx.decoding.lossy_rules:lossy_rule",
    "accept.cascade": "llmx.decoding.lossy_rules:lossy_rule",
}
