"""Tests of the adapters: real files, real databases, real sockets on loopback."""
