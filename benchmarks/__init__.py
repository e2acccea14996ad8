"""What does a run cost beside the bare limit and the peers? Ratios within one run, never alone."""
