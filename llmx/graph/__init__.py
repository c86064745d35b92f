"""Running a recipe: its graph of stages, the stages themselves, run folders and manifests."""
