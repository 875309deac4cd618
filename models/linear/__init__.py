"""Deep linear networks: the squared loss of a product of matrices, from sufficient statistics.

Import the modules by name, as `models.linear.problem`. In float64, with bounds:

the problem     problem.LinearProblem, landscape.LinearLandscape, reduction.reduction, Reduction
closed form     closed_form.sigma_spectrum, Spectrum, global_weights
descent         descent.settle, Ends; lbfgs.descend, Landscape; newton.newton
certificates    definite.eigenvalue_floor; stationarity.curvature_floor, negative_direction, minimum_value
probes          stationarity.probe, Probe

In exact rational or in ball arithmetic:

the network     exact_network.loss, gradient, curvature, loss_along; exact_hessian.hessian, inertia
Sigma           exact_spectrum.rational_spectrum, ball_spectrum, fitted_moments;
                sigma_enclosure.enclosed_sigma
critical points critical.critical_points, index_sets, optimum; critical_checks.check_point
witnesses       witnesses.witnesses, descent_from_zero
"""
