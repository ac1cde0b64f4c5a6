#!/usr/bin/env bats
# The races of watching a tree that moves, one test each: docs/ARCHITECTURE.md "The life of one event" has the list. After each of
# them what the daemon holds to differ must be what a fresh check finds.

load lib
load daemon

setup() {
	daemon_area
	for d in a b c; do
		mkdir -p "$TREE/$d/inner/deep"
		echo "$d" >"$TREE/$d/file"
		echo "$d inner" >"$TREE/$d/inner/file"
		echo "$d deep" >"$TREE/$d/inner/deep/file"
	done
}

teardown() {
	daemon_end
}

begun() {
	must 0 tally init
	daemon
	is .state green
}

@test "entries made between mkdir and the watch are found" {
	begun
	for i in {1..40}; do
		mkdir -p "$TREE/new$i/x/y/z"
		echo "$i" >"$TREE/new$i/x/y/z/file"
		echo "$i" >"$TREE/new$i/x/file"
	done
	barrier
	for i in {1..40}; do
		expected added "new$i/x/y/z/file"
		expected added "new$i/x/file"
	done
	same
	expect added new40/x/y/z/file
	[ "$(told | sort | uniq -d | wc -l)" -eq 0 ]
}

@test "a change while the first baseline is built" {
	for i in {1..30}; do mkdir "$TREE/m$i" && (cd "$TREE/m$i" && seq 100 | xargs touch); done
	start --first-baseline
	i=0
	until [ -e "$STATE/baseline.db" ] && [ "$i" -ge 50 ]; do
		i=$((i + 1))
		echo "$i" >"$TREE/m$((i % 30 + 1))/$((i % 100 + 1))"
		echo "$i" >"$TREE/a/inner/deep/late$i"
		mkdir -p "$TREE/b/late$i/x" && touch "$TREE/b/late$i/x/y"
		[ "$i" -lt 20000 ] || break
	done
	ready
	must 0 tally verify
	same
	is .state green
	# and it goes on
	echo after >"$TREE/a/after"
	barrier
	expected added a/after
	same
}

@test "a directory is renamed inside the tree: events come under its new name" {
	begun
	mv "$TREE/a" "$TREE/b/moved"
	echo more >>"$TREE/b/moved/inner/deep/file"
	barrier
	expected moved b/moved
	[ "$(events 'select(.kind == "moved" and .path == $tree + "/b/moved") | .from')" = "$TREE/a" ]
	expected moved b/moved/inner/deep/file
	unexpected removed a/file
	echo more >>"$TREE/b/moved/inner/file"
	mkdir "$TREE/b/moved/inner/deep/new" && touch "$TREE/b/moved/inner/deep/new/x"
	barrier
	observed b/moved/inner/file
	expected added b/moved/inner/deep/new/x
	unobserved a/inner/deep/new/x
	same
}

@test "a rename within one directory, again and again" {
	begun
	for i in {1..30}; do
		mv "$TREE/a" "$TREE/z$i"
		touch "$TREE/z$i/inner/t$i"
		mv "$TREE/z$i" "$TREE/a"
	done
	barrier
	for i in {1..30}; do expected added "a/inner/t$i"; done
	same
	unexpected removed a
	unexpected removed a/file
}

@test "out and in again under another name before anybody noticed: the watch is mapped already" {
	begun
	for i in {1..20}; do
		mv "$TREE/a" "$OUT/a"
		mv "$OUT/a" "$TREE/c/back"
		touch "$TREE/c/back/inner/$i"
		mv "$TREE/c/back" "$OUT/b"
		mv "$OUT/b" "$TREE/a"
		touch "$TREE/a/inner/deep/$i"
	done
	barrier
	for i in {1..20}; do
		expected added "a/inner/$i"
		expected added "a/inner/deep/$i"
	done
	same
}

