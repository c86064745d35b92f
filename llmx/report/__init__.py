"""From the records of a run to a table, a picture and a page."""
