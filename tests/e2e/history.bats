#!/usr/bin/env bats
# tally history: the generations and who signed them; how one path went through them.

load lib

setup() {
	area
	echo 1 >"$TREE/f"
	must 0 tally init
	echo 22 >"$TREE/f"
	must 0 tally accept --all --reason 'second round'
	rm "$TREE/f"
	must 0 tally accept --all --reason 'it went'
}

@test "all generations, with reasons and signers" {
	must 0 tally history
	has 'second round' && has 'it went'
	has "$CONFIG/host.pub"
	must 0 tally history --json
	[ "$(json '[.[].sequence | select(. != null)] | unique | @csv')" = 1,2,3 ]
	[ "$(json '[.[] | select(.sequence == 2)] | .[0].reason')" = 'second round' ]
	[ "$(json '[.[] | select(.sequence == 3)] | .[0].signers | length')" = 1 ]
}

@test "one path" {
	must 0 tally history "$TREE/f"
	must 0 tally history --json "$TREE/f"
	has "$(echo 1 | sha256sum | cut -d' ' -f1)"
	has "$(echo 22 | sha256sum | cut -d' ' -f1)"
	must 66 tally history "$TREE/never"
	error_like ''
}

@test "control characters in a reason are escaped" {
	touch "$TREE/g"
	must '0|64' tally accept --all --reason $'a\e[31mreason\nwith: lines'
	must 0 tally history
	no_control
	must 0 tally verify
	for line in "$(tally history --json | tail -n 1)" "$(tally verify --json)"; do
		[ "$(jq -r .reason_b64 <<<"$line" | base64 -d)" = $'a\e[31mreason\nwith: lines' ]
		[ "$(jq -r .reason <<<"$line")" = 'a\x1b[31mreason\x0awith: lines' ]
		[ "$(jq 'has("host_b64")' <<<"$line")" = false ]
	done
	must 0 tally history --json "$TREE/g"
	[ "$(json '.[0].reason_b64' | base64 -d)" = $'a\e[31mreason\nwith: lines' ]
	cp "$CONFIG/host.pub" "$T/"$'odd\tkey.pub'
	must 0 tally history --json --trust "$T/"$'odd\tkey.pub'
	[ "$(json '.[0].signers[0].name_b64' | base64 -d)" = "$T/"$'odd\tkey.pub' ]
}
