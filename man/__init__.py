"""The manual pages, and what writes their tables."""
