"""Loads the plugin: options, the verdict table, reports. The training fixtures are in claims/conftest.py."""

pytest_plugins = ["reports.plugin", "reports.page.plugin"]
