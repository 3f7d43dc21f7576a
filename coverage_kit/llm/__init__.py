"""Language models: endpoints, prompts with untrusted text, waiting, prices and budgets."""
