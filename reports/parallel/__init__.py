"""Everything xdist: how many workers, which GPU each sees, which tests stay together."""
