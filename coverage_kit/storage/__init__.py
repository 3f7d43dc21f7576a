"""Files that are written whole or not at all, and results that later runs reuse."""
