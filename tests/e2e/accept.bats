#!/usr/bin/env bats
# tally accept: the present state of some paths, or the edited policy, as a new signed generation.

load lib

setup() {
	area
	mkdir "$TREE/a" "$TREE/b"
	echo 1 >"$TREE/a/x" && echo 2 >"$TREE/b/y"
	must 0 tally init
}

@test "accepting one path leaves the other changes" {
	echo 11 >"$TREE/a/x" && echo 22 >"$TREE/b/y"
	must 0 tally accept "$TREE/a" --reason 'the first'
	checked 4
	expect changed b/y && expect_count 1
	[ "$(json '.[-1].sequence')" = 2 ]
	must 0 tally accept --all
	checked 0
	[ "$(json '.[-1].sequence')" = 3 ]
}

@test "added and removed paths" {
	rm "$TREE/b/y" && mkdir "$TREE/new" && touch "$TREE/new/file"
	must 0 tally accept "$TREE/new"
	checked 2
	must 0 tally accept "$TREE/b/y"
	checked 0
	must 66 tally show "$TREE/b/y"
	must 0 tally show "$TREE/new/file"
}

@test "nothing to accept makes no generation" {
	must 0 tally accept --all
	[ "$(stored 'select max(sequence) from generation')" = 1 ]
}

@test "what to accept must be said" {
	must 64 tally accept
	error_like ''
	must 64 tally accept --all "$TREE/a"
	must 66 tally accept /proc/cpuinfo
	error_like ''
}

@test "earlier generations are reproducible with their root hashes" {
	roots=()
	for round in 2 3 4; do
		echo "$round $round" >"$TREE/a/x"
		touch "$TREE/a/new-$round"
		rm -f "$TREE/a/new-$((round - 1))"
		must 0 tally accept --all --reason "round $round"
	done
	checked 0
	for round in 1 2 3 4; do
		run --separate-stderr tally check --json --generation "$round"
		[ "$status" -lt 16 ] || { echo "$stderr"; false; }
		[ "$(json '.[-1].sequence')" = "$round" ] || { echo "generation $round: $output"; false; }
		[ "$(json '.[-1].root')" = "$(stored "select statement from generation where sequence=$round" | sed -n 's/^root: //p')" ]
		roots+=("$(json '.[-1].root')")
	done
	[ "$(printf '%s\n' "${roots[@]}" | sort -u | wc -l)" -eq 4 ]
	run --separate-stderr tally check --json --generation 1
	expect changed a/x && expect added a/new-4
	must 0 tally verify
	must '16|66' tally check --generation 9
}

@test "statements chain" {
	echo 11 >"$TREE/a/x"
	must 0 tally accept --all
	statement 2 "$T/two"
	grep -qx 'sequence: 2' "$T/two"
	grep -qE '^previous: blake2b256:[0-9a-f]{64}$' "$T/two"
	statement 1 "$T/one"
	grep -qx 'previous: none' "$T/one"
	[ "$(grep ^host-id "$T/one")" = "$(grep ^host-id "$T/two")" ]
}

@test "an edited policy is critical and in the first line until it is accepted" {
	cat >>"$CONFIG/policy.yaml" <<-EOF
		  - path: $TREE/b
		    exclude: true
	EOF
	echo 22 >"$TREE/b/y"
	must 4 tally check
	[[ ${lines[0]} == *policy* ]] || { echo "${lines[0]}"; false; }
	checked 4
	# the signed policy goes on judging
	expect changed b/y
	[ "$(json '[.[] | select(.record == "change" and .severity == "critical")] | length')" = 1 ]
	checked 4 --fail-on critical
	must 0 tally accept --policy --reason 'b is noise'
	checked 0
	[ "$(json '.[-1].sequence')" = 2 ]
	must 0 tally check
	[[ ${lines[0]} != *policy* ]]
}

@test "accepting paths does not accept an edited policy" {
	printf '  - path: %s/b\n    exclude: true\n' "$TREE" >>"$CONFIG/policy.yaml"
	echo 11 >"$TREE/a/x"
	must 0 tally accept "$TREE/a"
	checked 4
	expect_count 1
	[ "$(json '.[0].severity')" = critical ]
}

