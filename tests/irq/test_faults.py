"""What goes wrong on purpose: each word at chapter 6's prompt shows its report, on the serial port and on the screen."""
import re

import pytest

pytestmark = pytest.mark.chapters("06", "06")   # later chapters have another prompt

BACKTRACE_LINE = re.compile(r"^  #(\d+) ([0-9a-f]{16}) (\S+)\+(0x[0-9a-f]+)$", re.MULTILINE)
LAST_CALLER = "higher_half"     # the entry code's 64-bit part, which calls kmain
REGISTERS = ("RIP RSP RFLAGS CS SS RAX RBX RCX RDX RSI RDI RBP R8 R9 R10 R11 R12 R13 R14 R15 CR0 CR3 CR4").split()
COLUMNS = 80

DIVIDE, PAGE = "0 (#DE divide error)", "14 (#PF page fault)"

# Word, what the first line says, vector, error code, guilty function.
FAULTS = [
    ("divide", "unexpected #DE divide error", DIVIDE, 0, "demo_divide"),
    ("pagefault", r"page fault: write to 0x00000deadbeef000 \(.*\): not mapped", PAGE, 0x02, "demo_pagefault"),
    ("execute", r"page fault: instruction fetch from .* \(the kernel's data\): not executable", PAGE, 0x11,
     "demo_execute"),
    ("overflow", r"kernel stack overflow: .*\(guard page below the boot stack\)", "8 (#DF double fault)", 0,
     "overflow_deeper"),
]


def provoke(machine, word: str) -> str:
    """Type a word and return the report, from the panic's line to the end of the backtrace."""
    machine.serial.send(word + "\r")
    start = machine.serial.expect(r"^panic: ").start()
    end = machine.serial.expect(rf"^  #\d+ [0-9a-f]+ {LAST_CALLER}\+.*\n").end()
    return machine.serial.text()[start:end]


def check_backtrace(report: str, symbols) -> list[str]:
    """Check the backtrace's names against the symbols of the ELF file; return them, innermost first."""
    lines = BACKTRACE_LINE.findall(report)
    handler = False
    for number, text, name, offset in lines:
        address = int(text, 16)
        behind = int(number != "0" and not handler)     # a return address lies behind its call; an interrupt's does not
        symbol = symbols.symbol(address - behind)
        assert symbol.name.split(".")[0] == name, report
        assert address == symbol.address + int(offset, 16) + behind, report
        handler = address == symbols.address("isr_return")
    return [name for _, _, name, _ in lines]


def check_screen(machine, report: str) -> None:
    """Check that all of a report can be read on the screen."""
    machine.wait_halted()       # the screen gets each piece after the serial port
    screen = machine.screen_text()
    for line in report.rstrip("\n").splitlines():
        for start in range(0, len(line), COLUMNS):
            assert line[start:start + COLUMNS].rstrip() in screen


@pytest.mark.parametrize("word, message, vector, error_code, guilty", FAULTS, ids=[fault[0] for fault in FAULTS])
def test_report(boot, word, message, vector, error_code, guilty):
    """A fault's report has vector, error code, CR2, all registers, and a backtrace that names the guilty function."""
    machine = boot(panics=True)
    address = machine.symbols.address
    report = provoke(machine, word)
    assert re.match(f"panic: {message}$", report, re.MULTILINE), report
    values = re.search(rf"^vector {re.escape(vector)}, error code {error_code:#x}, CR2 (0x[0-9a-f]+)$", report,
                       re.MULTILINE)
    assert values, report
    cr2 = int(values[1], 16)
    where = {
        "pagefault": range(0xDEADBEEF000, 0xDEADBEEF001),
        "execute": range(address("kernel_data_start"), address("kernel_data_end")),
        "overflow": range(address("boot_stack_guard"), address("boot_stack")),
    }
    assert cr2 in where.get(word, range(1)), report     # nothing has faulted before, so CR2 is still 0
    for register in REGISTERS:
        assert re.search(rf"\b{register} +[0-9a-f]{{2}}", report), register
    names = check_backtrace(report, machine.symbols)
    assert names[0] == guilty, report
    assert names[-3:] == ["first_program", "kmain", LAST_CALLER], report
    assert machine.running()
    check_screen(machine, report)


def test_overflow_is_one_line(boot):
    """A recursion that used up the stack takes one line, and whoever started it is named too."""
    machine = boot(panics=True)
    report = provoke(machine, "overflow")
    names = check_backtrace(report, machine.symbols)
    assert "demo_overflow" in names
    assert re.search(r"^     \.\.\. \d{2,} times more$", report, re.MULTILINE), report
    assert len(report.splitlines()) < 24


def test_panic(boot):
    """The kernel's own panic shows the message, the place, and who called."""
    machine = boot(panics=True)
    report = provoke(machine, "panic")
    assert re.match(r"panic: asked for at the prompt\n  at kernel/demo.c:\d+\n", report), report
    names = check_backtrace(report, machine.symbols)
    assert names[0] == "demo_panic"
    assert names[-3:] == ["first_program", "kmain", LAST_CALLER]
    check_screen(machine, report)


def test_breakpoint_returns(boot):
    """A breakpoint's report has registers and a backtrace; the program goes on."""
    machine = boot()
    machine.serial.send("breakpoint\r")
    start = machine.serial.expect(r"^vector 3 \(#BP breakpoint\), error code 0x0, CR2 0x0$").start()
    end = machine.serial.expect(r"^And on it goes\.$").start()
    assert check_backtrace(machine.serial.text()[start:end], machine.symbols)[0] == "demo_breakpoint"
    machine.serial.send("time\r")
    machine.serial.expect(r"^up \d+\.\d{6} s")


def test_machine_check(boot):
    """A machine check is reported like any other exception."""
    machine = boot(panics=True)
    machine.serial.expect("^> ")
    while not machine.registers()["hlt"]:
        assert machine.running()
    machine.monitor("mce 0 1 0xbd00000000000000 5 0 0")
    start = machine.serial.expect(r"^panic: unexpected #MC machine check$").start()
    end = machine.serial.expect(rf"^  #\d+ [0-9a-f]+ {LAST_CALLER}\+.*\n").end()
    report = machine.serial.text()[start:end]
    assert "vector 18 (#MC machine check)" in report
    names = check_backtrace(report, machine.symbols)
    assert "input_read" in names and "first_program" in names, report


def test_nmi_let_through(boot, tmp_path):
    """NMIs, which the loader keeps back, are let through in the end: QEMU has no such gate, but says what is written."""
    trace = tmp_path / "trace"
    machine = boot(fault_log=False, args=["-trace", "memory_region_ops_write", "-D", str(trace)])
    machine.serial.expect("^> ")
    machine.stop()
    written = re.findall(r"^memory_region_ops_write .* addr 0x70 value 0x([0-9a-f]+) ", trace.read_text(), re.MULTILINE)
    assert int(written[-2], 16) & 0x80 and not int(written[-1], 16) & 0x80


def test_nmi(boot):
    """A non-maskable interrupt from outside is reported, with whoever was interrupted."""
    machine = boot(panics=True)
    machine.serial.expect("^> ")
    while not machine.registers()["hlt"]:
        assert machine.running()
    machine.qmp("inject-nmi")
    start = machine.serial.expect(r"^panic: unexpected NMI$").start()
    end = machine.serial.expect(rf"^  #\d+ [0-9a-f]+ {LAST_CALLER}\+.*\n").end()
    report = machine.serial.text()[start:end]
    assert "vector 2 (NMI)" in report
    names = check_backtrace(report, machine.symbols)
    assert "input_read" in names and "first_program" in names, report
