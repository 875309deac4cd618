"""Section 4.4: regression on the Boston housing table."""

from __future__ import annotations

from claims.catalogue.sections.rules import both_sides

__all__ = ["CLAIMS"]

CLAIMS = both_sides("E9", "Boston, 50 hidden units, linear output", "section 4.4, figure 8", (8,))
