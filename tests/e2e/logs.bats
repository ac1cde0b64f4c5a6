#!/usr/bin/env bats
# Growing logs: growth is no change; truncation, a replaced file and a changed beginning are, each by its name.

load lib

setup() {
	area
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE
		    profile: static
		  - path: $TREE/log/**
		    profile: growing-log
		    severity: low
		  - path: $TREE/old/**
		    profile: rotated-log
		  - path: $TREE/cache/**
		    profile: volatile
	EOF
	mkdir "$TREE/log" "$TREE/old" "$TREE/cache"
	for name in a b c d; do printf 'line one\nline two\n' >"$TREE/log/$name"; done
	echo old >"$TREE/old/x.1"
	echo cached >"$TREE/cache/c"
}

@test "growth is no change" {
	must 0 tally init
	echo 'line three' >>"$TREE/log/a"
	checked 0
	checked 0 --quick
	expect_count 0
}

@test "truncation, a replaced file and a changed beginning are told apart" {
	must 0 tally init
	echo short >"$TREE/log/a"
	cp "$TREE/log/b" "$T/copy" && echo more >>"$T/copy" && mv "$T/copy" "$TREE/log/b"
	printf 'LINE' | dd of="$TREE/log/c" conv=notrunc status=none
	echo more >>"$TREE/log/c"
	echo more >>"$TREE/log/d"
	checked 4
	expect_count 3
	expect changed log/a size
	expect changed log/b inode
	expect changed log/c content
	must 4 tally check
	[[ $(grep -A4 log/a <<<"$output") == *truncat* ]]
	[[ $(grep -A4 log/b <<<"$output") == *replaced* ]]
	[[ $(grep -A4 log/c <<<"$output") == *rewritten* || $(grep -A4 log/c <<<"$output") == *'beginning'* ]]
}

@test "rotated and volatile files come and go" {
	must 0 tally init
	mv "$TREE/old/x.1" "$TREE/old/x.2"
	echo new >"$TREE/old/x.1"
	rm "$TREE/cache/c"
	echo other >"$TREE/cache/d"
	checked 0
}

@test "they are no place to hide a program in" {
	must 0 tally init
	cp /bin/true "$TREE/log/prog" && chmod 644 "$TREE/log/prog"
	cp /bin/true "$TREE/old/prog"
	printf '#!/bin/sh\n' >"$TREE/cache/script" && chmod 755 "$TREE/cache/script"
	chmod u+s "$TREE/cache/c"
	run --separate-stderr tally check --json
	[ $((status & 1)) -eq 1 ]
	expect added log/prog
	expect added old/prog
	expect added cache/script
	[[ $(changes) == *cache/c* ]]
}

@test "a one-byte append to a large growing log is not read whole under --quick" {
	size=10G
	[ "${TALLY_PRESET-dev}" = dev ] || size=1G
	truncate -s "$size" "$TREE/log/large"
	must 0 tally init
	echo >>"$TREE/log/large"
	must 0 python3 - "$TALLY" check --quick --json <<-'EOF'
		# runs a program and says how many bytes it read
		import os, subprocess, sys
		child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
		os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
		with open(f"/proc/{child.pid}/io") as io:
		    print(dict(line.split(": ") for line in io.read().splitlines())["rchar"])
		sys.exit(child.wait())
	EOF
	[ "$output" -gt 0 ]
	[ "$output" -lt 100000000 ] || { echo "read $output bytes"; false; }
}

@test "a log that shrank is found under --quick too" {
	must 0 tally init
	truncate -s 3 "$TREE/log/a"
	checked 4 --quick
	expect changed log/a size
}

@test "a rotated log is no change as long as what was recorded of it is there" {
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE/log/**
		    profile: growing-log
		  - path: $TREE/log/*.[0-9]
		    profile: rotated-log
	EOF
	must 0 tally init
	mv "$TREE/log/a" "$TREE/log/a.1"
	echo late >>"$TREE/log/a.1"
	echo new >"$TREE/log/a"
	checked 0
	[ "$(json '.[-1].rotated')" = 1 ]
	checked 0 --quick
	must 0 tally check
	has '1 log was rotated'
	# the same, but somebody cleaned what had been recorded
	printf 'LINE' | dd of="$TREE/log/a.1" conv=notrunc status=none
	checked 4
	expect changed log/a inode
	# and a log that changed hands is no rotation, whatever lies beside it
	printf 'line' | dd of="$TREE/log/a.1" conv=notrunc status=none
	checked 0
	chmod 666 "$TREE/log/a"
	checked 4
	expect changed log/a mode inode
}

@test "a growing profile without size still sees a truncation" {
	policy <<-EOF
		version: 1
		profiles:
		  grow: {from: growing-log, without: [size]}
		rules:
		  - path: $TREE/log
		    profile: grow
	EOF
	must 0 tally init
	echo gone >"$TREE/log/a"
	checked 4
	expect changed log/a content
}

@test "looking for a rotated log moves no access time" {
	must 0 tally init
	mv "$TREE/log/a" "$TREE/log/a.1" && echo new >"$TREE/log/a"
	touch -a -d 2020-01-01 "$TREE/log" "$TREE/log/a.1"
	checked '[0-9]+'
	[ "$(stat -c %x "$TREE/log")" = "$(date -d 2020-01-01 '+%F %T.%N %z')" ]
	[ "$(stat -c %x "$TREE/log/a.1")" = "$(date -d 2020-01-01 '+%F %T.%N %z')" ]
}
