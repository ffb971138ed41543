"""How politely feed readers poll: several of them against one recording server."""
