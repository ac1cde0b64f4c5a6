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

# in_mounts SCRIPT: the script in a mount namespace; `disk DIR` mounts the disk there. It is unmounted by hand: what goes with a
# namespace is still being written when the last process of that has ended.
in_mounts() {
	own_mounts '
		disk() { mount -o loop "$1/disk" "$2" || exit 99; trap "umount \"$2\"" EXIT; }
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

@test "accepting a policy does not accept a mount" {
	must 0 tally init
	must 12 in_mounts '
		mount -t tmpfs none "$TREE/data"
		echo "  - path: $TREE/more" >>"$TALLY_CONFIG/policy.yaml"
		echo "    profile: static" >>"$TALLY_CONFIG/policy.yaml"
		tally accept --policy >&2
		tally check --json'
	expect changed data mount
	expect_count 1
	expect_unexamined data
	# gone again, all is as recorded
	checked 0
}

@test "a mount that only the new policy looks at comes with it, one that it lets go leaves with it" {
	needs_root 'mounts'
	mkdir "$T/side" "$T/side/mnt"
	must 4 in_mounts '
		mount -t tmpfs none "$T/side"
		tally init >&2
		printf "  - path: %s/side\n    profile: static\n" "$T" >>"$TALLY_CONFIG/policy.yaml"
		tally accept --policy >&2
		tally check --json >&2
		touch "$T/side/new"
		tally check --json | grep -q "side/new" || exit 1
		rm "$T/side/new"
		printf "version: 1\nrules:\n  - path: %s\n    profile: static\n" "$TREE" >"$TALLY_CONFIG/policy.yaml"
		tally accept --policy >&2
		umount "$T/side"
		tally check --json >&2
		exit 4'
}

@test "a tmpfs over a recorded folder can be accepted; what it hides leaves the baseline" {
	must 0 tally init
	must 0 in_mounts 'mount -t tmpfs none "$TREE/data"; touch "$TREE/data/x"; tally accept --all --json; tally check >&2'
	[ "$(json '[.[] | select(.record == "unexamined")] | length')" = 0 ]
	[ "$(json '[.[] | select(.attributes? == ["mount"])] | length')" = 1 ]
	[ "$(json '.[-1].unexamined')" = 0 ]
	checked 12
	expect changed data mount
}

@test "a path that a mount hides can't be accepted, and that is said" {
	must 0 tally init
	must 66 in_mounts 'mount -t tmpfs none "$TREE/data"; tally accept "$TREE/data/1"'
	error_like 'mount.*hides'
	must 66 in_mounts 'mount -t tmpfs none "$TREE/data"; touch "$TREE/plain/new"; tally accept "$TREE/data/1" "$TREE/plain/new"'
	must 0 tally verify
	[ "$(stored 'select max(sequence) from generation')" = 1 ]
	must 66 in_mounts 'mount -t tmpfs none "$TREE/data"; tally accept "$TREE/data"; touch "$TREE/data/1"; tally accept "$TREE/data/1"'
	error_like 'mount that is not entered'
}
