"""What goes wrong with a machine, and how long to wait for one."""
import os

DEFAULT_TIMEOUT = 30.0


def seconds(timeout: float | None = None) -> float:
    """A time-out in seconds (the default where none is given), stretched by RUNG_TIMEOUT_SCALE."""
    scale = float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))
    return (DEFAULT_TIMEOUT if timeout is None else timeout) * scale


class MachineError(Exception):
    """The machine did not do what was asked of it; the message says what it did instead."""


class ExpectationFailed(MachineError):
    """Expected output did not come: the time ran out, the machine ended, or it printed what must not come."""
