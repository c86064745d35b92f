"""What a model may call: tools, sets of them, and the sessions in which calls are made."""
