"""Descent to a minimum: the full-batch objective of trained networks, and what is known of where it ends."""
