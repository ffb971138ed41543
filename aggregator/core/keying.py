"""Which version of the program keyed an entry: what is keyed alike is found. Pure."""

HASH_VERSION = "2"  # part of every slug hash: a new normal form of headlines takes a new version
# Counts the changes of what else keys, sketches and content hashes are made of: stored entries are
# then identified anew, once.
KEY_VERSION = "4"
