"""What trainings on planned batches came to: quality over samples, seconds and texts encoded."""
