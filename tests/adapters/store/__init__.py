"""The contract of the store, run over every implementation, and what is SQLite's alone."""
