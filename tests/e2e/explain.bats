#!/usr/bin/env bats
# tally explain PATH: the rule that decides, what is recorded, why a change was or was not reported.

load lib

setup() {
	area
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE
		    profile: static
		  - path: $TREE/noise
		    profile: none
		    severity: low
		  - path: $TREE/out
		    exclude: true
	EOF
	echo 1 >"$TREE/f" && echo 1 >"$TREE/noise" && echo 1 >"$TREE/out"
}

@test "the rule by file and line, before there is a baseline" {
	must 0 tally explain "$TREE/f"
	has policy.yaml:3 && has static
	must 0 tally explain "$TREE/noise"
	has policy.yaml:5 && has none
	must 0 tally explain "$TREE/out"
	has policy.yaml:8 && has exclude
	must 0 tally explain /somewhere/else
}

@test "what is recorded and what differs" {
	must 0 tally init
	echo 22 >"$TREE/f"
	echo 22 >"$TREE/noise"
	must 0 tally explain "$TREE/f"
	has content
	must 0 tally explain "$TREE/noise"
	has content
	must 0 tally explain --json "$TREE/f"
	jq -es 'length >= 1' <<<"$output" >/dev/null
	has policy.yaml:3
}

@test "a path is needed, odd ones are escaped" {
	must 64 tally explain
	must 0 tally explain "$TREE/"$'odd\e[31m\nname'
	no_control
	must 0 tally explain --json "$TREE/"$'odd\e[31m\nname'
	[ "$(json '.[0].path_b64' | base64 -d)" = "$TREE/"$'odd\e[31m\nname' ]
	must 0 tally explain --json "$TREE/f"
	[ "$(json '.[0] | has("path_b64")')" = false ]
}
