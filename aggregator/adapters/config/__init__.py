"""feeds.yaml in and out: read and check it, edit it, describe it.

    load(path, environ=…) -> Settings     raises ConfigError with every problem found

The only importer of pydantic and PyYAML, and the only reader of options.
"""

from aggregator.adapters.config.load import load

__all__ = ["load"]
