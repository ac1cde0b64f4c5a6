#!/usr/bin/env python3
"""sparse_image.py IMAGE OUT - packs an ISO image as sparse_image.h has it."""
import struct
import sys

SECTOR = 2048
with open(sys.argv[1], 'rb') as image:
    data = image.read()
out = struct.pack('<H', len(data) // SECTOR)
for number in range(len(data) // SECTOR):
    content = data[number * SECTOR:(number + 1) * SECTOR].rstrip(b'\0')
    if content:
        out += struct.pack('<HH', number, len(content)) + content
with open(sys.argv[2], 'wb') as packed:
    packed.write(out)
