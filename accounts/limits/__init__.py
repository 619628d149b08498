"""Limits on attempts: throttling, delays after wrong passwords, and locks."""
