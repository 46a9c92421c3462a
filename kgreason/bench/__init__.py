"""Benchmarks: arms × controls × folds × seeds, taken up where they were left, and tables made from what is written."""
