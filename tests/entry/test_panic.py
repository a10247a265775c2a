"""A panic as a person sees it: the chapter's demo provokes one when it is asked to."""
import pytest

pytestmark = pytest.mark.chapters("03", "04")       # whose demos know demo=panic

INTERRUPT = 1 << 9
WHITE_ON_RED = 0x4F
VGA_TEXT, COLUMNS = 0xB8000, 80


def test_panic(boot):
    """A panic shows message, values and place on serial and in white on red on the screen, and halts for good."""
    machine = boot(ready=False, panics=True, cmdline="demo=panic")
    message = machine.serial.expect(r"^(panic: asked for by demo=panic; .*\d.*)\n").group(1)
    place = machine.serial.expect(r"^(  at kernel/demo\.c:\d+)\n").group(1)
    while not machine.registers()["hlt"]:
        assert machine.running()
    assert not machine.registers()["rflags"] & INTERRUPT
    assert machine.serial.text().endswith(place + "\n")
    rows = machine.screen_text().splitlines()
    assert message in rows and place in rows
    colors = machine.memory(VGA_TEXT, 2 * COLUMNS * len(rows))[1::2]
    for line in (message, place):
        start = rows.index(line) * COLUMNS
        assert set(colors[start:start + len(line)]) == {WHITE_ON_RED}
