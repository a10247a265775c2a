"""Work that is done once in a test session, whichever of its worker processes comes first."""
import contextlib
import fcntl
import hashlib
import json
import pathlib
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def locked(path: pathlib.Path) -> Iterator[None]:
    """Hold a lock that all processes of the session know by its path."""
    with open(path, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def once(directory: pathlib.Path, key: str, work: Callable[[], Any], lock: str | None = None) -> Any:
    """Return `work()` (made of JSON values), which only the first caller of the session runs.

    key    names the result; lock names what may not be used by two at a time (default: the key)
    """
    name = hashlib.sha256(key.encode()).hexdigest()[:20]
    guard = hashlib.sha256((lock or key).encode()).hexdigest()[:20]
    result = directory / f"{name}.json"
    with locked(directory / f"{guard}.lock"):
        if not result.exists():
            result.write_text(json.dumps(work()))
        return json.loads(result.read_text())
