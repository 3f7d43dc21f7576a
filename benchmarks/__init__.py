"""Benchmarks on public sets with floors, and the fits of the shipped defaults."""
