"""Training: runs, mixtures of tasks, losses and calibration."""
