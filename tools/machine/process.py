"""Child processes that never outlive the process that started them."""
import ctypes
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    """Runs in the child before exec: the kernel kills it when the thread that started it ends."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def start(command: list[str], **options) -> subprocess.Popen:
    """Start a command that is killed when this process dies (on Linux; elsewhere `end` must do).

    It gets a session of its own, so that Ctrl-C at the terminal reaches only the test, which then cleans up.
    """
    return subprocess.Popen(command, preexec_fn=_die_with_parent, start_new_session=True, **options)


def end(process: subprocess.Popen) -> None:
    """Kill the process if it still runs, and reap it."""
    if process.poll() is None:
        process.kill()
    process.wait()
