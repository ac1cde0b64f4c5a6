#!/usr/bin/env bats
# The running machine under the default policy: nothing false, twice in a row.

load lib

@test "check after init of this very machine finds nothing, twice" {
	needs_root 'the default policy covers what only root may read'
	[ "${TALLY_PRESET-dev}" = dev ] || skip "gigabytes to read: the dev build does it"
	area
	rm "$CONFIG/policy.yaml"
	must 0 tally init
	for round in first second; do
		run --separate-stderr tally check --json
		[ "$status" -eq 0 ] || { echo "$round check: status $status"; changes | head -n 40; echo "$stderr"; false; }
		[ "$(json '.[-1].examined')" -gt 1000 ]
	done
	run --separate-stderr tally check --quick --json
	[ "$status" -eq 0 ] || { changes | head -n 40; false; }
}