@test "moved out of the scope: removals, and silence afterwards" {
	begun
	before=$(state .watches.directories)
	mv "$TREE/a" "$OUT/a"
	barrier
	for path in a a/file a/inner a/inner/file a/inner/deep a/inner/deep/file; do told_exactly "$path" removed; done
	[ "$(state .watches.directories)" -eq $((before - 3)) ]
	heard=$(events '.paths[]?.path' | grep -c "^$TREE/a" || true)
	echo more >"$OUT/a/inner/deep/file"
	touch "$OUT/a/new"
	barrier
	[ "$(events '.paths[]?.path' | grep -c "^$TREE/a" || true)" -eq "$heard" ]
	same
	expect removed a/inner/deep/file
}

@test "moved in: the whole tree is taken up" {
	begun
	mkdir -p "$OUT/t/x/y"
	touch "$OUT/t/1" "$OUT/t/x/2" "$OUT/t/x/y/3"
	mv "$OUT/t" "$TREE/a/t"
	barrier
	for path in a/t a/t/1 a/t/x a/t/x/2 a/t/x/y a/t/x/y/3; do told_exactly "$path" added; done
	echo more >"$TREE/a/t/x/y/3"
	barrier
	told_exactly a/t/x/y/3 added changed
	same
}

@test "two directories and two files are exchanged" {
	begun
	exchanged "$TREE/a/inner" "$TREE/b"
	exchanged "$TREE/c/file" "$TREE/c/inner/file"
	echo more >>"$TREE/b/deep/file"
	echo more >>"$TREE/a/inner/inner/deep/file"
	barrier
	expected changed c/file content
	expected changed c/inner/file content
	same
	echo new >"$TREE/b/deep/new"
	echo new >"$TREE/a/inner/inner/deep/new"
	barrier
	expected added b/deep/new
	expected added a/inner/inner/deep/new
	same
}

@test "a file and a directory are exchanged" {
	begun
	exchanged "$TREE/a/file" "$TREE/b/inner"
	touch "$TREE/a/file/deep/new"
	barrier
	expected changed a/file type
	expected added a/file/deep/new
	same
}

@test "the root is deleted and made again" {
	begun
	rm -rf "$TREE"
	barrier
	expected removed "$TREE"
	expected removed a/inner/deep/file
	same
	mkdir -p "$TREE/a"
	echo a >"$TREE/a/file"
	barrier
	echo more >>"$TREE/a/file"
	touch "$TREE/a/new"
	barrier
	expected added a/new
	expected changed a/file content
	same
}

@test "a root that is not there yet, and the folders above it" {
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE
		    profile: static
		  - path: $T/later/and/deeper
		    profile: static
	EOF
	begun
	mkdir -p "$T/later/and/deeper/x"
	touch "$T/later/and/deeper/x/y"
	barrier
	expected added "$T/later/and/deeper/x/y"
	same
	mv "$T/later" "$T/sooner"
	barrier
	expected restored "$T/later/and/deeper/x/y" # which is to say that it is not there, as recorded
	same
	mv "$T/sooner" "$T/later"
	touch "$T/later/and/deeper/x/z"
	barrier
	expected added "$T/later/and/deeper/x/z"
	same
}

@test "folders that come and go as fast as can be: watches are freed, none is lost" {
	begun
	before=$(state .watches.directories)
	for i in {1..400}; do
		mkdir -p "$TREE/a/q$((i % 7))/r/s"
		touch "$TREE/a/q$((i % 7))/r/s/t"
		rm -rf "$TREE/a/q$(((i + 3) % 7))"
	done
	rm -rf "$TREE"/a/q*
	barrier
	is .watches.directories "$before"
	is .state green
	touch "$TREE/a/inner/still"
	barrier
	expected added a/inner/still
	same
}

