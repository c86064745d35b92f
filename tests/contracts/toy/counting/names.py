"""What the paper's own figures are called."""

DIGITS = "digits written"
