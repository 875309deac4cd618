"""Deep linear networks: the squared loss of a product of matrices, from sufficient statistics.

In float64, by subject; import the modules by name, as `models.linear.problem`:

the problem     problem.LinearProblem, landscape.LinearLandscape, reduction.reduction, Reduction
closed form     closed_form.sigma_spectrum, Spectrum, global_weights
descent         descent.settle, Ends; lbfgs.descend, Landscape; newton.newton
certificates    definite.eigenvalue_floor; stationarity.curvature_floor, negative_direction, minimum_value
probes          stationarity.probe, Probe
"""
