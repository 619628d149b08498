"""A whole shop that is disturbed under load, and what must then be true (`manage.py chaos`, docs/reliability.md)."""
