"""One model that acts: the loop from turn to turn, and the forms in which calls are written."""
