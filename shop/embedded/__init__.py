"""A private PostgreSQL and Valkey for one checkout, for the demo, the tests and single commands."""
