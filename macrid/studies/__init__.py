"""Many trainings: comparisons, sweeps, searches, the experiment on collapse."""
