"""Pages about the project, and the commands that draw what is in them."""
