"""The scheduler's figures where they are exact: on a machine that counts instructions, whose time nobody else takes."""
import re

import pytest
from support.ktap import parse

from tools.machine import Qemu

RUN_TIMEOUT = 60
INSTRUCTIONS_PER_TICK = 1_000_000   # 1 GHz by the time stamp counter, 1000 ticks a second

pytestmark = [pytest.mark.chapters("08"), pytest.mark.ends]


def measure(builder, chapter, name: str, **options) -> dict[str, int]:
    """Run a kernel test by itself; its notes "# NAME NUMBER"."""
    build = builder.build(chapter, TEST=1)
    cmdline = " ".join([f"tests={name}"] + [f"{key}={value}" for key, value in options.items()])
    with Qemu(build.image, icount=True, cmdline=cmdline, symbols=build.kernel) as machine:
        machine.wait_exit(RUN_TIMEOUT)
        result = parse(machine.com2.text()).results[name]
    assert result.passed, "\n".join(result.messages)
    notes = [re.fullmatch(r"(\w+) (\d+)", note) for note in result.messages]
    figures = {note[1]: int(note[2]) for note in notes if note}
    print(figures)
    return figures


def test_switch(builder, chapter):
    """From one kernel process to another, scheduler included, it takes less than 150 instructions."""
    assert measure(builder, chapter, "sched_switch_cost")["switch"] < 150


def test_fair(builder, chapter):
    """Three that compute get a third each."""
    figures = measure(builder, chapter, "sched_fair")
    assert all(30 <= figures[f"share_{n}"] <= 37 for n in range(3))


def test_sleepers(builder, chapter):
    """Twenty that sleep are all woken in time, and one that computes gets nearly all they leave: four fifths."""
    figures = measure(builder, chapter, "sched_sleepers_due")
    assert 75 <= figures["compute_percent"] <= 85
    assert figures["woken_least"] >= 34 and figures["woken_late"] == 0


def test_latency(builder, chapter):
    """Whom an interrupt wakes runs right after it, among three that compute."""
    figures = measure(builder, chapter, "sched_latency")
    assert figures["wake_soon"] == 100
    assert figures["wake_latency"] < 1000 < INSTRUCTIONS_PER_TICK


def test_starvation(builder, chapter):
    """One that computes gets at least half of its ninth beside eight that wake all the time or breed."""
    assert measure(builder, chapter, "sched_nobody_starves")["computing_permille"] >= 55


def test_idle(builder, chapter):
    """With 20 that sleep the processor halts nearly all the time."""
    assert measure(builder, chapter, "sched_idle")["idle_percent"] >= 98


def test_timers(builder, chapter):
    """A timer expires with the first tick after its deadline."""
    assert measure(builder, chapter, "timer_order")["timer_latest_us"] <= 1100


def test_deadline(builder, chapter):
    """Whoever sleeps with a deadline is back two ticks after it at the latest, while another computes."""
    assert measure(builder, chapter, "wait_deadline_others")["in_time"] == 10


@pytest.mark.parametrize("seed", [1, 2])
def test_stress(builder, chapter, seed):
    """Interrupts at random instructions, a switch at most of them: nothing is lost and nothing mixed up."""
    figures = measure(builder, chapter, "stress", seed=seed)
    assert figures["switches"] >= 100_000 and figures["interrupts"] >= 5_000
