"""Evidence that trains nothing, by claim: functions of the evidence cache that any process can call.

A test's `@claim(..., computes=...)` says which, and with what.
"""
