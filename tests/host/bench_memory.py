"""Benchmark of the allocators: operations per second on the host, as one line of JSON.

usage: python3 tests/host/bench_memory.py [CHAPTER]       the newest chapter that has them by default
"""
import json
import pathlib
import subprocess
import sys
import tempfile

sys.path[:0] = [str(folder) for folder in pathlib.Path(__file__).resolve().parents[1:3]]

from host.memory_build import compile_program  # noqa: E402
from support.chapters import ROOT, discover, parse_number  # noqa: E402


def measure(chapter) -> dict[str, int]:
    """Build and run memory_bench.c with a chapter's allocators."""
    with tempfile.TemporaryDirectory(prefix="rung-bench-") as folder:
        target = pathlib.Path(folder) / "memory_bench"
        status, messages = compile_program(chapter, "memory_bench", target, ["-O2"])
        if status:
            raise SystemExit(messages)
        lines = subprocess.run([str(target)], check=True, capture_output=True, text=True).stdout.splitlines()
    return {f"{name}_per_second": int(value) for name, value in (line.split() for line in lines)}


def main() -> None:
    chapters = [chapter for chapter in discover(ROOT) if (chapter.path / "kernel" / "mm" / "kmalloc.c").exists()]
    if len(sys.argv) > 1:
        chapters = [chapter for chapter in chapters if chapter.number == parse_number(sys.argv[1])]
    if not chapters:
        raise SystemExit("no such chapter with allocators")
    print(json.dumps({"chapter": str(chapters[-1]), **measure(chapters[-1])}))


if __name__ == "__main__":
    main()
