"""The two ends of TLS with trustme's certificates."""

from __future__ import annotations

import ssl

import trustme


def serving(certificate: trustme.LeafCert) -> ssl.SSLContext:
    """A server that shows this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client that trusts this authority beside the system's."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context
