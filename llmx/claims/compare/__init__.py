"""Two arms, of one run or of two, sample by sample."""
