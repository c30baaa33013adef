"""What Loopline does in a second, measured. `make bench` runs all and writes benchmarks/RESULTS.md."""
