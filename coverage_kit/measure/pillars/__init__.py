"""An audit of pages along the four pillars by which answer engines select content."""
