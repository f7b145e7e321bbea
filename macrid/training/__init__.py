"""From a split to a trained model: where to start, the loop, checkpoints."""
