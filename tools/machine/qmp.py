"""A client of the QEMU Machine Protocol: JSON lines, answers in order, events in between."""
import json
import queue
import socket
import threading
from typing import Any

from .errors import MachineError, seconds


class Qmp:
    """One QMP connection on a connected socket; events are collected by a thread and announced on `changed`."""

    def __init__(self, connection: socket.socket, changed: threading.Condition):
        self.events: list[dict[str, Any]] = []
        self.closed = False
        self._socket = connection
        self._changed = changed
        self._answers: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._read_all, name="qmp", daemon=True)
        self._thread.start()

    def _read_all(self) -> None:
        try:
            with self._socket.makefile("rb") as lines:
                for line in lines:
                    message = json.loads(line)
                    if "event" in message:
                        with self._changed:
                            self.events.append(message)
                            self._changed.notify_all()
                    else:
                        self._answers.put(message)
        except OSError:             # the machine is gone; what it means is said by whoever asks it something
            pass
        with self._changed:
            self.closed = True
            self._changed.notify_all()
        self._answers.put(None)

    def _answer(self) -> dict[str, Any]:
        try:
            answer = self._answers.get(timeout=seconds())
        except queue.Empty:
            raise MachineError("QEMU does not answer on QMP") from None
        if answer is None:
            self._answers.put(None)
            raise MachineError("QEMU has ended")
        return answer

    def greet(self) -> None:
        """Wait for the greeting and leave negotiation mode: QEMU is up when this returns."""
        self._answer()
        self.command("qmp_capabilities")

    def command(self, name: str, **arguments: Any) -> Any:
        """Run a command and return its result. An underscore in an argument's name stands for a hyphen."""
        message: dict[str, Any] = {"execute": name}
        if arguments:
            message["arguments"] = {key.replace("_", "-"): value for key, value in arguments.items()}
        with self._lock:
            try:
                self._socket.sendall(json.dumps(message).encode() + b"\n")
            except OSError:
                raise MachineError("QEMU has ended") from None
            answer = self._answer()
        if "error" in answer:
            raise MachineError(f"{name}: {answer['error']['desc']}")
        return answer["return"]

    def close(self) -> None:
        """Close the connection and wait for the reader."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._thread.join()
        self._socket.close()
