"""Every disk that a power cut could have left behind, from the log of its writes and flushes.

A disk may keep what was written since the last flush, lose it, or keep any part of it in any order: sectors are what is
written whole or not at all. So a state of the disk is everything up to the last flush before the cut, and any subset of
the sectors written after it.
"""
import dataclasses
import itertools
import pathlib
import random
import struct
from collections.abc import Iterator

from tools.machine.writelog import FLUSH, MARK, SECTOR, BadLog, entries

LOAD_MARK = b"powercut"             # what the load (powercut_load.h) writes into its sector outside the file system

EXHAUSTIVE_WRITES = 4               # a window of so few writes: every subset of them
EXHAUSTIVE_SECTORS = 4
PART = (0.1, 0.5, 0.5, 0.9)         # how likely a sector is on the disk, in a random state


@dataclasses.dataclass(frozen=True)
class Write:
    """Sectors of the file system's that were written with one request."""
    entry: int                      # its number in the log
    sector: int                     # from the start of the file system
    data: bytes

    @property
    def count(self) -> int:
        return len(self.data) // SECTOR


@dataclasses.dataclass
class Window:
    """What lies between two flushes."""
    first: int                      # number of its first entry
    writes: list[Write] = dataclasses.field(default_factory=list)
    marks: list[tuple[int, int, int]] = dataclasses.field(default_factory=list)     # (entry, worker, operation)
    last: int = 0                   # number of the flush that ends it, or of the last entry + 1
    before: tuple[int, ...] = ()    # of each worker the last operation that had begun when the window did

    @property
    def sectors(self) -> int:
        return sum(write.count for write in self.writes)

    def begun(self, cut: int) -> tuple[int, ...]:
        """Of each worker the last operation that had begun when the power was cut before entry `cut`."""
        result = list(self.before)
        for entry, worker, operation in self.marks:
            if entry < cut:
                result[worker] = operation
        return tuple(result)


@dataclasses.dataclass(frozen=True)
class State:
    """What a power cut leaves: which sectors of which writes of a window reached the disk."""
    window: int
    cut: int                        # number of the first entry that did not happen
    parts: tuple[tuple[int, tuple[int, ...] | None], ...]       # (index of the write, its sectors or None for all)
    kind: str

    def __str__(self) -> str:
        chosen = ", ".join(f"write {index}" + ("" if sectors is None else f" sectors {list(sectors)}")
                           for index, sectors in self.parts)
        return f"window {self.window}, cut before entry {self.cut} ({self.kind}): {chosen or 'nothing'} of it on the disk"


def read(path: pathlib.Path, start: int, count: int, workers: int = 0) -> list[Window]:
    """The windows of a log, for a file system of `count` sectors from sector `start` of the disk on; the `workers`
    sectors behind it take marks."""
    begun, number = [0] * workers, -1
    windows = [Window(0, before=tuple(begun))]
    for entry in entries(path):
        number = entry.number
        if entry.flags & FLUSH:
            windows[-1].last = number
            windows.append(Window(number + 1, before=tuple(begun)))
        elif entry.flags & MARK:
            continue
        elif start + count <= entry.sector < start + count + workers:
            if entry.count != 1 or entry.data[:8] != LOAD_MARK:
                raise BadLog(f"entry {number}: not a mark")
            worker = entry.sector - start - count
            begun[worker] = struct.unpack_from("<Q", entry.data, 8)[0]
            windows[-1].marks.append((number, worker, begun[worker]))
        elif start <= entry.sector and entry.end <= start + count:
            windows[-1].writes.append(Write(number, entry.sector - start, entry.data))
        else:
            raise BadLog(f"entry {number}: sectors {entry.sector} to {entry.end - 1} are outside the file system")
    windows[-1].last = number + 1
    return windows


class Disk:
    """The file system's bytes as of the start of a window, stepped forward from window to window."""

    def __init__(self, base: bytes, windows: list[Window]):
        self._base, self.windows = base, windows
        self._result = bytearray(len(base))
        self._at(0)

    def _at(self, window: int) -> None:
        self._content, self._window = bytearray(self._base), 0
        self._advance(window)

    def _advance(self, window: int) -> None:
        for done in self.windows[self._window:window]:
            for write in done.writes:
                self._content[write.sector * SECTOR:write.sector * SECTOR + len(write.data)] = write.data
        self._window = window

    def content(self, state: State) -> bytearray:
        """The disk as the state has it; until the next call, which uses the same memory."""
        if state.window < self._window:
            self._at(state.window)
        self._advance(state.window)
        result = self._result
        result[:] = self._content
        writes = self.windows[state.window].writes
        for index, sectors in state.parts:
            write = writes[index]
            if sectors is None:
                result[write.sector * SECTOR:write.sector * SECTOR + len(write.data)] = write.data
            else:
                for n in sectors:
                    target = (write.sector + n) * SECTOR
                    result[target:target + SECTOR] = write.data[n * SECTOR:(n + 1) * SECTOR]
        return result


# ---- Which states ----

def _whole(indices) -> tuple:
    return tuple((index, None) for index in indices)


def _subsets(items: list) -> Iterator[tuple]:
    for size in range(len(items) + 1):
        yield from itertools.combinations(items, size)


