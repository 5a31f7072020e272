"""`voice-kiosk doctor`: the whole chain, link by link, with what is wrong and what mends it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from kiosk.cli.ask import SOCKET, Socket
from kiosk.cli.check import DEFAULT
from kiosk.cli.scratch import scratch

if TYPE_CHECKING:
    from rich.console import Console

    from kiosk.config.model import Config
    from kiosk.doctor.findings import Finding
    from kiosk.doctor.visit import Means, Person
    from kiosk.panel.driver import Driver

INTERRUPTED: Final = 130
"""Exit code after Ctrl-C, as shells have it."""
NAMES: Final = 14
"""Columns of the links' names."""
VERDICTS: Final = 9
_STYLES: Final = {"ok": "green", "warning": "yellow", "failure": "bold red", "skipped": "dim"}


def doctor(
    config: Annotated[Path, typer.Option("--config", help="The configuration to look at.")] = DEFAULT,
    socket: Socket = SOCKET,
    session: Annotated[bool, typer.Option("--session", help="Ask for a real session, which may cost, and make a test call in it.")] = False,
    json: Annotated[bool, typer.Option("--json", help="One object for machines, and nothing asked.")] = False,
) -> None:
    """Look at every link of the chain, from the configuration to the sound, and say what is wrong and what mends it.

    Beside a running daemon it borrows microphone, speaker, button and LED while it tests them; a daemon in a call keeps them. Asks
    nothing where there is no terminal. Exit 0 when all is well, 1 with warnings only, 2 with a failure, 78 when the configuration or
    the key keeps the daemon from running.
    """
    import asyncio
    from dataclasses import replace

    from rich.console import Console

    from kiosk.audio.stderr import STDERR
    from kiosk.cli.bedside import Nobody, Technician
    from kiosk.doctor.findings import exit_code
    from kiosk.room.shutdown import end_process
    from kiosk.system.journal import set_up_logging

    set_up_logging("error")
    console = Console(highlight=False)
    on_terminal = not json and sys.stdin.isatty() and sys.stdout.isatty()
    person: Person = Technician(console) if on_terminal else Nobody()
    means = _means(config.absolute(), socket.absolute(), person, session=session)
    # What PortAudio writes of a failing device stands in the middle of the answer, and the answer says it in words.
    with scratch() as cramped, STDERR.unheard():
        try:
            findings = asyncio.run(_visited(replace(means, cramped=cramped), None if json else console))
            code = exit_code(findings)
            _say_all(findings, console, json=json)
        except KeyboardInterrupt:
            person.tell("")
            code = INTERRUPTED
    # The interpreter's own end would wait for threads that a broken driver keeps, and LiveKit's library may abort in it.
    end_process(code)


def _means(config: Path, socket: Path, person: Person, *, session: bool) -> Means:
    from kiosk.audio.card import PortAudioCard
    from kiosk.doctor.visit import Means
    from kiosk.edges import call_maker
    from kiosk.panel.pins import native

    def driver(settings: Config) -> Driver:
        return native(settings.button.chip)

    return Means(config, socket, dict(os.environ), person, session, card=PortAudioCard, driver=driver, call=call_maker)


async def _visited(means: Means, console: Console | None) -> list[Finding]:
    """Every finding, each printed when it is there."""
    from contextlib import AsyncExitStack

    from kiosk.doctor.chain import CHAIN
    from kiosk.doctor.visit import Visit
    from kiosk.doctor.walk import walk

    findings: list[Finding] = []
    async with AsyncExitStack() as exits:
        async for finding in walk(CHAIN, Visit(means, exits)):
            findings.append(finding)
            if console:
                _say(finding, console)
    return findings


def _say(finding: Finding, console: Console) -> None:
    from rich.text import Text

    from kiosk.cli.picture import printable
    from kiosk.system.redact import redacted

    style = _STYLES[finding.verdict]
    head = (f"{finding.verdict:<{VERDICTS}}", style), f"{finding.link:<{NAMES}}"
    words = printable(redacted(finding.words))
    mend = f"→ {printable(redacted(finding.mend))}" if finding.mend else ""
    if console.is_terminal:
        from rich.table import Table

        row = Table.grid()
        row.add_column(width=VERDICTS + NAMES, no_wrap=True)
        row.add_column(overflow="fold")
        row.add_row(Text.assemble(*head), Text(words))
        if mend:
            row.add_row("", Text(mend, style="bold"))
        console.print(row)
        return
    console.print(Text.assemble(*head, words), soft_wrap=True)
    if mend:
        console.print(Text(" " * (VERDICTS + NAMES) + mend), soft_wrap=True)


def _say_all(findings: list[Finding], console: Console, *, json: bool) -> None:
    from kiosk.control.harmless import harmless
    from kiosk.doctor.findings import Verdict, counted, overall
    from kiosk.system.redact import redacted

    if json:
        typer.echo(harmless(redacted(as_json(findings))))
        return
    count = {verdict: sum(finding.verdict is verdict for finding in findings) for verdict in Verdict}
    wrong = f"{counted(count[Verdict.FAILURE], 'failure')}, {counted(count[Verdict.WARNING], 'warning')}"
    console.print(
        f"{wrong}; {count[Verdict.OK]} ok, {count[Verdict.SKIPPED]} skipped", style=_STYLES[overall(findings)], soft_wrap=True, markup=False
    )


def as_json(findings: list[Finding]) -> str:
    """`{"verdict": …, "links": [{"link", "verdict", "words", "mend", "figures"}, …]}`; a figure's unit ends its name."""
    import json
    from dataclasses import asdict

    from kiosk.doctor.findings import overall

    links = [{**asdict(finding), "mend": finding.mend or None} for finding in findings]
    return json.dumps({"verdict": overall(findings), "links": links}, ensure_ascii=False, indent=2)
