"""What the course of any training needs, whatever it trains: settings, checkpoints, processes."""
