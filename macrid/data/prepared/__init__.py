"""Clicks that need not fit in memory: rows gathered on disk as they are read, sorted by person, in files that are mapped."""
