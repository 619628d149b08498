"""A made-up catalogue of any size, for benchmarks."""
