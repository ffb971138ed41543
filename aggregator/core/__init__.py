"""What the program knows: pure functions and frozen values, no I/O, no clock."""
