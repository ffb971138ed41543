"""A certificate for loopback that nobody has signed."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest


def own_certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 with its key; beside it, as .crt, the certificate alone."""
    path = folder / "own.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    named = ["-subj", "/CN=loopback", "-addext", "subjectAltName=IP:127.0.0.1"]
    try:
        subprocess.run(
            [*command.split(), *named, "-keyout", path, "-out", path.with_suffix(".crt")],
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no openssl to make a certificate with")
    path.write_text(path.read_text() + path.with_suffix(".crt").read_text())
    return path


def tls(certificate: Path) -> ssl.SSLContext:
    """A server's side of TLS with it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
