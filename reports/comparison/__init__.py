"""Reports side by side: read, compared, shown on a terminal, as Markdown and as a page."""
