"""The accept rules of the token loop, by the names that ``sampler.algorithm`` has for them."""

KINDS = {
    "accept.speculative": "llmx.methods.decode.accept:speculative",
    "accept.block": "llmx.methods.decode.block_rule:block_rule",
    "accept.ensemble": "llmx.methods.decode.accept:ensemble",
    "accept.random": "llmx.methods.decode.accept:random",
    "accept.typical": "llmx.methods.decode.lossy_rules:lossy_rule",
    "accept.fly": "llmx.methods.decode.lossy_rules:lossy_rule",
    "accept.cascade": "llmx.methods.decode.lossy_rules:lossy_rule",
}
