"""The man page voice-kiosk(1), written from the command line itself."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Protocol, cast

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from kiosk.cli import app

EXITS: Final = {
    0: "Done, or all is well.",
    1: r"It failed; stderr says why and what mends it. \fBstatus\fR: there is a fault. \fBdevices\fR: a configured device is not there. "
    r"\fBdoctor\fR: warnings only. \fBedit\fR: not done, the file is as it was.",
    2: r"The command line is wrong, or the daemon refuses. \fBdoctor\fR: a failure. \fBedit\fR, \fBwatch\fR: no terminal.",
    3: r"The daemon is not running; \fBevents\fR: it has ended.",
    4: "The daemon cannot be asked: it does not answer, or you may not.",
    69: r"\fBedit\fR: the file is installed, but the daemon did not take it.",
    73: r"\fBedit\fR: the file cannot be written.",
    75: r"\fBedit\fR: somebody else is editing.",
    78: r"\fBrun\fR, \fBcheck\fR, \fBdoctor\fR: the configuration or the key keeps the daemon from running. systemd does not "
    "start it again until somebody does.",
    129: r"\fBedit\fR: the connection was cut off, the file is as it was.",
    130: "Interrupted.",
}
TAIL: Final = """\
.SH FILES
.TP
.I /etc/voice-kiosk/config.yaml
The configuration. \\fI/usr/share/voice-kiosk/config.yaml\\fR has every key with its default and what it means; hold.yaml, toggle.yaml and
vad.yaml beside it are short examples, schema.json lets an editor help.
.TP
.I /etc/voice-kiosk/credentials/api-key
The API key alone, mode 0600. systemd's credential \\fIapi-key\\fR and the environment's VOICE_KIOSK_API_KEY come before it.
.TP
.I /var/lib/voice-kiosk
What the daemon keeps.
.TP
.I /run/voice-kiosk
Its working directory while it runs.
.TP
.I /run/voice-kiosk/control.sock
The socket at which it answers the other commands, for root and the group voice-kiosk.
.SH ENVIRONMENT
.TP
.B VOICE_KIOSK_API_KEY
The API key, where there is no systemd.
.TP
.B VOICE_KIOSK_SOCKET
The control socket, where it is another one: to the daemon and to those who ask it.
.TP
.BR VISUAL ", " EDITOR
The editor that \\fBedit\\fR opens; VISUAL comes first.
.TP
.B NO_COLOR
No colours on a terminal.
.SH SIGNALS
To the daemon:
.TP
.BR SIGTERM ", " SIGINT
Leave the call, put the LED out and end, within 3 s.
.TP
.B SIGHUP
Read the configuration again, as \\fBsystemctl reload\\fR does: what a call allows is in force at once, the rest at its end; the log says
what needs a restart. A file that cannot run changes nothing.
.SH SEE ALSO
.BR systemctl (1),
.BR journalctl (1)
.PP
.I /usr/share/doc/voice-kiosk/technician.md
and
.I operator.md
beside it.
"""


class Parameter(Protocol):
    """What is used of a command's argument or option."""

    name: str | None
    help: str | None

    def get_help_record(self, ctx: typer.Context) -> tuple[str, str] | None: ...


class Verb(Protocol):
    """What is used of a command."""

    help: str | None
    hidden: bool
    params: Sequence[Parameter]

    def collect_usage_pieces(self, ctx: typer.Context) -> list[str]: ...


def context(verb: Verb) -> typer.Context:
    """The command's own, without a command line."""
    return typer.Context(cast("TyperCommand", verb))


def verbs() -> Mapping[str, Verb]:
    """Every command that `--help` shows, by name."""
    commands = cast("Mapping[str, Verb]", cast("TyperGroup", get_command(app)).commands)
    return {name: verb for name, verb in commands.items() if not verb.hidden}


def escaped(text: str) -> str:
    """Text that roff takes as it is; a line break is a blank."""
    flat = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", flat)


def page(version: str, date: str) -> str:
    """The page; `date` as it shall stand at its foot."""
    root = cast("Verb", get_command(app))
    commands = verbs().items()
    lines = [
        f'.TH VOICE\\-KIOSK 1 "{date}" "voice\\-kiosk {escaped(version)}" "Voice Kiosk"',
        ".SH NAME",
        "voice\\-kiosk \\- a headless voice appliance: a button, a microphone, a speaker, a LED and a voice agent",
        ".SH SYNOPSIS",
        *(f".B voice\\-kiosk {escaped(name)}\n{usage(verb)}\n.br" for name, verb in commands),
        ".SH DESCRIPTION",
        escaped(root.help or ""),
        ".SH OPTIONS",
        *options(root),
        ".SH COMMANDS",
    ]
    for name, verb in commands:
        lines += [f'.SS "voice\\-kiosk {escaped(name)}"', escaped(inspect.cleandoc(verb.help or "")), *options(verb)]
    lines += [".SH EXIT STATUS", *(f".TP\n.B {code}\n{words}" for code, words in EXITS.items())]
    return "\n".join(lines) + "\n" + TAIL


def usage(verb: Verb) -> str:
    """What may follow the verb."""
    return escaped(" ".join(verb.collect_usage_pieces(context(verb))))


def options(verb: Verb) -> Iterator[str]:
    """A paragraph for each argument and option."""
    for parameter in verb.params:
        # Nothing is returned for what --help hides.
        if record := parameter.get_help_record(context(verb)):
            name, words = record
            yield f".TP\n.B {escaped(name)}\n{escaped(words)}"
