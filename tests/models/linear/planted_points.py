"""Critical points of the planted sets, over the rationals, for the tests beside this file."""

from data import load_synthetic
from models.exact.moments import moments
from models.linear.critical import critical_points
from models.linear.exact_network import exact_moments
from models.linear.exact_spectrum import best_map, kernel, rational_spectrum

__all__ = ["planted", "points"]


def planted(name):
    """Moments, spectrum, least-squares map and unseen rows of a planted set."""
    source = load_synthetic(name)
    data = exact_moments(moments(source.X, source.Y))
    Z = best_map(data)
    return data, rational_spectrum(Z * data.cross, source.reflection.T.tolist()), Z, kernel(data)


def points(name, widths, closed=0):
    """The moments of a planted set and its critical points for these hidden widths."""
    data, spectrum, Z, unseen = planted(name)
    return data, list(critical_points(data, spectrum, Z, widths, closed=closed, unseen=unseen))
