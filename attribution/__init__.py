"""What came of it: conversions matched to touches, channel credit, experiment verdicts."""
