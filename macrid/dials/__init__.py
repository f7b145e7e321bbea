"""Micro axes: chosen, turned, measured, named."""
