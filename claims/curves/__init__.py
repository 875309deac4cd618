"""What a claim's plot shows over time: the quantity its rule judges, and what that is computed from.

`shown` says which, and imports no arithmetic; `quantities` computes.
"""
