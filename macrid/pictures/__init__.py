"""Pictures of items: covers and drawings."""
