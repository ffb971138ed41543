"""Tests of the core: properties first, then examples."""
