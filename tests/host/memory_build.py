"""Builds the programs of this folder that run a chapter's allocators on the host."""
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


def compile_program(chapter, program: str, target: pathlib.Path, flags: list[str]) -> list:
    """Compile tests/host/PROGRAM.c with the chapter's allocators. Returns status and messages."""
    compiler = f"clang{os.environ.get('LLVM', '')}"
    sources = [HERE / "memory.c", HERE / f"{program}.c"]
    sources += [HERE / "memory_trace.c"] if program != "memory_bench" else []
    sources += [chapter.path / "kernel" / "mm" / name for name in ("pmm.c", "slab.c", "kmalloc.c")]
    done = subprocess.run([compiler, "-std=gnu17", "-Wall", "-Wextra", "-Werror", *flags, f"-I{HERE / 'include'}",
                           f"-I{chapter.path}", f"-I{HERE}", *map(str, sources), "-o", str(target)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
    return [done.returncode, done.stdout]
