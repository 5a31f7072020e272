"""When Python's collector looks: it counts objects, and does not know that a small one may hold a native room."""

from __future__ import annotations

import gc


def settle() -> None:
    """All that is there now stays for good: no later look goes through it. Once, when everything is imported and made."""
    gc.collect()
    gc.freeze()


def tidy() -> None:
    """Lets go of what a call has left behind, 40 KB each with their native parts, which would stay for thousands of calls.

    After `settle` it takes a few milliseconds, on the loop: no thread of the library's is waited for.
    """
    gc.collect()
