"""Curves and intervals of the page, as plain data, which the page's script draws in the browser."""
