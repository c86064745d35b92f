"""Generated tables of six domains: no real person or place is in them."""
