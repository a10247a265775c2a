"""Address line 20: closed at the start, it is opened, by each of the three ways."""
import re

import pytest
from boot.loader import Loader, boot_symbols, wait_halted

pytestmark = pytest.mark.chapters("02", "03")

SYSTEM_CONTROL_A = 0x92
WAYS = [
    ("open_by_bios", "the BIOS"),
    ("open_by_keyboard_controller", "the keyboard controller"),
    ("open_by_port_92h", "port 92h"),
]


@pytest.fixture
def closed(boot, built) -> Loader:
    """The machine before its first instruction, with A20 closed."""
    machine = boot(gdb=True, stopped=True, ready=False)
    loader = Loader(machine, boot_symbols(built))
    machine.monitor(f"o /b {SYSTEM_CONTROL_A:#x} 0")
    assert loader.a20_is_closed()
    return loader


@pytest.mark.parametrize("failing", range(len(WAYS)))
def test_opened(closed, chapter, failing):
    """Where the ways before it don't work, each way opens A20, and the loader says which it was."""
    closed.run_to("a20_open")
    for name, _ in WAYS[:failing]:
        closed.skip_function(name)
    closed.finish()
    closed.machine.serial.expect(f"^A20: opened by {WAYS[failing][1]}\n")
    closed.machine.serial.expect(chapter.ready)


def test_opened_late(closed, chapter):
    """A gate that follows some time after the command is waited for."""
    closed.run_to("a20_open")
    closed.skip_function("open_by_bios")
    closed.stop_at("is_open")
    for _ in range(50):
        closed.gdb.cont()
    closed.stop_at()
    closed.machine.monitor(f"o /b {SYSTEM_CONTROL_A:#x} 2")
    closed.finish()
    closed.machine.serial.expect("^A20: opened by the BIOS\n")
    closed.machine.serial.expect(chapter.ready)


def test_stays_closed(closed):
    """If nothing helps, there is one line and a halt."""
    closed.run_to("a20_open")
    for name, _ in WAYS:
        closed.skip_function(name)
    closed.finish()
    closed.machine.serial.expect("^A20: stays closed, so memory above 1 MiB is out of reach\n")
    wait_halted(closed.machine)
    assert re.search(r"^A20: stays closed.*\n*\Z", closed.machine.screen_text(), re.MULTILINE)


def test_open_already(boot):
    """Where A20 is open, as in every emulator, it is left as it is."""
    assert "A20: open\n" in boot().serial.text()
