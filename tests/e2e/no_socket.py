#!/usr/bin/env python3
"""no_socket.py COMMAND...: runs it under a seccomp filter by which socket(2) and socketpair(2) kill the process (SIGSYS)."""
import ctypes
import os
import struct
import sys

# number of socket, socketpair; other machines than these are refused
CALLS = {"x86_64": (41, 53), "aarch64": (198, 199), "riscv64": (198, 199)}
LOAD, EQUAL, RETURN = 0x20, 0x15, 0x06
KILL_PROCESS, ALLOW = 0x80000000, 0x7FFF0000
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, MODE_FILTER = 38, 22, 2


def main():
    calls = CALLS[os.uname().machine]
    program = [(LOAD, 0, 0, 0)]  # the number of the call
    for left, call in zip((2, 1), calls):
        program.append((EQUAL, left, 0, call))
    program += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, KILL_PROCESS)]
    text = b"".join(struct.pack("HBBI", *step) for step in program)
    buffer = ctypes.create_string_buffer(text, len(text))
    header = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    for words in ((PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), (PR_SET_SECCOMP, MODE_FILTER, header, 0, 0)):
        if libc.prctl(*[ctypes.c_ulong(w) if isinstance(w, int) else ctypes.c_char_p(w) for w in words]) != 0:
            sys.exit(f"no_socket.py: prctl: {os.strerror(ctypes.get_errno())}")
    os.execv(sys.argv[1], sys.argv[1:])


main()
