"""How well duplicates are found: labelled stories and real headlines through the whole program."""
