"""What the crawler, the panel and the chat share: deadlines, addresses, bodies, waits, secrets."""
