"""Studies on public sets and simulated logs; docs/method.md has their figures."""
