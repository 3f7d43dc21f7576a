"""One run: from settings to an Analysis."""
