"""Papers: a room each, for what that paper alone uses."""