def _by_sectors(writes: list[Write], chosen) -> tuple:
    """Parts from a set of (index, sector) pairs."""
    parts = []
    for index, write in enumerate(writes):
        sectors = tuple(n for n in range(write.count) if (index, n) in chosen)
        if sectors:
            parts.append((index, None if len(sectors) == write.count else sectors))
    return tuple(parts)


def _is_special(write: Write, special: set[int]) -> bool:
    return any(write.sector <= sector < write.sector + write.count for sector in special)


def typical(number: int, window: Window, special: set[int], choose: random.Random) -> list[State]:
    """States of a window that are likely to show a mistake; all there are, if it is small. `special` are the sectors of
    the superblocks: a window that writes them gets all subsets of those writes, with nothing, half or all of the rest."""
    writes, indices = window.writes, range(len(window.writes))

    def state(kind: str, parts: tuple, cut: int | None = None) -> State:
        return State(number, window.last if cut is None else cut, parts, kind)

    found = [state("none", ())]
    if not writes:
        return found
    found.append(state("all", _whole(indices)))
    if len(writes) <= EXHAUSTIVE_WRITES:
        found += [state("subset", _whole(chosen)) for chosen in _subsets(list(indices))]
    if window.sectors <= EXHAUSTIVE_SECTORS:
        pairs = [(index, n) for index in indices for n in range(writes[index].count)]
        found += [state("sectors", _by_sectors(writes, set(chosen))) for chosen in _subsets(pairs)]
    important = [index for index in indices if _is_special(writes[index], special)][-4:]
    if important:
        rest = [index for index in indices if index not in important]
        for others in ([], rest, [index for index in rest if choose.random() < 0.5]):
            found += [state("superblock", _whole(sorted([*others, *chosen]))) for chosen in _subsets(important)]
    left_out, one, prefix = (choose.choice(indices) for _ in range(3))
    found += [state("all but the first", _whole(indices[1:])),
              state("all but the last", _whole(indices[:-1])),
              state("all but one", _whole(index for index in indices if index != left_out)),
              state("only the last", _whole(indices[-1:])),
              state("only one", _whole([one])),
              state("prefix", _whole(indices[:prefix]), writes[prefix].entry)]
    torn = choose.randrange(writes[prefix].count)
    found.append(state("torn", (*_whole(indices[:prefix]), *([(prefix, tuple(range(torn)))] if torn else [])),
                       writes[prefix].entry + 1))
    lost = (one, choose.randrange(writes[one].count))
    found.append(state("all but a sector", _by_sectors(
        writes, {(index, n) for index in indices for n in range(writes[index].count)} - {lost})))
    return list({(item.cut, item.parts): item for item in found}.values())


def arbitrary(number: int, window: Window, choose: random.Random) -> State:
    """Any cut point of a window and any subset before it."""
    count = choose.randint(0, len(window.writes))
    if choose.random() < 0.3:
        count = len(window.writes)
    writes = window.writes[:count]
    cut = window.last if count == len(window.writes) else window.writes[count].entry
    part = choose.choice(PART)
    if choose.random() < 0.4:
        return State(number, cut, _whole(index for index in range(count) if choose.random() < part), "random writes")
    chosen = {(index, n) for index in range(count) for n in range(writes[index].count) if choose.random() < part}
    return State(number, cut, _by_sectors(writes, chosen), "random sectors")


def choose_states(windows: list[Window], special: set[int], wanted: int, seed: int, part: int = 0,
                  parts: int = 1) -> list[State]:
    """`wanted` states of a whole log, different ones, of which part `part` of `parts` is returned, in the log's order.

    A quarter are typical states of the first and the last windows (mount and unmount), which are all there are if none
    are wanted; then come typical ones of all others, and random ones.
    """
    choose = random.Random(seed)
    by_window = [typical(number, window, special, choose) for number, window in enumerate(windows)]
    ends = {*range(min(4, len(windows))), *range(max(0, len(windows) - 5), len(windows))}
    chosen = [state for number in sorted(ends) for state in by_window[number]]
    if wanted and len(chosen) > wanted // 4:
        chosen = choose.sample(chosen, wanted // 4)
    superblock = [state for number, states in enumerate(by_window) if number not in ends
                  for state in states if state.kind == "superblock"]
    other = [state for number, states in enumerate(by_window) if number not in ends
             for state in states if state.kind != "superblock"]
    choose.shuffle(superblock)
    choose.shuffle(other)
    room = wanted - min(len(chosen), wanted)
    chosen += superblock[:room // 4]
    chosen += other[:room // 3]
    seen = {(state.window, state.cut, state.parts) for state in chosen}
    busy = [number for number, window in enumerate(windows) if window.writes]
    weights = [min(windows[number].sectors, 64) for number in busy]
    tries = 0
    while busy and len(seen) < wanted and tries < 20 * wanted:
        tries += 1
        number = choose.choices(busy, weights)[0]
        state = arbitrary(number, windows[number], choose)
        if (key := (state.window, state.cut, state.parts)) not in seen:
            seen.add(key)
            chosen.append(state)
    chosen.sort(key=lambda state: (state.window, state.cut))
    return chosen[part::parts]
