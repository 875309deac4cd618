"""What is known near one point: enclosures of its values, the weights that matter, its cell and its kinks."""
