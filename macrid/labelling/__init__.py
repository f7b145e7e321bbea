"""A person names dials: which item to ask about, what was answered, what that taught."""
