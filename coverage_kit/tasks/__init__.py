"""What is done with a finished run, or beside a run."""
