"""The links daemon and devices: what the running daemon says, and whether it lends what is to be tested."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path

from kiosk.control.client import Loan, RefusedError, ask, borrowed
from kiosk.control.record import Status
from kiosk.doctor.aside import aside
from kiosk.doctor.findings import Finding, failure, ok, skipped, warning
from kiosk.doctor.visit import Visit
from kiosk.errors import NoAnswerError


def judge_daemon(status: Status, file: Path) -> Finding:
    """What a running daemon says of itself; `file`: the configuration that the doctor looks at."""
    figures = {"state": status.state.value, "faults": [fault.code for fault in status.faults]}
    said = f"{status.state}, the LED shows {status.indication}"
    told = Path(status.configuration.file or "")
    if told.is_absolute() and told != file:
        return warning("daemon", f"{said}; it runs by {told}", f"look at that one: voice-kiosk doctor --config {told}", **figures)
    grave = [fault for fault in status.faults if fault.severity != "notice"]
    if not grave:
        return ok("daemon", f"{said}, no faults", **figures)
    words = "; ".join(f"{fault.code}: {fault.words}" for fault in grave)
    judge = failure if any(fault.severity == "broken" for fault in grave) else warning
    return judge("daemon", f"{said}; {words}", grave[0].mend, **figures)


async def daemon(visit: Visit) -> Finding:
    """Asks it for its status."""
    try:
        answer = await aside(partial(ask, visit.means.socket, "GET", "/status"))
        visit.status = Status.model_validate(answer)
    except NoAnswerError as error:
        return warning("daemon", str(error), error.hint) if error.absent else failure("daemon", str(error), error.hint)
    except RefusedError as error:
        return failure("daemon", f"it refuses: {error}", "is it of the same version? sudo systemctl restart voice-kiosk")
    return judge_daemon(visit.status, visit.means.file)


async def devices(visit: Visit) -> Finding:
    """Borrows microphone, speaker, button and LED from the daemon; where none runs they are nobody's."""
    stack = ExitStack()
    try:
        visit.loan = await aside(partial(_borrow, stack, visit.means.socket))
    except RefusedError as error:
        visit.lacking.add("devices")
        return warning("devices", f"the daemon keeps microphone, speaker, button and LED: {error}", "then look again")
    except NoAnswerError as error:
        if error.absent:
            return ok("devices", "no daemon has microphone, speaker, button and LED")
        visit.lacking.add("devices")
        return skipped("devices", f"whether a daemon has them cannot be asked: {error}", error.hint)
    visit.exits.push_async_callback(aside, stack.close)
    return ok("devices", "lent by the daemon for as long as they are tested; a visitor is not served meanwhile")


def _borrow(stack: ExitStack, socket: Path) -> Loan:
    return stack.enter_context(borrowed(socket))
