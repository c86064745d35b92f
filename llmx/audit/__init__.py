"""What was really sent and received, checked against what should have been.

Pure functions over records: the stage (`llmx.stages.audit`) brings the dataset and the tokenizer.
"""
