"""Studies on public sets and simulated logs, whose figures are in docs/method.md: python -m studies NAME."""
