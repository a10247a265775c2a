"""The chapter's block cache on the host, under the address and the undefined behaviour sanitizer: cache_cases.c.

    python3 -m pytest tests/fs/test_cache.py --seed 7
"""
import pathlib
import re

import pytest
from fs.ext2_tool import build, run
from mm.test_costs import measure

HERE = pathlib.Path(__file__).resolve().parent
CASES = re.findall(r'^CASE\((\w+),', (HERE / "cache_cases.c").read_text(), re.MULTILINE)

pytestmark = [pytest.mark.chapters("07"), pytest.mark.ends]


@pytest.mark.parametrize("case", CASES)
def test_case(builder, chapter, pytestconfig, case: str) -> None:
    """What the CASE of this name in cache_cases.c claims."""
    program = build(builder, chapter, "san", "cache_cases.c", beside=("volatile_disk.c",))
    run(program, case, str(pytestconfig.getoption("--seed")), timeout=300)


def test_hit(builder, chapter) -> None:
    """A block that is in memory costs no more than 80 instructions, the call, the release and the loop included."""
    assert measure(builder, chapter, "cache_hit")["cache_hit"] <= 80
