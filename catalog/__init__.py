"""What we sell and how much of it there is."""
