"""Tools for those who change the program; not part of the package."""
