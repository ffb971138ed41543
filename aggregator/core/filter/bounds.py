"""How large a rule may be. Rules may come from strangers (`?q=`): nothing is unbounded. Pure."""

from __future__ import annotations

MAX_TEXT = 100_000  # characters of a rule, in one line
MAX_TERMS = 5_000  # words, phrases, patterns and comparisons
MAX_PATTERNS = 100
MAX_PATTERN_TEXT = 500  # characters of one regular expression
MAX_PATTERN_GROUPS = 8  # levels in one regular expression
MAX_DEPTH = 32  # of parentheses, negations, lists and mappings

# regex may unroll repeats: ((a{1000}){1000}){1000} eats all memory while compiling.
MAX_PATTERN_SIZE = 50_000  # product of all counts, times two for every level of groups

PATTERN_SECONDS = 0.05  # of one match
PATTERN_INPUT = 100_000  # characters of a field that a pattern sees
MAX_TIMEOUTS = 4  # of one article; further patterns are not tried on it
