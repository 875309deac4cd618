"""How a run of the claims starts: command line, workers, signals, live lines. Nothing here loads NumPy."""
