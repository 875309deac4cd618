"""Loads the plugin: options, the verdict table, reports. The training fixtures are in claims/conftest.py."""

pytest_plugins = ["claims.harness.launch.plugin", "reports.plugin", "reports.page.plugin"]
