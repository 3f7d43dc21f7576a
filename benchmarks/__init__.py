"""Honest measurement on public sets: planted and natural gaps, and the default link."""
