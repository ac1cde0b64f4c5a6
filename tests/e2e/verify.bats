#!/usr/bin/env bats
# tally verify: a baseline proved authentic and whole.

load lib

setup() {
	area
	echo 1 >"$TREE/f"
	must 0 tally init
	echo 22 >"$TREE/f"
	must 0 tally accept --all
	cp "$STATE/baseline.db" "$T/b.db"
}

@test "the installed baseline" {
	must 0 tally verify
	has "$CONFIG/host.pub" && has blake2b256:
	must 0 tally verify --json
	jq -es 'length >= 1' <<<"$output" >/dev/null
	[ "$(json '.[-1].sequence')" = 2 ]
}

@test "a baseline file needs a key to trust" {
	must '64|16' tally verify "$T/b.db"
	[ -z "$output" ]
	must 0 tally verify "$T/b.db" --trust "$CONFIG/host.pub"
	must 0 tally verify "baseline:$T/b.db" --trust "$CONFIG/host.pub"
	minisign -G -W -p "$T/o.pub" -s "$T/o.key" >/dev/null
	must 16 tally verify "$T/b.db" --trust "$T/o.pub"
	must 0 tally verify "$T/b.db" --trust "$T/o.pub" --trust "$CONFIG/host.pub"
	must 16 tally verify "$T/b.db" --trust "$CONFIG/host.pub" --min-sequence 3
	must 66 tally verify "$T/none.db" --trust "$CONFIG/host.pub"
	must 66 tally verify "$T/b.db" --trust "$T/none.pub"
}

@test "it does not look at the files" {
	rm -r "$TREE"
	must 0 tally verify
}

@test "an old generation that was tampered with is found" {
	table=$(sqlite3 "$STATE/baseline.db" "select name from sqlite_master where name='entry_past'")
	[ "$table" = entry_past ]
	sqlite3 "$STATE/baseline.db" 'update entry_past set size=size+1 where size is not null'
	must '16|65' tally verify
	[ -z "$output" ]
	error_like ''
}

@test "the statement and its signature are enough for other tools" {
	statement 2 "$T/s"
	sqlite3 -readonly "$STATE/baseline.db" "select writefile('$T/sig', minisig) from signature where sequence=2" >/dev/null
	minisign -V -p "$CONFIG/host.pub" -m "$T/s" -x "$T/sig"
	head -n 1 "$T/s" | grep -qx 'tallystick-baseline: 1'
}
