"""The one tree of errors: library errors become these where the library is called, and nowhere else."""

from __future__ import annotations

from enum import StrEnum


class Retry(StrEnum):
    """What may be done after a failure: the only thing the session's policy needs to know of it."""

    SOON = "soon"
    """Network, DNS, 5xx: try again with backoff."""
    WAIT = "wait"
    """The other side said how long to wait (429, Retry-After)."""
    REFUSED = "refused"
    """Key, balance, rights or parameters are wrong: asking again soon cannot help."""
    NEVER = "never"
    """The session is over for good (room deleted, participant removed, displaced by a twin)."""


class KioskError(Exception):
    """Base of all errors of this project: `str()` says what happened, `hint` what would mend it. Never holds a secret."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(KioskError):
    """The configuration cannot be used; `problems` holds every reason, each `file:line:column: path: what, what would be right`."""

    def __init__(self, problems: list[str], *, hint: str = "") -> None:
        super().__init__("\n".join(problems), hint=hint)
        self.problems = problems


class SealedKeyError(ConfigError):
    """The API key is encrypted for systemd, and no daemon runs to which it was handed: whether it is right cannot be known."""


class SessionError(KioskError):
    """The session API gave no usable session. `code` names the fault for `health`; `after` is the told wait in seconds.

    sent: False where no byte of a request can have reached the API, so that none was spent.
    """

    def __init__(self, message: str, *, code: str, retry: Retry, after: float | None = None, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.retry = retry
        self.after = after
        self.sent = True


class RoomError(KioskError):
    """The media server could not be joined, or the room was lost. `code` names the fault for `health`."""

    def __init__(self, message: str, *, code: str, retry: Retry, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.retry = retry


class SoundError(KioskError):
    """A sound device could not be opened, or failed while open. `code` names the fault for `health`."""

    def __init__(self, message: str, *, code: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class PanelError(KioskError):
    """A button or LED could not be had (no such chip, line in use, no permission). `code` names the fault for `health`."""

    def __init__(self, message: str, *, code: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class EditError(KioskError):
    """An edit of the configuration that changed nothing. `exit_code` is the process's."""

    def __init__(self, message: str, *, exit_code: int, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.exit_code = exit_code


class ControlError(KioskError):
    """The control socket could not be had. `code` names the fault for `health`."""

    def __init__(self, message: str, *, code: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class LoanError(KioskError):
    """The daemon does not lend its devices now."""


class NoAnswerError(KioskError):
    """The running daemon could not be asked; `absent` where none is running."""

    def __init__(self, message: str, *, absent: bool, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.absent = absent
