#!/usr/bin/env python3
"""meta.py BASELINE: makes the row of `meta` fit its signatures again, as whoever altered them can. docs/FORMATS.md "baseline.db"."""
import hashlib
import sqlite3
import struct
import sys

db = sqlite3.connect(sys.argv[1])
domain = b"tallystick-signatures-1"
state = hashlib.blake2b(struct.pack("<Q", len(domain)) + domain, digest_size=32)
for sequence, minisig in db.execute("SELECT sequence, minisig FROM signature ORDER BY sequence, key_id"):
    text = minisig.encode()
    state.update(struct.pack("<QQ", sequence, len(text)) + text)
before = db.execute("SELECT value FROM meta WHERE name = 'signatures'").fetchone()[0]
db.execute("UPDATE meta SET value = ? WHERE name = 'signatures'", ("blake2b256:" + state.hexdigest(),))
db.commit()
print(before, "->", "blake2b256:" + state.hexdigest())
