"""This project beside its peers: the same documents, the same requests, the same machine."""
