"""The Triton kernels. Importing a module of this package imports Triton; nothing else does.

Arguments bear no types: Triton reads annotations, and takes what it does not know for a global.
"""
