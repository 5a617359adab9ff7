"""A filter that kills a process as soon as it opens an internet socket: no DNS question and no connection goes unseen.

Run as a program: `python no_network.py FILE.py ARGUMENT...` runs a Python file behind the filter.
"""

import ctypes
import platform
import runpy
import struct
import sys

# The number of the system call `socket`, where this filter is written for.
SOCKET_CALL = {"x86_64": 41, "aarch64": 198}.get(platform.machine()) if sys.platform == "linux" else None

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
_ALLOW, _KILL_PROCESS = 0x7FFF0000, 0x80000000
_LOAD_WORD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_AF_INET, _AF_INET6 = 2, 10
# Where struct seccomp_data has the call's number and the lower half of its first argument.
_CALL, _FIRST_ARGUMENT = 0, 16


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def forbid_internet_sockets() -> None:
    """From now on this process and its children die by SIGSYS when a thread of theirs calls socket(AF_INET...)."""
    instructions = [
        (_LOAD_WORD, 0, 0, _CALL),
        (_JUMP_IF_EQUAL, 0, 4, SOCKET_CALL),
        (_LOAD_WORD, 0, 0, _FIRST_ARGUMENT),
        (_JUMP_IF_EQUAL, 1, 0, _AF_INET),
        (_JUMP_IF_EQUAL, 0, 1, _AF_INET6),
        (_RETURN, 0, 0, _KILL_PROCESS),
        (_RETURN, 0, 0, _ALLOW),
    ]
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in instructions)
    program = _Program(len(instructions), code)
    libc = ctypes.CDLL(None, use_errno=True)
    for call in (
        (_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
        (_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0),
    ):
        if libc.prctl(*call):
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    forbid_internet_sockets()
    sys.argv = sys.argv[1:]
    runpy.run_path(sys.argv[0], run_name="__main__")
