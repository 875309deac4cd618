"""While it runs: a line for each experiment in training, on a terminal only, and how a run is ended early."""
