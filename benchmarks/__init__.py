"""What Loopline does in a second, measured. `make bench` runs all and writes benchmarks/RESULTS.md."""

import loopline  # noqa: F401 - before numpy, as everywhere: it tells numpy how to sort on this processor
