"""Text -> unit vectors, reused from disk."""
