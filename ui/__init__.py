"""What the pages share: the address, the chosen bundle, words, HTML, widgets, jobs beside the app."""
