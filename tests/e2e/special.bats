#!/usr/bin/env bats
# What a file system holds besides quiet files: nothing hangs, nothing is opened that must not be, and what could not be
# examined is said.

load lib

setup() {
	area
}

teardown() {
	[ -z "${helper-}" ] || dismiss "$helper"
	[ -z "${SHM-}" ] || rm -rf "$SHM"
}

# shm: a tree on a tmpfs, whose times and sizes reach further; its policy names it
shm() {
	SHM=$(mktemp -d /dev/shm/tally.XXXXXX)
	TREE=$SHM
	[ "$(stat -f -c %T "$SHM")" = tmpfs ] || skip "no tmpfs at /dev/shm"
	policy <<-EOF
		version: 1
		rules:
		  - path: $SHM
		    profile: static
	EOF
}

# open_to_others: another user may come to $T, and finds a copy of the program there
open_to_others() {
	chmod go+rx "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test"
	chmod 777 "$T"
	cp "$TALLY" "$T/program"
	chmod 755 "$T/program"
}

@test "FIFOs, sockets and devices are recorded and never opened" {
	needs_root mknod
	mkfifo "$TREE/fifo"
	mknod "$TREE/char" c 4 250
	mknod "$TREE/block" b 7 250
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$TREE/socket"
	must 0 timeout 60 "$TALLY" init
	must 0 timeout 60 "$TALLY" check --json
	must 0 tally show --json
	for type in fifo socket char block; do
		[ "$(json "[.[] | select(.type? == \"$type\" or .entry?.type == \"$type\")] | length")" = 1 ]
	done
	rm "$TREE/fifo" && mkfifo -m 600 "$TREE/fifo"
	checked 4
	expect changed fifo mode
}

@test "a file under another user's write lease" {
	needs_root 'a lease of another user'
	echo leased >"$TREE/f"
	chown 65534 "$TREE/f"
	chmod 755 "$T" "$TREE"
	must 0 tally init
	python3 - "$TREE/f" <<-'EOF' >"$T/lease" 3>&- &
		import fcntl, os, signal, sys, time
		signal.signal(signal.SIGIO, signal.SIG_IGN)
		fd = os.open(sys.argv[1], os.O_RDWR)
		os.setuid(65534)
		fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
		print("leased", flush=True)
		time.sleep(600)
	EOF
	helper=$!
	while [ ! -s "$T/lease" ]; do
		kill -0 "$helper" || skip "no lease can be had here"
		sleep 0.1
	done
	must '0|8' timeout 40 "$TALLY" check --json
	if [ "$status" -eq 8 ]; then expect_unexamined f; fi
}

@test "a sparse file of 8 EiB is unexamined, not read" {
	shm
	truncate -s 9223372036854775807 "$SHM/huge" || skip "no such sizes here"
	echo x >"$SHM/f"
	must '0|8' timeout 120 "$TALLY" init
	must 8 timeout 120 "$TALLY" check --json
	expect_unexamined huge
	expect_count 0
	must 8 tally check
	has huge
}

@test "max_content bounds one file's hashing" {
	policy <<-EOF
		version: 1
		max_content: 1000000
		rules:
		  - path: $TREE
		    profile: static
	EOF
	truncate -s 1000001 "$TREE/over"
	truncate -s 1000000 "$TREE/just"
	must '0|8' tally init
	checked 8
	expect_unexamined over
	[ "$(json '.[-1].unexamined')" = 1 ]
}

@test "times of 1901, 2300 and 9999, before and after the recordable, to the nanosecond" {
	shm
	touch -d '1901-12-14 01:02:03.5Z' "$SHM/a"
	touch -d '2300-01-01 00:00:00.000000001Z' "$SHM/b"
	touch -d '9999-12-31 23:59:59.999999999Z' "$SHM/c"
	touch -d '1969-12-31 23:59:59.999999999Z' "$SHM/d"
	touch -d '@253402300800.5' "$SHM/e" # the year 10000
	must 0 tally init
	checked 0
	must 0 tally show --json
	times=$(json '.[] | (.entry? // .) | select(.type == "file") | .mtime')
	[ "$times" = "$(printf '%s\n' 1901-12-14T01:02:03.500000000Z 2300-01-01T00:00:00.000000001Z 9999-12-31T23:59:59.999999999Z \
		1969-12-31T23:59:59.999999999Z @253402300800.500000000)" ] || { echo "$times"; false; }
	touch -d '2300-01-01 00:00:00.000000002Z' "$SHM/b"
	checked 4
	expect_exactly changed b mtime
}

@test "symbolic link loops, dangling and absolute links" {
	ln -s b "$TREE/a" && ln -s a "$TREE/b"
	ln -s . "$TREE/self"
	ln -s .. "$TREE/up"
	ln -s /nowhere "$TREE/dangling"
	mkdir "$TREE/d" && ln -s ../d "$TREE/d/loop"
	must 0 timeout 60 "$TALLY" init
	checked 0
	[ "$(json '.[-1].examined')" = 8 ]
}

@test "what an unprivileged user may not read is unexamined, exit bit 8" {
	needs_root 'to become somebody else'
	echo secret >"$TREE/secret" && chmod 600 "$TREE/secret"
	mkdir -m 700 "$TREE/closed" && echo x >"$TREE/closed/x"
	echo open >"$TREE/open"
	chown 65534 "$CONFIG" "$STATE" "$CONFIG/policy.yaml"
	open_to_others
	unprivileged test -r "$TREE/open" || skip "the temporary folder is closed to others"
	must '0|8' unprivileged "$T/program" init
	must 8 unprivileged "$T/program" check --json
	expect_unexamined secret
	expect_unexamined closed
	expect_count 0
	[ "$(json '.[-1].unexamined')" = 2 ]
	# ... and root, who sees more, says that there was nothing to compare with, and calls nothing added that was never seen
	run --separate-stderr tally check --json
	[ "$status" -lt 16 ]
}

@test "a directory that can no longer be listed hides its children, it does not remove them" {
	needs_root 'to become somebody else'
	mkdir "$TREE/d" && touch "$TREE/d"/{1..50}
	chown -R 65534 "$CONFIG" "$STATE" "$TREE"
	open_to_others
	unprivileged test -r "$TREE/d/1" || skip "the temporary folder is closed to others"
	must 0 unprivileged "$T/program" init
	chown 0 "$TREE/d" && chmod 700 "$TREE/d"
	must 12 unprivileged "$T/program" check --json
	expect_unexamined d
	expect changed d owner mode
	expect_count 1
}

@test "files that come, go and change while they are read" {
	mkdir "$TREE/busy" "$TREE/still"
	for i in {1..200}; do echo "$i" >"$TREE/still/$i"; done
	must 0 tally init
	(
		while :; do
			for i in {1..40}; do
				echo "$RANDOM" >"$TREE/busy/$i"
				mv "$TREE/busy/$i" "$TREE/busy/$((i + 100))"
				rm -f "$TREE/busy/$((i + 80))"
			done
		done
	) 3>&- &
	helper=$!
	for i in {1..10}; do
		run --separate-stderr timeout 60 "$TALLY" check --json
		[ "$status" -lt 16 ] || { echo "status $status: $stderr"; false; }
		[ "$(json '[.[] | select(.path? | . != null and contains("/still"))] | length')" = 0 ]
	done
}

@test "a file that grows while it is read equals nothing, and does not hang" {
	truncate -s 300M "$TREE/f"
	must 0 tally init
	(while :; do echo x >>"$TREE/f"; done) 3>&- &
	helper=$!
	until [ "$(stat -c %s "$TREE/f")" -gt 314572800 ]; do sleep 0.1; done
	run --separate-stderr timeout 120 "$TALLY" check --json
	[ "$status" -eq 4 ] || [ "$status" -eq 8 ] || [ "$status" -eq 12 ] || { echo "status $status: $stderr"; false; }
}

@test "an xattr of the largest size, and many of them" {
	touch "$TREE/f"
	value=$(head -c 3000 /dev/zero | tr '\0' v)
	setfattr -n user.large -v "$value" "$TREE/f" || skip "no large attributes here"
	for i in {1..20}; do setfattr -n "user.n$i" -v "$i" "$TREE/f"; done
	must 0 tally init
	checked 0
	setfattr -n user.large -v "${value%v}w" "$TREE/f"
	checked 4
	expect_exactly changed f xattrs
}
