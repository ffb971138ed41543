"""How the cost of things grows: with sources up to 100,000, with articles up to 1,000,000."""
