"""Fixtures for all tests of the workspace."""

pytest_plugins = ["arumaldo.testing.fixtures"]
