"""The process that holds vLLM: ``python -m llmx.engines.vllm_worker``, JSON lines in and out.

It runs with the interpreter of vLLM's own environment. Its input ending is its order to end, so it
never outlives the process that started it.

==========  ===========================================================================
in          out
==========  ===========================================================================
``load``    ``phase`` …, then ``ready`` with what vLLM's workers say they loaded
``ask``     ``answer`` for each request, as each is finished
``stream``  ``tokens`` of one request, as they are drawn; a resumable one then waits
``more``    the same for more input of one that waits; ``drop`` ends it
``drop``    nothing: requests that nobody waits for any more are given up
``held``    ``held``: the requests that vLLM's workers know
==========  ===========================================================================

Anything that goes wrong is ``error``, with the request's key where it belongs to one.
"""
