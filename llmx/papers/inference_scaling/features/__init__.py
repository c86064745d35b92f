"""Features of answers: how long they are and how they hedge, and whether that tells right ones."""
