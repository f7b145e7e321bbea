"""Items and people on a plane."""
