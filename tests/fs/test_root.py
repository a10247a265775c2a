"""Where the root file system comes from: the disk that the machine was booted from; and what is said without one."""
import pathlib
import struct
import time

import pytest

from tools.machine.errors import seconds

pytestmark = [pytest.mark.chapters("07"), pytest.mark.ends]
SIGNATURE, ENTRY = 440, 446
PARTITION = 1 << 20


def changed(image, target: pathlib.Path, *changes: tuple[int, bytes]) -> pathlib.Path:
    """A copy of an image with some bytes changed."""
    data = bytearray(pathlib.Path(image).read_bytes())
    for offset, value in changes:
        data[offset:offset + len(value)] = value
    target.write_bytes(data)
    return target


def entry(kind: int, first: int, count: int) -> bytes:
    return struct.pack("<B3xB3xII", 0, kind, first, count)


def is_off(machine) -> bool:
    """Whether the processor comes to halt with interrupts off."""
    deadline = time.monotonic() + seconds(10)
    while time.monotonic() < deadline:
        registers = machine.registers()
        if registers["hlt"] and not registers["rflags"] & 0x200:
            return True
    return False


def halts(machine, message: str) -> None:
    """The machine says why and stops for good, without a panic."""
    machine.serial.expect(f"^root: {message}$")
    assert is_off(machine)
    assert "ready" not in machine.serial.text() and "panic" not in machine.serial.text()


@pytest.mark.parametrize("change, message", [
    ((ENTRY, bytes(16)), "ata0, partition 1: there is none"),
    ((ENTRY, entry(0x83, 2048, 0x7fffffff)), "ata0, partition 1: it does not lie on the disk"),
    ((ENTRY, entry(0x83, 0, 1)), "ata0, partition 1: it does not lie on the disk"),
    ((ENTRY, entry(0x83, 2048, 0)), "ata0, partition 1: it does not lie on the disk"),
    ((ENTRY, entry(0x07, 2048, 8192)), "ata0p1 has type 07h, expected 83h"),
    ((PARTITION + 1024 + 56, b"\0\0"), "ata0p1: no ext2 file system"),
], ids=["no partition", "too large", "at 0", "empty", "type", "no ext2"])
def test_unusable(boot, built, tmp_path, change, message):
    """What is wrong with the disk is one line, and a halt."""
    halts(boot(changed(built.image, tmp_path / "disk.img", change), ready=False), message)


def test_no_disk(boot):
    """A machine whose only disk is none of ours says that there is none."""
    halts(boot(drive="ahci", ready=False), "there is no ATA disk")


def test_other_disk(boot, tmp_path):
    """A disk that we were not booted from is not taken for the root, however it looks."""
    other = tmp_path / "other.img"
    other.write_bytes(bytes(1 << 20))
    machine = boot(drive="ahci", disks=[other], ready=False)
    halts(machine, "no disk has the signature [0-9a-f]{8} of the one we came from")


def test_other_signature(boot, built, tmp_path):
    """The root is on the disk with the signature, wherever it hangs; another one is left alone."""
    other = changed(built.image, tmp_path / "other.img", (SIGNATURE, b"\x12\x34\x56\x78"))
    machine = boot(drive="ahci", disks=[other, built.image])
    assert "root: ata1p1, ext2" in machine.serial.text()


def test_copy(boot, built):
    """Of two disks with the signature the first is the root, and that is said."""
    machine = boot(disks=[built.image])
    assert "root: ata1 has the signature of ata0, which is taken" in machine.serial.text()
    assert "root: ata0p1, ext2" in machine.serial.text()


@pytest.mark.parametrize("memory", ["16M", "6G"])
def test_memory(boot, memory):
    """The root is mounted with little memory and with memory that the disk cannot reach."""
    assert "root: ata0p1, ext2" in boot(memory=memory).serial.text()
