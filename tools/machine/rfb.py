"""The keyboard half of a VNC client (RFB 3.3, RFC 6143), for Bochs' `rfb` display."""
import socket
import struct

from .errors import MachineError, seconds

KEY_EVENT = 4
NO_AUTHENTICATION = 1

# X11 key symbols of the keys whose symbol is not their character; names as QEMU has them.
_KEYSYMS = {
    "ret": 0xFF0D, "tab": 0xFF09, "backspace": 0xFF08, "esc": 0xFF1B, "delete": 0xFFFF, "insert": 0xFF63,
    "home": 0xFF50, "left": 0xFF51, "up": 0xFF52, "right": 0xFF53, "down": 0xFF54, "pgup": 0xFF55, "pgdn": 0xFF56,
    "end": 0xFF57, "shift": 0xFFE1, "shift_r": 0xFFE2, "ctrl": 0xFFE3, "ctrl_r": 0xFFE4, "alt": 0xFFE9,
    "alt_r": 0xFFEA, "caps_lock": 0xFFE5, **{f"f{n}": 0xFFBD + n for n in range(1, 13)},
    "spc": 0x20, "minus": 0x2D, "equal": 0x3D, "bracket_left": 0x5B, "bracket_right": 0x5D, "semicolon": 0x3B,
    "apostrophe": 0x27, "grave_accent": 0x60, "backslash": 0x5C, "comma": 0x2C, "dot": 0x2E, "slash": 0x2F,
}


def keysym(code: str) -> int:
    """The key symbol for a key code of QEMU's."""
    return ord(code) if len(code) == 1 else _KEYSYMS[code]


class Rfb:
    """A connection to a VNC server on this machine, used for its keyboard."""

    def __init__(self, port: int):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=seconds())
        self._read(12)                                  # the server's version; every server knows 3.3
        self._socket.sendall(b"RFB 003.003\n")
        if struct.unpack(">I", self._read(4))[0] != NO_AUTHENTICATION:
            raise MachineError("the VNC server wants a password")
        self._socket.sendall(b"\1")                     # share the display
        *_, name_length = struct.unpack(">HH16sI", self._read(24))
        self._read(name_length)

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            part = self._socket.recv(size - len(data))
            if not part:
                raise MachineError("the VNC server has gone")
            data += part
        return data

    def key(self, code: str, down: bool) -> None:
        """Press or release one key."""
        self._socket.sendall(struct.pack(">BBHI", KEY_EVENT, down, 0, keysym(code)))

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()
