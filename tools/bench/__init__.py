"""What measures: workloads made by the spec's own writers, runs in turn, memory, growth, micro-benchmarks, the report."""
