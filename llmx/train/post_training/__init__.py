"""Stages `sft`, `dpo`, `grpo` and `rloo`: TRL's trainers, made to resume, share and report."""
