"""What aggregates give away, and rules that refuse some: none of them is differential privacy."""
