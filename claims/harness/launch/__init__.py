"""How a run of the claims starts: command line, workers, signals. Nothing here loads NumPy."""
