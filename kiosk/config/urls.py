"""What a URL must look like before a key or a voice is sent to it."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from yarl import URL

_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9_.])?|[0-9A-Fa-f:.]+")


def split_url(url: str, schemes: tuple[str, ...]) -> SplitResult:
    """The parts of an absolute URL with one of `schemes`, a host, and no user, password or fragment; raises ValueError with the reason."""
    if len(url) > 2048 or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise ValueError("a URL has no spaces, no characters beyond ASCII and at most 2,048 of them")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("the host or port of the URL is malformed") from None
    if parts.scheme not in schemes:
        raise ValueError(f"a URL beginning with {' or '.join(f'{scheme}://' for scheme in schemes)} is wanted")
    if not parts.hostname or not _HOST.fullmatch(parts.hostname) or port == 0 or not _usable(url):
        raise ValueError("the URL has no usable host")
    if "@" in parts.netloc:
        raise ValueError("a user or password does not belong into a URL")
    if parts.fragment or url.endswith("#"):
        raise ValueError("a URL with `#` points into a page: remove that part")
    return parts


def _usable(url: str) -> bool:
    """Whether the host is one to aiohttp and to the system's resolver: they raise for some that urlsplit() lets pass."""
    try:
        parts = URL(url)
        return bool(parts.host and parts.raw_host and parts.raw_host.encode("idna"))
    except ValueError:
        return False


def is_loopback(host: str | None) -> bool:
    """Whether the host is this machine by definition: `localhost`, 127.0.0.0/8 or ::1 (RFC 6761, RFC 1122, RFC 4291)."""
    if host is None:
        return False
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
