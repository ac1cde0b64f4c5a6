#!/usr/bin/env bats
# tally init: the first generation, its key and its policy.

load lib

setup() {
	area
	echo one >"$TREE/one"
	mkdir "$TREE/dir"
	echo two >"$TREE/dir/two"
}

@test "init makes key, baseline and seen, and check finds nothing, twice" {
	must 0 tally init
	[ -f "$STATE/baseline.db" ]
	[ -f "$STATE/seen" ]
	[ "$(stat -c %a "$CONFIG/host.key")" = 600 ]
	[ -f "$CONFIG/host.pub" ]
	checked 0
	[ "$(json '.[-1].examined')" = 4 ]
	checked 0
	expect_count 0
}

@test "the summary says what the verdict rests on" {
	must 0 tally init
	checked 0
	[ "$(json '.[-1] | [.format, .authentic, .sequence, .added, .removed, .changed, .moved, .unexamined] | @csv')" = '1,true,1,0,0,0,0,0' ]
	[ "$(json '.[-1].root' | cut -c1-11)" = blake2b256: ]
	[ "$(json '.[-1].signers | length')" = 1 ]
	[ "$(json '.[-1].moves')" = complete ]
	[ "$(json '.[-1].a.kind')" = baseline ]
	[ "$(json '.[-1].b.kind')" = live ]
	root=$(stored 'select statement from generation' | sed -n 's/^root: //p')
	[ "$(json '.[-1].root')" = "$root" ]
}

@test "init refuses when a baseline exists" {
	must 0 tally init
	before=$(sha256sum "$STATE/baseline.db" "$CONFIG/host.key")
	must 73 tally init
	error_like baseline
	[ "$(sha256sum "$STATE/baseline.db" "$CONFIG/host.key")" = "$before" ]
}

@test "init refuses when a baseline was ever seen here" {
	must 0 tally init
	rm "$STATE/baseline.db"
	must 73 tally init
	error_like ''
	[ ! -e "$STATE/baseline.db" ]
}

@test "init writes the default policy when there is none, and it is valid" {
	needs_root "the default policy covers the system's own files"
	rm "$CONFIG/policy.yaml"
	# a root of its own: nothing of this machine is scanned
	mkdir -p "$T/root/etc" "$T/root/usr/bin"
	echo x >"$T/root/etc/passwd"
	must 0 tally init --from "dir:$T/root"
	[ -f "$CONFIG/policy.yaml" ]
	must 0 tally policy check
}

@test "init leaves no other file behind" {
	must 0 tally init
	[ "$(ls -A "$STATE")" = "$(printf 'baseline.db\nlock\nseen')" ] || { ls -A "$STATE"; false; }
	[ "$(ls -A "$CONFIG")" = "$(printf 'host.key\nhost.pub\npolicy.yaml')" ]
}

@test "init of another tree records its paths from its own root" {
	policy <<-EOF
		version: 1
		rules:
		  - path: /dir
		    profile: static
	EOF
	must 0 tally init --from "dir:$TREE"
	must 0 tally show --json /dir/two
	[ "$(json '[.[] | select(.record == "entry")] | .[0].path')" = /dir/two ]
}

@test "nothing in scope is an error" {
	policy <<-EOF
		version: 1
		rules:
		  - path: $T/absent
		    profile: static
	EOF
	must 66 tally init
	error_like ''
	[ ! -e "$STATE/baseline.db" ]
}

@test "a bad policy is 78 and nothing is written" {
	echo 'version: 2' >"$CONFIG/policy.yaml"
	must 78 tally init
	error_like 'policy.yaml:1:'
	[ ! -e "$STATE/baseline.db" ]
}

@test "a state folder that cannot be written is an error, not a crash" {
	rmdir "$STATE"
	touch "$STATE"
	must '73|74|66|65' tally init
	error_like ''
}

@test "--config and --state overrule the environment" {
	mkdir "$T/config2" "$T/state2"
	cp "$CONFIG/policy.yaml" "$T/config2"
	must 0 tally init --config "$T/config2" --state "$T/state2"
	[ -f "$T/state2/baseline.db" ]
	[ ! -e "$STATE/baseline.db" ]
	must 0 tally check --config "$T/config2" --state "$T/state2"
}

@test "an interrupted init leaves nothing" {
	truncate -s 40G "$TREE/large"
	"$TALLY" init >"$T/out" 2>"$T/err" 3>&- &
	pid=$!
	reading "$pid" large
	kill -INT "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" -eq 130 ] || { cat "$T/err"; echo "status $status"; false; }
	[ -z "$(find "$STATE" -type f ! -name lock)" ] || { ls -la "$STATE"; false; }
	rm "$TREE/large"
	must 0 tally init
	checked 0
}

@test "no progress bar where there is no terminal" {
	must 0 tally init
	run cat <<<"$stderr"
	no_control
}

@test "the statement has the fixed lines in the fixed order" {
	must 0 tally init
	statement 1 "$T/statement"
	names=$(sed -E 's/: .*//' "$T/statement" | tr '\n' ' ')
	[ "$names" = 'tallystick-baseline host host-id sequence previous created tool entries unexamined policy mounts packages root ' ] ||
		{ cat "$T/statement"; false; }
	grep -qx 'tallystick-baseline: 1' "$T/statement"
	grep -qx 'sequence: 1' "$T/statement"
	grep -qx 'entries: 4' "$T/statement"
}

@test "a run that was killed between the two halves of the host key" {
	must 0 tally init
	rm "$STATE"/* "$CONFIG/host.pub"
	must 0 tally init
	checked 0
	rm "$STATE"/*
	must 0 tally key generate --no-passphrase "$T/other"
	cp "$T/other.pub" "$CONFIG/host.pub"
	must 65 tally init
	error_like 'host.pub'
}

@test "what killed runs left behind is cleared away" {
	touch "$STATE/baseline.db.tmp-0123456789abcdef" "$STATE/seen.tmp-0123456789abcdef" "$STATE/mine.tmp"
	must 0 tally init
	[ -z "$(find "$STATE" -name '*.tmp-*')" ]
	[ -e "$STATE/mine.tmp" ]
}
