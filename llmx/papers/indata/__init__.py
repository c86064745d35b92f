"""InData: data analysis through tools alone (arXiv 2511.11933), re-created."""
