"""Tools for tests that disturb the shop: crash points, planted faults, and the number of repetitions."""
