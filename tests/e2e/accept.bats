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
	sleep 1
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
