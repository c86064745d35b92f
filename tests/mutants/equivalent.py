"""Changes that were drawn and that no test can see; a reason for each."""

from mutant import Equivalent

EQUIVALENT: list[Equivalent] = []
