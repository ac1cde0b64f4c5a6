#!/usr/bin/env python3
"""root.py BASELINE [SEQUENCE]: recomputes the root hash of a generation from docs/FORMATS.md, by the standard
library alone, and compares it with the signed statement. Prints the root; exit status 0 when it is the statement's.

It shares no code with Tallystick and does not check signatures: minisign does that."""
import hashlib
import sqlite3
import struct
import sys

ATTRIBUTES = ("type mode owner group size content mtime ctime btime inode links target rdev xattrs acl caps "
              "selinux flags").split()
BIT = {name: 1 << at for at, name in enumerate(ATTRIBUTES)}
XATTR_OF = {b"system.posix_acl_access": "acl", b"system.posix_acl_default": "acl", b"security.capability": "caps",
            b"security.selinux": "selinux"}


def digest(domain, *parts):
    name = domain.encode()
    return hashlib.blake2b(struct.pack("<Q", len(name)) + name + b"".join(parts), digest_size=32).digest()


def sized(data):
    return struct.pack("<Q", len(data)) + data


def u64(number):
    return struct.pack("<Q", number & (2**64 - 1))


def u32(number):
    return struct.pack("<I", number)


def xattr_bits(packed):
    bits, at = 0, 0
    while at < len(packed):
        length = struct.unpack_from("<I", packed, at)[0]
        bits |= BIT[XATTR_OF.get(packed[at + 4:at + 4 + length], "xattrs")]
        at += 4 + length
        at += 4 + struct.unpack_from("<I", packed, at)[0]
    return bits


def canonical(row):
    """The canonical bytes of a row: "Entry"."""
    items, value = [], 0

    def item(tag, attribute, present, data):
        nonlocal value
        if present is not None:
            value |= BIT[attribute]
            items.append((tag, data()))

    item(2, "type", row["type"], lambda: bytes([row["type"]]))
    item(3, "mode", row["mode"], lambda: struct.pack("<H", row["mode"]))
    item(4, "owner", row["uid"], lambda: u32(row["uid"]) + (row["user"] or b""))
    item(5, "group", row["gid"], lambda: u32(row["gid"]) + (row["group_name"] or b""))
    item(6, "size", row["size"], lambda: u64(row["size"]))
    item(7, "content", row["digest"], lambda: u64(row["digest_bytes"]) + row["digest"])
    for tag, name in ((8, "mtime"), (9, "ctime"), (10, "btime")):
        item(tag, name, row[name + "_s"], lambda: struct.pack("<qI", row[name + "_s"], row[name + "_ns"]))
    item(11, "inode", row["inode"], lambda: u64(row["inode"]))
    item(12, "links", row["links"], lambda: u64(row["links"]))
    item(13, "target", row["target"], lambda: row["target"])
    item(14, "rdev", row["rdev_major"], lambda: u32(row["rdev_major"]) + u32(row["rdev_minor"]))
    if row["xattrs"] is not None:
        value |= xattr_bits(row["xattrs"])
        items.append((15, row["xattrs"]))
    item(16, "flags", row["flags"], lambda: u32(row["flags"]))
    items.append((17, u32(row["device_major"]) + u32(row["device_minor"])))
    items.append((18, u64(row["blocks"])))
    items.append((19, u32(row["since"]) + bytes([row["head"], row["racy"]])))
    if row["problem"] is not None:
        items.append((20, row["problem"]))
    items.insert(0, (1, u32(value) + u32(row["none"]) + u32(row["failed"])))
    return b"\x01" + b"".join(bytes([tag]) + u32(len(data)) + data for tag, data in items)


class Node:
    """One path: an entry, or an ancestor that no entry stands for."""

    def __init__(self):
        self.leaf, self.directory, self.children = None, True, {}

    def hash(self):
        if not self.directory:
            return self.leaf
        parts = [self.leaf] if self.leaf else []
        # in the order of the names, with "/" behind the names of directories
        for name, child in sorted(self.children.items(), key=lambda pair: pair[0] + b"/" * pair[1].directory):
            parts += [sized(name), child.hash()]
        return digest("tallystick-directory-1" if self.leaf else "tallystick-ancestor-1", *parts)


def rows_of(db, sequence):
    query = ("SELECT *, NULL AS until FROM entry WHERE since<=:n UNION ALL "
             "SELECT * FROM entry_past WHERE since<=:n AND until>:n ORDER BY path")
    return db.execute(query, {"n": sequence})


def main():
    sys.setrecursionlimit(100000)
    db = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro&immutable=1", uri=True)
    db.row_factory = sqlite3.Row
    db.text_factory = bytes
    wanted = sys.argv[2] if len(sys.argv) > 2 else db.execute("SELECT max(sequence) FROM generation").fetchone()[0]
    statement, reason = db.execute("SELECT statement, reason FROM generation WHERE sequence=?", (wanted,)).fetchone()
    top, count = Node(), 0
    for row in rows_of(db, int(wanted)):
        node = top
        for name in row["path"].split(b"/")[1:] if row["path"] != b"/" else []:
            node = node.children.setdefault(name, Node())
        node.leaf, node.directory = digest("tallystick-entry-1", canonical(row)), row["type"] == 2
        count += 1
    root = "blake2b256:" + digest("tallystick-root-1", sized(reason), top.hash()).hex()
    said = dict(line.split(": ", 1) for line in statement.decode().splitlines())
    print(root)
    return 0 if said["root"] == root and said["entries"] == str(count) else 1


if __name__ == "__main__":
    sys.exit(main())
