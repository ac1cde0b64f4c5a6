#!/usr/bin/env python3
"""journal.py FOLDER: verifies the chain of a journal from docs/FORMATS.md, by the standard library alone. Prints the
number of lines and the last hash; exit status 0 when every line follows from the one before.

It shares no code with Tallystick."""
import hashlib
import json
import os
import re
import struct
import sys

DOMAIN = b"tallystick-journal-line"
TAIL = re.compile(rb',"chain":"blake2b256:([0-9a-f]{64})"}\Z')
HEAD = re.compile(rb'{"record":"event","seq":([1-9][0-9]{0,14}),"time":"([0-9T:.Z@-]+)","uptime":[0-9]+\.[0-9]{3},"')


def lines(folder):
    for name in sorted(os.listdir(folder)):
        match = re.fullmatch(r"events-([0-9]{16})\.ndjson", name)
        if not match:
            continue
        first = int(match.group(1))
        with open(os.path.join(folder, name), "rb") as file:
            for at, line in enumerate(file.read().split(b"\n")[:-1], 1):
                yield name, at, first if at == 1 else None, line


def main(folder):
    before, due, count = bytes(32), 1, 0
    for name, at, first, line in lines(folder):
        def broken(why):
            sys.exit(f"{name}, line {at}: {why}")
        head, tail = HEAD.match(line), TAIL.search(line)
        if not head or not tail:
            broken("not of the form")
        try:
            members = list(json.loads(line))
        except ValueError as problem:
            broken(f"no JSON: {problem}")
        if members[:4] != ["record", "seq", "time", "uptime"] or members[-1] != "chain":
            broken("members in another order")
        if int(head.group(1)) != due or first not in (None, due):
            broken(f"number {due} is due")
        body = line[:tail.start()]
        text = struct.pack("<Q", len(DOMAIN)) + DOMAIN + before + body
        before = hashlib.blake2b(text, digest_size=32).digest()
        if before.hex().encode() != tail.group(1):
            broken("does not chain")
        due += 1
        count += 1
    print(count, "blake2b256:" + before.hex())


if len(sys.argv) != 2:
    sys.exit(__doc__)
main(sys.argv[1])
