"""Files that are written completely or not at all, and a cache of results that later runs reuse."""
