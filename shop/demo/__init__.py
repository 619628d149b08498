"""The demo's catalogue, and how it is created."""
