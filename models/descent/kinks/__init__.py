"""Descent over the kinks of ReLU networks, from where a smooth method stalls: `step.advance`."""
