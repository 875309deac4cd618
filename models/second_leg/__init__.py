"""A run's second leg: from where training ended to a minimum, recorded and certified like the first."""
