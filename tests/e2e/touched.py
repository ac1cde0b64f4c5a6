#!/usr/bin/env python3
"""touched.py LOG: what a run named of the file system, from the output of `strace -f -y -e trace=%file`, each once: a word,
"opened" or "named" (statx, readlink, getxattr and their like), and the path. A path relative to a working directory that the log
does not tell (llistxattr after fchdir) is given as "./NAME". Mount points that statfs(2) asked of are left out: other tests mount and
unmount meanwhile."""
import os
import re
import sys

CALL = re.compile(r'^(?:\d+ +)?(\w+)\((?:(?:AT_FDCWD|\d+)(?:<((?:[^>\\]|\\.)*)>)?, )?"((?:[^"\\]|\\.)*)"')

seen = set()
with open(sys.argv[1], encoding="latin-1") as log:
    for line in log:
        call = CALL.match(line)
        if not call or call[1] in ("execve", "statfs"):
            continue
        verb, folder, name = call[1], call[2] or ".", call[3]
        path = os.path.join(folder, name) if name else folder
        if not path.startswith("/"):
            path = "./" + os.path.normpath(path)
        seen.add(("opened " if verb.startswith(("open", "creat")) else "named ") + path)
print("\n".join(sorted(seen)))
