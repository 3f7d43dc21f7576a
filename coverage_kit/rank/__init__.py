"""What to do first: gaps, edits, their simulation and selection."""
