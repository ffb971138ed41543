"""The speed figures (`make bench`); not part of the package."""
