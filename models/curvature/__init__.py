"""Curvature of a loss at a point: every answer carries a bound that its sign survives, or says inconclusive.

Import the modules by name: `dense` needs numpy only, the others torch.
"""
