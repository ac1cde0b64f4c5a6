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

@test "generations that nobody trusted vouches for are named" {
	minisign -G -W -p "$T/o.pub" -s "$T/o.key" >/dev/null
	must 0 tally sign --force "$T/b.db" --key "$T/o.key" --output "$T/s"
	mkdir "$CONFIG/trusted.d" && cp "$T/o.pub" "$CONFIG/trusted.d/"
	must 0 tally sign --add "$T/s"
	cp "$STATE/baseline.db" "$T/signed.db"
	must 0 tally verify "$T/signed.db" --trust "$T/o.pub"
	has 'AUTHENTIC  '
	for round in 3 4; do
		echo "$round$round$round" >"$TREE/f"
		must 0 tally accept --all
		cp "$STATE/baseline.db" "$T/later.db"
		must 0 tally verify "$T/later.db" --trust "$T/o.pub"
		has 'UP TO GENERATION 2 ' && has "$round"
	done
	has 'generations 3 to 4'
	must 0 tally verify --json "$T/later.db" --trust "$T/o.pub"
	[ "$(json '[.[] | "\(.record) \(.sequence) \(.trusted)"] | join(",")')" = 'generation 3 false,generation 4 false,verify 2 true' ]
	# the host's key signed them all
	must 0 tally verify --json "$T/later.db" --trust "$CONFIG/host.pub" --generation 2
	[ "$(json '[.[] | "\(.record) \(.sequence) \(.trusted)"] | join(",")')" = 'verify 2 true' ]
	must 0 tally history --json --baseline "$T/later.db" --trust "$T/o.pub"
	[ "$(json '[.[].trusted] | join(",")')" = true,true,false,false ]
	must 0 tally history --baseline "$T/later.db" --trust "$T/o.pub"
	[ "$(grep -c 'nothing vouches for it' <<<"$output")" -eq 2 ]
	[ "$(grep -c 'authentic through a later' <<<"$output")" -eq 1 ]
	must 0 tally history --json --baseline "$T/later.db" --trust "$T/o.pub" "$TREE/f"
	[ "$(json '[.[] | select(.record == "version") | .trusted] | join(",")')" = true,true,false,false ]
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