@test "a policy that now covers more, and a file added to policy.d" {
	mkdir "$CONFIG/policy.d" "$T/more"
	echo x >"$T/more/file"
	printf 'version: 1\nrules:\n  - path: %s/more\n    profile: static\n' "$T" >"$CONFIG/policy.d/10-more.yaml"
	checked '1|4'
	[ "$(json '.[0].severity')" = critical ]
	must 0 tally accept --policy
	checked 0
	echo y >"$T/more/file"
	checked 4
	expect changed "$T/more/file" content
}

@test "a broken policy file is a critical change, the signed one judges" {
	echo 'rules: [' >"$CONFIG/policy.yaml"
	echo 22 >"$TREE/b/y"
	checked 4
	expect changed b/y
	must 78 tally accept --policy
}

@test "an interrupted accept leaves the old state" {
	truncate -s 40G "$TREE/large"
	before=$(sha256sum "$STATE"/*)
	"$TALLY" accept --all >"$T/out" 2>&1 3>&- &
	pid=$!
	reading "$pid" large
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 130 ] || { cat "$T/out"; echo "status $status"; false; }
	[ "$(sha256sum "$STATE"/*)" = "$before" ]
	rm "$TREE/large"
	must 0 tally verify
	must 0 tally accept --all
	checked 0
}

@test "without the host key nothing can be accepted" {
	echo 11 >"$TREE/a/x"
	rm "$CONFIG/host.key"
	must '66|77' tally accept --all
	error_like host.key
	checked 4
}

@test "a path in a directory that is not recorded yet brings that directory along" {
	mkdir -p "$TREE/new/deep"
	echo 1 >"$TREE/new/deep/file"
	echo 2 >"$TREE/new/other"
	must 0 tally accept "$TREE/new/deep/file"
	must 0 tally verify
	checked 1
	expect added new/other
	expect_count 1
}

@test "with a required key, accept makes a generation that waits for it" {
	must 0 tally key generate --no-passphrase "$T/ops"
	mkdir "$CONFIG/trusted.d"
	cp "$T/ops.pub" "$CONFIG/trusted.d/"
	echo 11 >"$TREE/a/x"
	must 0 tally accept --all
	must 0 tally sign "$STATE/baseline.db" --force --key "$T/ops.key" --output "$T/sig"
	echo ops.pub >"$CONFIG/trusted.d/require"
	must 16 tally check
	must 0 tally sign --add "$T/sig"
	must 0 tally check
	echo 12 >"$TREE/a/x"
	must 0 tally accept --all
	must 16 tally check
}

@test "content that a new policy wants is recorded though the file drifted" {
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE
		    profile: owner
	EOF
	rm -f "$STATE"/*
	must 0 tally init
	touch -d yesterday "$TREE/a/x"
	chmod 600 "$TREE/b/y"
	sed -i 's/owner/config/' "$CONFIG/policy.yaml"
	must 0 tally accept --policy
	checked 4
	expect_exactly changed b/y mode
	expect_count 1
	echo 7 >"$TREE/a/x" && echo 8 >"$TREE/b/y"
	checked 4
	expect_exactly changed a/x content
	expect_exactly changed b/y mode content
	checked 4 --quick
	expect_exactly changed a/x content
}

@test "a file of another size than recorded stays a change, whatever is put there later" {
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE
		    profile: owner
	EOF
	rm -f "$STATE"/*
	must 0 tally init
	echo longer >"$TREE/a/x"
	sed -i 's/owner/config/' "$CONFIG/policy.yaml"
	must 0 tally accept --policy
	checked 4
	expect_exactly changed a/x size
	echo l0nger >"$TREE/a/x"
	checked 4
	expect_exactly changed a/x size content
	echo 7 >"$TREE/a/x"
	checked 4
	expect_exactly changed a/x content
}

@test "an accepted log is signed whole" {
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE
		    profile: growing-log
	EOF
	rm -f "$STATE"/*
	printf 'one\n' >"$TREE/a/x"
	must 0 tally init
	printf 'two\n' >>"$TREE/a/x"
	must 0 tally accept --all
	has '1 record was renewed'
	checked 0
	printf 'three\n' >>"$TREE/a/x"
	checked 0
	printf 'TWO' | dd of="$TREE/a/x" bs=1 seek=4 conv=notrunc status=none
	checked 4
	expect changed a/x content
	must 0 tally accept "$TREE/a"
	checked 0
	must 0 tally accept --all
	has 'NOTHING TO ACCEPT'
}

# root, but without the right to read what it does not own
powerless() {
	setpriv --bounding-set -dac_override,-dac_read_search -- "$TALLY" "$@"
}

@test "what was not signed is not shown as accepted" {
	needs_root 'a file of somebody else'
	chmod 600 "$TREE/a/x" && chown 65534 "$TREE/a/x"
	must 0 tally accept --all
	chmod 200 "$TREE/a/x"
	must 8 powerless accept --json "$TREE/a"
	expect_count 0
	expect_unexamined a/x
	[ "$(json '.[0].applied')" = false ]
	checked 4
	expect_exactly changed a/x mode
}

@test "what could never be read is accepted all the same" {
	needs_root 'a file of somebody else'
	chmod 600 "$TREE/a/x" && chown 65534 "$TREE/a/x"
	rm -f "$STATE"/*
	must "0|8" powerless init
	chmod 200 "$TREE/a/x"
	must 8 powerless accept --json --all
	expect_exactly changed a/x mode
	must 8 powerless check --json
	expect_count 0
}

@test "a generation that the trusted keys could not prove is not made" {
	must 0 tally key generate --no-passphrase "$T/ops"
	mkdir "$CONFIG/trusted.d" && cp "$T/ops.pub" "$CONFIG/trusted.d/"
	must 0 tally sign "$STATE/baseline.db" --force --key "$T/ops.key" --output "$T/sig"
	must 0 tally sign --add "$T/sig"
	echo 11 >"$TREE/a/x"
	must 16 tally accept --all --trust "$T/ops.pub"
	error_like 'host key'
	[ "$(stored 'select max(sequence) from generation')" = 1 ]
	must 0 tally accept --all --trust "$T/ops.pub" --trust "$CONFIG/host.pub"
	[ "$(stored 'select max(sequence) from generation')" = 2 ]
}

@test "accept --json says first what was signed" {
	must 0 tally accept --all --json
	[ "$(json '.[0] | [.record, .applied, .sequence, .recorded, .dropped] | @csv')" = '"accepted",false,1,0,0' ]
	[ "$(json '.[-1].record')" = summary ]
	rm "$TREE/b/y" && echo 11 >"$TREE/a/x"
	must 0 tally accept --all --json
	[ "$(json '.[0] | [.record, .format, .applied, .sequence, .dropped] | @csv')" = '"accepted",1,true,2,1' ]
	[ "$(json '.[0].recorded >= 1')" = true ]
	[ "$(json '.[-1].record')" = summary ]
	printf '  - path: %s/b\n    exclude: true\n' "$TREE" >>"$CONFIG/policy.yaml"
	must 0 tally accept --policy
	has '0 paths newly recorded, 1 no longer covered'
}

@test "a baseline made of a folder stays one until all is accepted" {
	rm -rf "$STATE" && mkdir "$STATE" "$T/copy"
	mkdir -p "$T/copy$TREE"
	cp -a "$TREE/." "$T/copy$TREE"
	must 0 tally init --from "dir:$T/copy"
	checked 0
	echo 11 >"$TREE/a/x"
	must 0 tally accept "$TREE/a"
	checked 0
	printf '  - path: %s/more\n    profile: static\n' "$TREE" >>"$CONFIG/policy.yaml"
	must 0 tally accept --policy
	checked 0
	must 0 tally accept --all
	checked 0
	ln "$TREE/b/y" "$T/other-name" && cp "$T/other-name" "$T/new" && touch -r "$TREE/b/y" "$T/new" && mv "$T/new" "$TREE/b/y"
	checked 4
	expect changed b/y inode
}
