"""The outside world, one door each: configuration, network, processes, database, files."""
