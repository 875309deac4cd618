"""Pages about the project, and the commands that make what is in them or committed beside them."""
