#!/usr/bin/env python3
"""A daemon that only pretends: it shares no code with Tallystick, and speaks the control socket from docs/FORMATS.md alone.

    fake_daemon.py serve SOCKET ANSWER [CUT]   answers every call with the bytes of the file ANSWER (of them the first CUT); the requests
                                               are added to ANSWER.requests; an empty ANSWER is no answer at all: the call hangs
    fake_daemon.py drift OLD NEW               a drift answer on stdout: the changes of `tally check --json` (stdin) as they would come
                                               from a daemon, with the entries as the baseline files OLD and NEW have them
"""
import base64
import json
import os
import socket
import sqlite3
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "oracle"))
import root as oracle  # noqa: E402

SEVERITIES = ["info", "low", "medium", "high", "critical"]
LOG = {"truncated": 1, "replaced": 2, "rewritten": 4}


def serve(path, answer, cut=None):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path + ".new")
    listener.listen(16)
    os.rename(path + ".new", path)
    while True:
        call, _ = listener.accept()
        request = call.makefile("rb").readline()
        with open(answer + ".requests", "ab") as log:
            log.write(request)
        with open(answer, "rb") as file:
            data = file.read()
        if not data:
            time.sleep(600)
        try:
            call.sendall(data[:int(cut)] if cut else data)
        except OSError:
            pass
        call.close()


def sized(data):
    return oracle.u32(len(data)) + data


def exact(record, member):
    if member + "_b64" in record:
        return base64.b64decode(record[member + "_b64"])
    return record[member].encode()


def change_bytes(kind, change, before, after):
    attributes = [name for name in change["attributes"] if name != "mount"]
    parts, data = 0, b""
    if "rule" in change:
        parts, data = 1, sized(change["rule"].encode() + b"\0")
    for bit, entry in ((2, before), (4, after)):
        if entry:
            parts |= bit
            data += sized(entry[0]) + sized(entry[1])
    if change["attributes"] == ["mount"]:
        for bit, side in ((8, "before"), (16, "after")):
            if side in change:
                mount = change[side]["mount"]
                parts |= bit
                data += sized(exact(change, "path")) + sized(exact(mount, "type")) + sized(mount.get("id", "").encode())
    log = sum(LOG[name] for name in change.get("log", []))
    mask = sum(oracle.BIT[name] for name in attributes) if kind == 2 else 0
    return bytes([kind, SEVERITIES.index(change["severity"]), log, parts]) + oracle.u32(mask) + data


def entries(path):
    db = sqlite3.connect("file:" + path + "?mode=ro&immutable=1", uri=True)
    db.row_factory = sqlite3.Row
    db.text_factory = bytes
    return {row["path"]: (row["path"], oracle.canonical(row)) for row in db.execute("SELECT * FROM entry")}


def put(record):
    print(json.dumps(record, separators=(",", ":"), ensure_ascii=False))


def drift(old, new):
    old, new = entries(old), entries(new)
    counts = {"added": 0, "removed": 0, "changed": 0, "unexamined": 0}
    names = ["added", "removed", "changed"]
    for line in sys.stdin:
        record = json.loads(line)
        if record["record"] == "change":
            path = exact(record, "path")
            if record["kind"] == "moved":
                parts = [(1, old[exact(record, "from")], None), (0, None, new[path])]
            elif record["attributes"] == ["mount"]:
                parts = [(2, None, None)]
            else:
                kind = names.index(record["kind"])
                parts = [(kind, old[path] if kind else None, new[path] if kind != 1 else None)]
            for kind, before, after in parts:
                counts[names[kind]] += 1
                data = change_bytes(kind, record, before, after)
                put({"record": "change", "kind": names[kind], "path": "not looked at", "severity": record["severity"],
                     "change_b64": base64.b64encode(data).decode()})
        elif record["record"] == "unexamined":
            counts["unexamined"] += 1
            put(record)
        else:
            summary = record
    parts = {"record": "summary_parts", "format": 1, "a": summary["a"], "b": {"kind": "daemon", "name": "/"}}
    for name in ("examined", "followed", "not_in_baseline", "excluded", "mounts_not_crossed", "rotated", "authentic",
                 "signers", "sequence", "root", "host", "host_id", "created", "attributes_not_compared"):
        parts[name] = summary[name]
    parts.update(counts)
    parts.update({"incomparable": summary.get("incomparable", {}), "bytes_read": 0, "last_full_read": summary["created"],
                  "unknown_signers": [], "notes": summary.get("notes", []), "synced": True, "sync_gap": None})
    put(parts)
    put({"record": "end"})


if __name__ == "__main__":
    {"serve": serve, "drift": drift}[sys.argv[1]](*sys.argv[2:])
