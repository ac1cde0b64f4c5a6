# lib.bash - what the e2e tests share. Load it with `load lib`; $TALLY names the program under test.
#
# Each test gets a folder $T of its own with $TREE (what is scanned), $CONFIG and $STATE. `tally` runs the program with
# these through the environment. Helpers fail with a line that says what was found and what was expected.

bats_require_minimum_version 1.5.0

# Sets up $T. The policy scans $TREE, everything compared.
area() {
	: "${TALLY:?names the program under test}"
	T=$BATS_TEST_TMPDIR TREE=$T/tree CONFIG=$T/config STATE=$T/state
	mkdir -p "$TREE" "$CONFIG" "$STATE"
	export TALLY_CONFIG=$CONFIG TALLY_STATE=$STATE TMPDIR=$T
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE
		    profile: static
	EOF
}

# policy < TEXT: the policy file
policy() {
	cat >"$CONFIG/policy.yaml"
}

tally() {
	"$TALLY" "$@"
}

# must STATUS COMMAND...: runs it; $output and $stderr are its words. STATUS may be a pattern: 16|65
must() {
	local want=$1
	shift
	run --separate-stderr "$@"
	# a coverage build run as another user cannot write its counters, and says so
	[ "${TALLY_PRESET-}" != coverage ] || stderr=$(sed '/^profiling:/d' <<<"$stderr")
	[[ $status =~ ^($want)$ ]] && return 0
	echo "status $status where $want was expected: $*"
	echo "stdout: ${output:0:3000}"
	echo "stderr: ${stderr-}"
	return 1
}

# checked STATUS [argument...]: tally check --json; every line of it is JSON and the last one is the summary
checked() {
	local want=$1
	shift
	must "$want" tally check --json "$@" || return 1
	jq -es 'length >= 1 and (.[:-1] | all(.record == "change" or .record == "unexamined")) and .[-1].record == "summary"' \
		>/dev/null <<<"$output" && return 0
	echo "not NDJSON with a summary at its end: $output"
	return 1
}

# compared STATUS A B [argument...]: NDJSON with a summary at its end
compared() {
	local want=$1
	shift
	must "$want" "$TALLY" compare --json --policy "$RULES" "$@" || return 1
	[ "$(json '.[-1].record')" = summary ]
}

# json FILTER: jq over $output, all records in one array
json() {
	jq -rs "$1" <<<"$output"
}

# changes: one line a change, "kind path attributes", sorted; paths below the tree are given from it
changes() {
	jq -r --arg tree "$TREE/" 'select(.record == "change") |
		"\(.kind) \(.path | ltrimstr($tree)) \((.attributes // []) | join(","))"' <<<"$output" | sort
}

# expect KIND PATH [attribute...]: there is such a change, and at least these attributes differ
expect() {
	local kind=$1 path=$2 found name
	shift 2
	[[ $path == /* ]] || path=$TREE/$path
	found=$(jq -r --arg kind "$kind" --arg path "$path" 'select(.record == "change" and .kind == $kind and .path == $path) |
		((.attributes // []) | join(" ")) + " "' <<<"$output")
	[ -n "$found" ] || { echo "no '$kind' of $path in:"; changes; return 1; }
	for name; do
		[[ " $found" == *" $name "* ]] || { echo "$kind $path: attributes ($found) lack $name"; return 1; }
	done
}

# expect_exactly KIND PATH attribute...: these attributes and no other, the ctime left aside
expect_exactly() {
	local path=$2 found want
	expect "$@" || return 1
	[[ $path == /* ]] || path=$TREE/$path
	found=$(jq -r --arg kind "$1" --arg path "$path" 'select(.record == "change" and .kind == $kind and .path == $path) |
		(.attributes // [])[]' <<<"$output" | grep -vx ctime | sort | tr '\n' ' ')
	shift 2
	want=$(printf '%s\n' "$@" | sort | tr '\n' ' ')
	[ "$found" = "$want" ] || { echo "$path: attributes ($found) where ($want) were expected"; return 1; }
}

# expect_count N: so many changes in all
expect_count() {
	[ "$(changes | grep -c .)" -eq "$1" ] || { echo "$1 changes were expected, these were found:"; changes; return 1; }
}

# expect_unexamined PATH
expect_unexamined() {
	local path=$1
	[[ $path == /* ]] || path=$TREE/$path
	jq -es --arg path "$path" 'any(.record == "unexamined" and .path == $path and (.reason | length > 0))' <<<"$output" >/dev/null ||
		{ echo "$path is not named as unexamined in: $output"; return 1; }
}

# unexamined_like PATH PATTERN: with a reason that matches
unexamined_like() {
	jq -es --arg path "$1" --arg like "$2" 'any(.record == "unexamined" and .path == $path and (.reason | test($like)))' <<<"$output" >/dev/null ||
		{ echo "$1 is not unexamined for a reason like '$2' in: $output"; return 1; }
}

# error_like PATTERN: stderr is one line, begins with "tally: " and matches
error_like() {
	local lines
	lines=$(printf '%s\n' "$stderr" | grep -c .)
	[ "$lines" -eq 1 ] || { echo "stderr has $lines lines: $stderr"; return 1; }
	[[ $stderr =~ ^tally:\ .*$1 ]] || { echo "stderr is not like 'tally: ...$1': $stderr"; return 1; }
}

# reading PID FILE: waits until it has FILE open
reading() {
	local tries=0
	until find "/proc/$1/fd" -lname "*/$2" 2>/dev/null | grep -q .; do
		if ! kill -0 "$1" || [ $((tries += 1)) -gt 600 ]; then echo "process $1 never opened $2"; return 1; fi
		sleep 0.1
	done
}

has() { # TEXT: $output holds it
	[[ $output == *"$1"* ]] || { echo "no '$1' in: $output"; return 1; }
}

lacks() {
	[[ $output != *"$1"* ]] || { echo "'$1' stands in: $output"; return 1; }
}

# no_control: $output holds no control character but the newline
no_control() {
	! LC_ALL=C grep -qP '[\x00-\x09\x0b-\x1f\x7f]' <<<"$output" || { echo "a control character in:"; cat -v <<<"$output"; return 1; }
}

# stored SQL: what sqlite3 says of the baseline
stored() {
	sqlite3 -readonly "$STATE/baseline.db" "$1"
}

# statement SEQUENCE FILE [database]: the exact text that is signed
statement() {
	sqlite3 -readonly "${3-$STATE/baseline.db}" "select writefile('$2', statement) from generation where sequence=$1" >/dev/null
}

needs_root() {
	[ "$(id -u)" -eq 0 ] || skip "needs root: $1"
}

# unprivileged COMMAND...: as a user who may do nothing special
unprivileged() {
	setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all -- "$@"
}

# own_mounts SCRIPT: runs it in a mount namespace of its own
own_mounts() {
	unshare --mount --propagation private bash -euc "$1" own_mounts "${@:2}"
}

# dismiss PID: ends a helper of this shell, and waits for its end
dismiss() {
	kill "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}