@test "something is mounted over a watched directory" {
	own_namespace
	must 0 inside "$TALLY" init
	daemon
	inside mount -t tmpfs none "$TREE/b"
	inside touch "$TREE/b/hidden"
	barrier
	same
	expect changed b mount
	[ "$(json '.[0].severity')" = critical ]
	expect_unexamined b
	state '.blind[]' | grep -qx "$TREE/b"
	unexpected removed b/file
	inside umount "$TREE/b"
	barrier
	same
	expect_count 0
	# the old watch speaks again
	echo more >>"$TREE/b/inner/file"
	barrier
	expected changed b/inner/file content
	same
}

@test "a mount that was recorded goes, and comes again" {
	own_namespace
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE
		    profile: static
		  - path: $TREE/b
		    profile: static
	EOF
	inside mount -t tmpfs none "$TREE/b"
	inside touch "$TREE/b/on-it"
	must 0 inside "$TALLY" init
	daemon
	inside touch "$TREE/b/more"
	barrier
	expected added b/more
	same
	inside umount "$TREE/b"
	barrier
	same
	expect changed b mount
	expect_unexamined b
	unexpected removed b/on-it
	is .state yellow
}

@test "a bind mount: several paths to one inode" {
	own_namespace
	mkdir "$TREE/mirror"
	inside mount --bind "$TREE/a" "$TREE/mirror"
	must 0 inside "$TALLY" init
	daemon
	inside bash -c 'echo more >>"$1/a/inner/file"; echo more >>"$1/mirror/file"' _ "$TREE"
	barrier
	same
	for path in a mirror; do
		expected changed "$path/inner/file" content
		expected changed "$path/file" content
	done
}

@test "O_TMPFILE and linkat: written under a dead name" {
	begun
	python3 - "$TREE/a" "$TREE/c/inner/named" <<-'EOF'
		import ctypes, os, sys
		fd = os.open(sys.argv[1], os.O_TMPFILE | os.O_RDWR, 0o644)
		os.write(fd, b"before")
		follow = 0x400
		if ctypes.CDLL(None).linkat(-100, f"/proc/self/fd/{fd}".encode(), -100, os.fsencode(sys.argv[2]), follow) != 0:
		    sys.exit("linkat")
		os.write(fd, b"after")
		os.close(fd)
	EOF
	barrier
	expected added c/inner/named
	[ "$(events 'select(.path == $tree + "/c/inner/named") | .after.size' | tail -n 1)" = 11 ]
	same
}

@test "written through a deleted name of a file that has another one" {
	ln "$TREE/a/file" "$TREE/b/other"
	begun
	exec 9>>"$TREE/a/file"
	rm "$TREE/a/file"
	barrier
	expected removed a/file
	same
	echo more >&9
	exec 9>&-
	barrier
	expected changed b/other content
	same
}

@test "hard links: what is done to one name is done to all" {
	ln "$TREE/a/file" "$TREE/b/other"
	begun
	echo more >>"$TREE/a/file"
	barrier
	expected changed b/other content
	same
	ln "$TREE/c/inner/file" "$TREE/c/third" # of a file that had one name
	barrier
	expected changed c/inner/file links
	same
	rm "$TREE/c/inner/file"
	barrier
	same
	mv "$TREE/c/file" "$TREE/b/other" # a name goes without an event of its own
	barrier
	expected changed b/other
	same
}

@test "the queue overflows: a gap, and everything below is looked at again" {
	mkdir "$TREE/flood"
	begun
	kill -STOP "$DAEMON"
	(cd "$TREE/flood" && seq 9000 | xargs touch && seq 1 2 9000 | xargs rm)
	echo behind >"$TREE/a/inner/deep/behind"
	kill -CONT "$DAEMON"
	ready
	[ "$(state "[.watches.classes[].overflows] | add")" -gt 0 ]
	happened gap '.reason | test("overflow")'
	expected added a/inner/deep/behind
	same
	# the same instance still works
	touch "$TREE/a/after"
	barrier
	expected added a/after
	same
	is .state green
}

