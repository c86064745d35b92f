"""`vllm serve` as an engine: started, waited for, asked over HTTP, and stopped."""
