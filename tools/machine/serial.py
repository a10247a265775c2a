"""A serial port seen from outside: everything the guest sent, and waiting for what it will send."""
import os
import re
import select
import threading
import time
from collections.abc import Callable

from .errors import ExpectationFailed, seconds

TAIL_LINES = 40


class Serial:
    """One serial port on two file descriptors (which may be one), read by a thread of its own.

    `changed` is the machine's condition: it is notified with every byte and with every event, so that `expect` wakes up
    for whichever comes first. `ended` says (called with the condition held) why no more output can come, or None.
    """

    def __init__(self, name: str, output: int, guest_input: int, changed: threading.Condition,
                 ended: Callable[[], str | None], describe: Callable[[], str]):
        self.name = name
        self.fail: re.Pattern[str] | None = None     # output that ends every wait with a failure
        self._output = output               # what the guest says
        self._input = guest_input           # what it hears
        self._changed = changed
        self._ended = ended
        self._describe = describe
        self._data = bytearray()
        self._text = ""
        self._position = 0
        self._closed = False
        self._sending = threading.Lock()
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._read_all, name=f"serial {name}", daemon=True)
        self._thread.start()

    def _read_all(self) -> None:
        while True:
            ready, _, _ = select.select([self._output, self._stop_read], [], [])
            with self._changed:
                if self._output in ready:
                    self._take()
                if self._closed or self._stop_read in ready:
                    self._closed = True
                    self._changed.notify_all()
                    return

    def _take(self) -> None:
        """Take over everything that has been sent; called with the condition held."""
        while not self._closed and select.select([self._output], [], [], 0)[0]:
            try:
                data = os.read(self._output, 65536)
            except OSError:         # a pty whose other side is gone reports EIO
                data = b""
            self._data += data
            self._text += data.decode("latin-1").replace("\r", "")
            self._closed = not data
            self._changed.notify_all()

    def text(self) -> str:
        """All output so far; carriage returns are left out, a byte above 7Fh is the Latin-1 character."""
        with self._changed:
            self._take()
            return self._text

    def data(self) -> bytes:
        """All output so far, byte by byte."""
        with self._changed:
            self._take()
            return bytes(self._data)

    def send(self, data: bytes | str) -> None:
        """Send bytes to the guest. Its UART takes them as it reads them: nothing is lost on this side."""
        view = memoryview(data.encode("latin-1") if isinstance(data, str) else data)
        deadline = time.monotonic() + seconds(120)
        with self._sending:
            while view:
                _, ready, _ = select.select([], [self._input], [], max(0, deadline - time.monotonic()))
                if not ready:
                    raise ExpectationFailed(f"{self.name}: the guest does not read its serial port\n"
                                            + self._describe())
                try:
                    view = view[os.write(self._input, view):]
                except OSError as error:
                    raise ExpectationFailed(f"{self.name}: cannot send: {error}\n{self._describe()}") from None

    def expect(self, pattern: str | re.Pattern[str], timeout: float | None = None) -> re.Match[str]:
        """Wait for output that matches (`^` and `$` match at lines) and return the match.

        The search starts behind the match before. Raises ExpectationFailed with the console's last lines when the time
        is over, when the machine has ended or reset, or when `fail` matches first.
        """
        __tracebackhide__ = True        # pytest shows the caller's line
        regex = re.compile(pattern, re.MULTILINE) if isinstance(pattern, str) else pattern
        limit = seconds(timeout)
        deadline = time.monotonic() + limit
        with self._changed:
            while True:
                end = self._ended()         # asked first: what was sent before the end is taken over next
                self._take()
                match = regex.search(self._text, self._position)
                wrong = self.fail.search(self._text, self._position) if self.fail else None
                if match and not (wrong and wrong.start() < match.start()):
                    self._position = match.end()
                    return match
                if wrong:
                    # The rest of the report is worth having: until the machine is silent for a moment.
                    while self._changed.wait(0.2 * seconds(1)) and not self._closed:
                        pass
                    reason = f"the guest printed {wrong.group()!r}"
                elif end:
                    reason = end
                elif (left := deadline - time.monotonic()) <= 0:
                    reason = f"nothing within {limit:g} s"
                else:
                    self._changed.wait(left)
                    continue
                break
        raise ExpectationFailed(f"{self.name}: expected /{regex.pattern}/, but {reason}\n{self._describe()}")

    def wait_closed(self, timeout: float | None = None) -> bool:
        """Wait until the port is closed from the other side: all output is here."""
        with self._changed:
            return self._changed.wait_for(lambda: self._closed, seconds(timeout))

    def tail(self, lines: int = TAIL_LINES) -> str:
        """The last lines of the output, for a message."""
        return "\n".join(self.text().splitlines()[-lines:])

    def close(self) -> None:
        """Stop the reader. The descriptors belong to whoever opened them."""
        os.write(self._stop_write, b"x")
        self._thread.join()
        os.close(self._stop_read)
        os.close(self._stop_write)
