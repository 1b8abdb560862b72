"""A Docker Engine of the project's own, for tests, the demo and the benchmarks: real, and gone without a trace after."""
