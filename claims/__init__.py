"""The paper's claims, judged.

`test_*.py`, a file a section of the paper, says which claim is judged on which networks by which evidence.
`catalogue` has the claims as data, `evidence` turns runs and data into numbers with their intervals,
`statistics` has the bounds, `core` decides, and `harness` is what pytest needs for it.
"""