# limited N COMMAND...: as if there were N watches in all, for this program alone: limits are counted for each user namespace
limited() {
	local limit=$1 go=$T/go
	shift
	mkfifo "$go"
	unshare --user bash -c 'read -r _ <"$1"; shift; exec bash -c "echo $1 >/proc/sys/user/max_inotify_watches; shift; exec \"\$@\"" _ "$@"' _ \
		"$go" "$limit" "$@" >>"$T/daemon.log" 2>&1 3>&- &
	DAEMON=$!
	until_true another_user "$DAEMON"
	echo '0 0 4294967295' >"/proc/$DAEMON/uid_map"
	echo '0 0 4294967295' >"/proc/$DAEMON/gid_map"
	echo >"$go"
}

none_polled() {
	asked status --sync --json >"$T/status.json" || true
	[ "$(state .watches.polled)" = 0 ]
}

another_user() { # PID: it has a user namespace of its own
	[ "$(readlink "/proc/$1/ns/user")" != "$(readlink /proc/$$/ns/user)" ]
}

@test "fewer watches than directories: the severe ones first, the rest is polled, and that is said" {
	needs_root 'a user namespace with all ids'
	unshare --user true 2>/dev/null || skip 'no user namespaces here'
	mkdir "$TREE/plain" "$TREE/severe"
	for i in {1..60}; do mkdir "$TREE/plain/$i" "$TREE/severe/$((i % 9))" 2>/dev/null || true; done
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE
		    profile: static
		    severity: low
		  - path: $TREE/severe
		    profile: static
		    severity: critical
	EOF
	must 0 tally init
	limited 40 "$TALLYD" --config "$CONFIG" --state "$STATE" --control "$CONTROL" --foreground
	ready 8
	is .state yellow
	state '.reasons[]' | grep -qi watch
	[ "$(state .watches.polled)" -gt 10 ]
	is .watches.polled_severe 0
	happened coverage '.polled > 10'
	for i in 1 17 60; do echo new >"$TREE/plain/$i/file"; done
	echo new >"$TREE/severe/3/file"
	# a folder that nobody watches goes to another one with all that is in it, and a new one comes
	mkdir -p "$TREE/plain/5/x/y" && touch "$TREE/plain/5/x/y/z"
	mv "$TREE/plain/5" "$TREE/plain/7/moved"
	checking=(nsenter "--user=/proc/$DAEMON/ns/user" --)
	barrier
	expected added plain/7/moved/x/y/z
	for i in 1 17 60; do expected added "plain/$i/file"; done
	expected added severe/3/file
	same
	# watches that become free are used
	rm -rf "$TREE/plain"
	until_true none_polled
	touch "$TREE/b/inner/deep/new"
	barrier
	expected added b/inner/deep/new
	same
}

@test "excluded directories use no watch" {
	mkdir -p "$TREE/cache"/{1..50}
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE
		    profile: static
		  - path: $TREE/cache
		    exclude: true
	EOF
	begun
	[ "$(state .watches.directories)" -lt 40 ]
	touch "$TREE/cache/1/x"
	rmdir "$TREE/cache/2"
	touch "$TREE/a/x"
	barrier
	expected added a/x
	[ "$(journal | grep -c "$TREE/cache/" || true)" -eq 0 ]
	same
}

@test "what changed while the daemon was stopped is reported, with a gap for the time down" {
	begun
	halted
	echo more >>"$TREE/a/inner/file"
	touch -d '2001-01-01' "$TREE/a/inner/file"
	touch "$TREE/b/new"
	rm "$TREE/c/inner/deep/file"
	daemon
	expected changed a/inner/file content
	expected added b/new
	expected removed c/inner/deep/file
	happened gap '.subtree == "/"'
	[ "$(events 'select(.kind == "stopped").time' | tail -n 1)" \< "$(events 'select(.kind == "gap").to' | tail -n 1)" ]
	[ "$(events 'select(.path == $tree + "/b/new") | .by')" = start ]
	same
}

