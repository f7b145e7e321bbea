"""From clicks to a bundle; other dials for a bundle; RecBole's checkpoints."""
