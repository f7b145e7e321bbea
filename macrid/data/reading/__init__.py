"""From a file, a folder or a zip to rows of user, item, rating and time; each module is one step of the way."""