@test "the same after SIGKILL" {
	begun
	echo one >"$TREE/a/one"
	barrier
	killed
	echo more >>"$TREE/a/inner/file"
	rm "$TREE/a/one"
	daemon
	expected changed a/inner/file content
	told_exactly a/one added restored
	happened gap '.subtree == "/"'
	same
	"$BATS_TEST_DIRNAME/../stress/compare.py" chain "$STATE/journal"
}

@test "after a stop, forged times hide nothing in what is severe" {
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE
		    profile: static
		    severity: high
	EOF
	begun
	halted
	printf 'X' | dd of="$TREE/a/inner/file" conv=notrunc status=none
	touch -r "$TREE/b/inner/file" "$TREE/a/inner/file"
	daemon
	expected changed a/inner/file content
	same
}

@test "an event is enough to read a file again, whatever its times say" {
	begun
	python3 - "$TREE/a/inner/file" <<-'EOF'
		import os, sys
		st = os.stat(sys.argv[1])
		fd = os.open(sys.argv[1], os.O_RDWR)
		os.pwrite(fd, b"Z", 0)
		os.utime(fd, ns=(st.st_atime_ns, st.st_mtime_ns))
		os.close(fd)
	EOF
	barrier
	expected changed a/inner/file content
	same
}

@test "an mmap that is written and unmapped" {
	begun
	python3 - "$TREE/a/inner/file" <<-'EOF'
		import mmap, os, sys
		fd = os.open(sys.argv[1], os.O_RDWR)
		room = mmap.mmap(fd, 0)
		os.close(fd)
		room[0] = 33
		room.close()
	EOF
	barrier
	expected changed a/inner/file content
	same
}

@test "names of any bytes" {
	begun
	python3 - "$TREE" <<-'EOF'
		import os, sys
		tree = os.fsencode(sys.argv[1])
		for name in (b"new\nline", b"\xff\xfe", b"\x1b[31m", b"back\\slash", b"L" * 255, b"%s%n", b"-rf", b" ", b"\xe2\x80\xae"):
		    os.mkdir(tree + b"/a/" + name)
		    open(tree + b"/a/" + name + b"/" + name, "w").close()
	EOF
	barrier
	same
	[ "$(changes | grep -c '^added')" -eq 18 ]
	[ "$(journal | LC_ALL=C grep -cP '[\x00-\x09\x0b-\x1f\x7f]' || true)" -eq 0 ]
	[ "$(journal | jq -es 'map(select(.kind == "added")) | length')" -eq 18 ]
}

@test "deep folders, deeper than a path can be" {
	begun
	python3 - "$TREE/a" <<-'EOF'
		import os, sys
		os.chdir(sys.argv[1])
		for i in range(40):
		    os.mkdir("d" * 200)
		    os.chdir("d" * 200)
		open("end", "w").close()
	EOF
	barrier
	same
	[ "$(changes | grep -c '^added')" -eq 41 ]
}

@test "a link made outside the scope and written through: the daemon's own check finds it" {
	begun
	ln "$TREE/a/inner/file" "$OUT/silent"
	echo more >>"$OUT/silent"
	rm "$OUT/silent"
	barrier # nobody was told
	must 0 asked check --daemon
	until_true happened scan '.purpose == "asked" and .ended == true'
	barrier
	expected changed a/inner/file content
	same
}

@test "a ctime that moves without an event: the daemon's own check finds it" {
	policy <<-EOF
		version: 1
		profiles:
		  times: [type, mode, owner, group, size, content, mtime, ctime]
		rules:
		  - path: $TREE
		    profile: times
	EOF
	begun
	python3 -c 'import os, sys
os.chown(sys.argv[1], -1, -1)' "$TREE/a/file"
	barrier
	must 0 asked check --daemon
	until_true happened scan '.purpose == "asked" and .ended == true'
	barrier
	expected changed a/file ctime
	same
}
