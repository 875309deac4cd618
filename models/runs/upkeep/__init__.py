"""What lies in a run store, whether it is sound, and room again; `python -m reports store` is its command."""
