#!/usr/bin/env python3
"""journal.py FOLDER: verifies the chain of a journal from docs/FORMATS.md, by the standard library alone. Prints the
number of lines and the last hash; exit status 0 when every line follows from the one before.

journal.py --append FOLDER [SEGMENT-LINES]: appends a line for each one on standard input, "TIME MEMBERS", MEMBERS being the
inside of a JSON object; a new segment begins every SEGMENT-LINES lines.

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


def chain(before, body):
    text = struct.pack("<Q", len(DOMAIN)) + DOMAIN + before + body
    return hashlib.blake2b(text, digest_size=32).digest()


def lines(folder):
    for name in sorted(os.listdir(folder)):
        match = re.fullmatch(r"events-([0-9]{16})\.ndjson", name)
        if not match:
            continue
        first = int(match.group(1))
        with open(os.path.join(folder, name), "rb") as file:
            for at, line in enumerate(file.read().split(b"\n")[:-1], 1):
                yield name, at, first if at == 1 else None, line


def verify(folder):
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
        before = chain(before, body)
        if before.hex().encode() != tail.group(1):
            broken("does not chain")
        due += 1
        count += 1
    return count, before


def append(folder, segment_lines):
    seq, before = verify(folder)
    names = sorted(name for name in os.listdir(folder) if name.endswith(".ndjson"))
    first = int(names[-1][7:23]) if names else 1
    for given in sys.stdin.buffer.read().splitlines():
        time, members = given.split(b" ", 1)
        seq += 1
        if segment_lines and seq - first >= segment_lines:
            first = seq
        body = b'{"record":"event","seq":%d,"time":"%s","uptime":%d.000,%s' % (seq, time, seq, members)
        before = chain(before, body)
        with open(os.path.join(folder, f"events-{first:016}.ndjson"), "ab") as file:
            file.write(body + b',"chain":"blake2b256:' + before.hex().encode() + b'"}\n')


if len(sys.argv) == 2 and sys.argv[1] != "--append":
    found, last = verify(sys.argv[1])
    print(found, "blake2b256:" + last.hex())
elif len(sys.argv) in (3, 4) and sys.argv[1] == "--append":
    append(sys.argv[2], int(sys.argv[3]) if len(sys.argv) == 4 else 0)
else:
    sys.exit(__doc__)
