"""How claims are collected, ordered, trained and judged by pytest; `claims/conftest.py` loads it."""
