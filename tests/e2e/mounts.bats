#!/usr/bin/env bats
# A mount that is missing, new or another one: one critical change, what it hides is unexamined, never removed.

load lib

setup() {
	needs_root 'mounts in a namespace of its own'
	unshare --mount true 2>/dev/null || skip "no mount namespaces here"
	area
	mkdir "$TREE/data" "$TREE/plain"
	touch "$TREE/data"/{1..30} "$TREE/plain/file"
	truncate -s 16M "$T/disk"
	mkfs.ext4 -q "$T/disk"
}

# in_mounts SCRIPT: the script in a mount namespace; `disk DIR` mounts the disk there
in_mounts() {
	own_mounts '
		disk() { mount -o loop "$1/disk" "$2" || exit 99; }
		T=$1 TREE=$2
		tally() { "$TALLY" "$@"; }
		'"$1" "$T" "$TREE"
}

loops() {
	in_mounts 'disk "$T" "$TREE/data"' || skip "no loop devices here"
}

@test "a disk mounted below a scanned folder is crossed" {
	loops
	must 0 in_mounts 'disk "$T" "$TREE/data"; touch "$TREE/data/on-disk"; tally init; tally check; tally show'
	has data/on-disk
	lacks data/17
}

@test "a mount laid over a scanned folder: one critical change, nothing removed" {
	loops
	must 0 tally init
	must 12 in_mounts 'disk "$T" "$TREE/data"; tally check --json'
	expect_count 1
	expect changed data mount
	[ "$(json '.[0].severity')" = critical ]
	[ "$(json '.[0].after.mount.type')" = ext4 ]
	expect_unexamined data
}

@test "a tmpfs laid over a scanned folder too" {
	must 0 tally init
	must 12 in_mounts 'mount -t tmpfs none "$TREE/data"; touch "$TREE/data/evil"; tally check --json'
	expect_count 1
	expect changed data mount
	[ "$(json '.[0].severity')" = critical ]
	expect_unexamined data
}

@test "a folder of the same disk bound over another one" {
	must 0 tally init
	must 12 in_mounts 'mount --bind "$TREE/plain" "$TREE/data"; tally check --json'
	expect_count 1
	expect changed data mount
}

@test "a missing mount: one critical change" {
	loops
	must 0 in_mounts 'disk "$T" "$TREE/data"; touch "$TREE/data"/{1..30}; tally init'
	checked 12
	expect_count 1
	expect changed data mount
	[ "$(json '.[0].before.mount.type')" = ext4 ]
	[ "$(json '.[0].severity')" = critical ]
	must 12 tally check
	has "$TREE/data"
}

@test "another disk in the place of the old one" {
	loops
	must 0 in_mounts 'disk "$T" "$TREE/data"; tally init'
	mkfs.ext4 -q -F "$T/disk"
	run --separate-stderr in_mounts 'disk "$T" "$TREE/data"; tally check --json'
	[ $((status & 4)) -eq 4 ] && [ "$status" -lt 16 ]
	expect changed data mount
	[ "$(json '.[] | select(.attributes? == ["mount"]) | .severity')" = critical ]
}

@test "accepted, a new mount is part of the baseline" {
	loops
	must 0 tally init
	must 0 in_mounts 'disk "$T" "$TREE/data"; touch "$TREE/data/x"; tally accept --all --reason "new disk"; tally check'
	checked 12
	expect changed data mount
}

@test "pseudo file systems are crossed only where a rule names them" {
	must 0 in_mounts 'mount -t tmpfs none "$TREE/data"; touch "$TREE/data/x"; tally init; tally show'
	lacks data/x
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE
		    profile: static
		  - path: $TREE/data
		    profile: static
	EOF
	rm -f "$STATE"/*
	must 0 in_mounts 'mount -t tmpfs none "$TREE/data"; touch "$TREE/data/x"; tally init; tally show'
	has data/x
}
