"""Generalised Gauss-Newton steps: curvature of the loss in outputs, damped systems, conjugate gradients."""
