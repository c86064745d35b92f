"""What papers claim, and what stored runs say of it: verdicts, comparisons, pages."""
