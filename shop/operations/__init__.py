"""What operators need: audit, health checks, purging, logs and system checks."""
