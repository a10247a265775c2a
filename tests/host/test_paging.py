"""kernel/mm/paging.c on the host, under the address and the undefined behaviour sanitizer.

tests/host/paging.c compares each random change with an oracle and plays a processor that remembers every translation.
By hand, for longer:

    RUNG_PAGING_CHANGES=1000000 python3 -m pytest tests/host/test_paging.py --seed 7
"""
import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
FLAGS = ["-std=gnu17", "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-fno-omit-frame-pointer",
         "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
CHANGES = int(os.environ.get("RUNG_PAGING_CHANGES", "4000"))
TIMEOUT = (120 + CHANGES / 100) * float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))


@pytest.mark.ends
@pytest.mark.chapters("05")
def test_random_changes(chapter, tmp_path, pytestconfig):
    """Random changes leave exactly the mappings asked for, no stale translation, no lost table; a failed one nothing."""
    program = tmp_path / "paging"
    compiled = subprocess.run(
        [f"clang{os.environ.get('LLVM', '')}", *FLAGS, f"-I{HERE / 'paging'}", f"-I{HERE / 'include'}",
         f"-I{chapter.path}", HERE / "paging.c", chapter.path / "kernel/mm/paging.c", "-o", program],
        capture_output=True, text=True)
    assert compiled.returncode == 0, compiled.stderr
    done = subprocess.run([program, str(pytestconfig.getoption("--seed")), str(CHANGES)], capture_output=True,
                          text=True, errors="replace", timeout=TIMEOUT)
    if done.returncode:
        pytest.fail(f"paging ended with {done.returncode}:\n{done.stdout}{done.stderr[-6000:]}", pytrace=False)
