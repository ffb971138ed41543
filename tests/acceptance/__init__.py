"""What the whole house must show on real documents. Skipped where the corpus is absent."""
