"""The report as one page for people: index.html beside verdicts.json."""
