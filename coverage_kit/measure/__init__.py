"""How visible, how good."""
