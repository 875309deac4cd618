"""A run store whose entries lie in an object store, with a local folder in front."""
