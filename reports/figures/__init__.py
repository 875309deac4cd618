"""Figures of a report: drawn by matplotlib from the runs in the store, as SVG with their data as CSV."""
