"""Tests. The tree mirrors the package."""
