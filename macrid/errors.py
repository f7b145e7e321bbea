"""Messages for the person at the keyboard: what was wrong, where, and what to do about it."""


class InputError(ValueError):
    """A mistake in what the user gave: one line that names the file, row or argument, the value found and the remedy."""


class InputWarning(UserWarning):
    """Input that was mended on the way in, such as merged duplicate rows: one line that says what was done."""
