"""A feed aggregator: polls the sources of feeds.yaml, publishes merged Atom feeds."""

__version__ = "0.1.0"
