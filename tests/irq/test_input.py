"""Input from outside: bytes over the serial port and keys of the PS/2 keyboard arrive unbroken."""
import random
import re
import zlib

import pytest

SERIAL_BYTES = 10_000
KEYS = 500

ARROWS = {"up": b"\x1b[A", "down": b"\x1b[B", "right": b"\x1b[C", "left": b"\x1b[D", "home": b"\x1b[H",
          "end": b"\x1b[F", "insert": b"\x1b[2~", "delete": b"\x1b[3~", "pgup": b"\x1b[5~", "pgdn": b"\x1b[6~"}
FUNCTION_KEYS = dict(zip([f"f{n}" for n in range(1, 13)],
                         [b"\x1bOP", b"\x1bOQ", b"\x1bOR", b"\x1bOS"] +
                         [b"\x1b[%d~" % n for n in (15, 17, 18, 19, 20, 21, 23, 24)]))
CHARACTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 `-=[]\\;',./~!@#$%^&*()_+{}|:\"<>?"
OTHERS = {"ret": b"\r", "tab": b"\t", "backspace": b"\x7f", "esc": b"\x1b"}


class Keys:
    """Random keys, and the bytes that they must become."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.caps_lock = False

    def next(self) -> tuple[str, bytes]:
        kind = self.random.choices(["character", "control", "alt", "special", "other", "caps_lock"],
                                   [50, 10, 8, 20, 6, 6])[0]
        side = self.random.choice(["", "_r"])
        if kind == "caps_lock":
            self.caps_lock = not self.caps_lock
            return "caps_lock", b""
        if kind == "control":
            letter = self.random.choice("abdefghijklmnopqrstuvwxyz")        # Ctrl-C ends the word `keys`
            return f"ctrl{side}-{letter}", bytes([ord(letter) & 0x1F])
        if kind == "alt":
            letter = self.random.choice("abcdefghijklmnopqrstuvwxyz")
            return f"alt{side}-{letter}", b"\x1b" + self.with_caps_lock(letter)
        if kind == "special":
            return self.random.choice(list((ARROWS | FUNCTION_KEYS).items()))
        if kind == "other":
            return self.random.choice(list(OTHERS.items()))
        character = self.random.choice(CHARACTERS)
        if character.isupper() and side:
            return f"shift_r-{character.lower()}", self.with_caps_lock(character)
        return character, self.with_caps_lock(character)

    def with_caps_lock(self, character: str) -> bytes:
        return (character.swapcase() if self.caps_lock else character).encode()


@pytest.mark.ends
@pytest.mark.chapters("06")
def test_serial_burst(boot, builder, chapter):
    """10 kB of random bytes, sent in one burst to a slow reader, arrive unbroken, in order, without an overflow."""
    data = random.Random(1).randbytes(SERIAL_BYTES)
    machine = boot(builder.build(chapter, TEST=1).image, ready=False, cmdline=f"tests=input_stream input={SERIAL_BYTES}")
    machine.com2.expect("^# input_ready$")
    machine.serial.send(data)
    result = machine.com2.expect(r"^# input_sum ([0-9a-f]{8}) overflows (\d+)$", 60)
    assert int(result[1], 16) == zlib.adler32(data)
    assert result[2] == "0"


@pytest.mark.chapters("06", "06")
@pytest.mark.parametrize("seed", [1, 2])
def test_keys(boot, seed):
    """500 random keys, with shift, control, alt, caps lock, arrows and function keys, arrive as the right bytes."""
    machine = boot()
    machine.serial.send("keys\r")
    start = machine.serial.expect(r"^The bytes that keys send.*\n").end()
    source = Keys(seed)
    keys, expected = zip(*(source.next() for _ in range(KEYS)))
    machine.keys([*keys, "ctrl-c"])
    end = machine.serial.expect(r"\b03\n> $").end()
    bytes_seen = bytes.fromhex(" ".join(re.findall(r"\b[0-9a-f]{2}\b", machine.serial.text()[start:end])))
    assert bytes_seen == b"".join(expected) + b"\x03"


@pytest.mark.chapters("06", "06")
def test_caps_lock_light(boot, tmp_path):
    """The keyboard is told to light caps lock when it goes on, and to put the light out when it goes off."""
    trace = tmp_path / "trace"
    machine = boot(fault_log=False, args=["-trace", "ps2_set_ledstate", "-D", str(trace)])
    machine.serial.expect("^> ")
    for echo, light in (("A", 4), ("a", 0), ("A", 4)):
        machine.keys(["caps_lock", "a"])
        machine.serial.expect(rf"{echo}$")
        machine.keys(["shift"])         # waits until the guest has read all answers
        assert re.findall(r"^ps2_set_ledstate .*ledstate (\d+)$", trace.read_text(), re.MULTILINE)[-1] == str(light)


@pytest.mark.chapters("06", "06")
def test_mouse(boot):
    """A mouse that the BIOS left on stays silent: its bytes don't stand in the way of the keyboard's."""
    machine = boot(ready=False, gdb=True, stopped=True)
    gdb = machine.gdb()
    gdb.run_to(machine.symbols.address("keyboard_init"))
    machine.monitor("o /b 0x64 0xd4")       # the next byte is for the mouse
    machine.monitor("o /b 0x60 0xf4")       # report movements
    gdb.resume()
    machine.serial.expect("^> ")
    for _ in range(3):
        machine.monitor("mouse_move 10 10")
    machine.keys("keys\n")
    machine.serial.expect(r"^The bytes that keys send")


@pytest.mark.chapters("06", "06")
def test_both(boot):
    """Keyboard and serial port at the same time: every byte of both arrives, each port's in its order. (All of it fits
    into the queue: a key that finds no room would be dropped.)"""
    machine = boot()
    machine.serial.send("keys\r")
    start = machine.serial.expect(r"^The bytes that keys send.*\n").end()
    from_serial = "".join(random.Random(2).choices("ABCDEFGH", k=900))
    from_keyboard = "".join(random.Random(3).choices("stuvwxyz", k=60))
    for n in range(0, 60, 10):
        machine.serial.send(from_serial[n * 15:n * 15 + 150])
        machine.keys(from_keyboard[n:n + 10])
    machine.serial.expect(r"(?:[0-9a-f]{2}\s){960}")        # all is there, and Ctrl-C is the last
    machine.keys(["ctrl-c"])
    end = machine.serial.expect(r"\b03\b").end()
    text = bytes.fromhex(" ".join(re.findall(r"\b[0-9a-f]{2}\b", machine.serial.text()[start:end]))).decode()
    assert "".join(re.findall("[a-z]", text)) == from_keyboard
    assert "".join(re.findall("[A-Z]", text)) == from_serial


@pytest.mark.chapters("06", "06")
def test_bochs(boot):
    """In Bochs too, keys arrive from the keyboard and from the serial port."""
    machine = boot.bochs()
    machine.serial.expect("^> ")
    machine.keys("Keys 1\n")
    machine.serial.expect(r"^Keys 1\? ")     # the word is unknown
    machine.serial.send("sleep\r")
    before, after = (machine.serial.expect(r"^up (\d+)\.(\d{6}) s, \d+ ticks$") for _ in range(2))
    assert 1_000_000 <= int(after[1] + after[2]) - int(before[1] + before[2]) < 1_010_000


@pytest.mark.ends
@pytest.mark.chapters("06")
def test_no_controller(boot):
    """Without a keyboard controller the kernel says so on one line and lives on, with the serial port as input."""
    machine = boot(machine="pc,i8042=off", ready=False)
    machine.serial.expect(r"^keyboard: no controller$")
    machine.serial.expect(boot.chapter.ready)
