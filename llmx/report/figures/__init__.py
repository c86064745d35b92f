"""Figures of a stage: as it writes them, and as they follow from the files of older versions."""
