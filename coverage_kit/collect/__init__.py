"""The world -> tables: crawl, folder, extract, passages, logs."""
