# daemon.bash - what the e2e tests of tallyd share. Load it behind lib; tallyd is the one beside $TALLY, or $TALLYD.
#
# `daemon` starts tallyd on the area of lib.bash, `ready` waits until it has looked at everything, `barrier` until all that was done
# before is judged. `teardown` must call daemon_end. Nothing here asserts a time: what is waited for has a generous limit.

: "${PATIENCE:=1500}" # tries of a tenth of a second

daemon_area() {
	area
	: "${TALLYD:=$(dirname "$TALLY")/tallyd}"
	[ -x "$TALLYD" ] || TALLYD=$(find "${TALLY_BUILD:?}" -name tallyd -type f -perm -u+x | head -n 1)
	CONTROL=$T/run/control.sock DAEMON='' HOLDER=''
	mkdir -p "$T/run"
	OUT=$T/out
	mkdir "$OUT"
}

# The command line before a program, for the namespaces that this test lives in; empty: none
within=()
# The same for the check that `same` makes: what another user cannot see is not compared
checking=()

# start [argument...]: starts tallyd, and waits for nothing
start() {
	"${within[@]}" "$TALLYD" --config "$CONFIG" --state "$STATE" --control "$CONTROL" --foreground "$@" >>"$T/daemon.log" 2>&1 3>&- &
	DAEMON=$!
}

# asked VERB [argument...]: the companion, to our daemon
asked() {
	"${within[@]}" "$TALLY" "$@" --control "$CONTROL"
}

# until_true COMMAND...: again and again
until_true() {
	local tries=0
	until "$@"; do
		[ $((tries += 1)) -le "$PATIENCE" ] || { echo "never came: $*"; tail -n 20 "$T/daemon.log"; return 1; }
		sleep 0.1
	done
}

answers() { # [STATUS pattern]: does status --sync end with it?
	local status=0
	[ -z "$DAEMON" ] || kill -0 "$DAEMON" 2>/dev/null || { echo "tallyd ended: $(tail -n 20 "$T/daemon.log")"; PATIENCE=0; return 1; }
	asked status --sync --json >"$T/status.json" 2>"$T/status.err" || status=$?
	[[ $status =~ ^(${1-0|8|16})$ ]]
}

# shellcheck disable=SC2120 # the tests give it arguments
ready() { # [STATUS pattern]
	until_true answers "$@" || { cat "$T/status.json" "$T/status.err"; return 1; }
}

daemon() { # starts tallyd and waits until it answers
	start "$@"
	ready '0|8|16'
}

daemon_end() { # for teardown
	[ -z "$DAEMON" ] || kill -KILL "$DAEMON" 2>/dev/null || true
	[ -z "$DAEMON" ] || wait "$DAEMON" 2>/dev/null || true
	[ -z "$HOLDER" ] || kill -KILL "$HOLDER" 2>/dev/null || true
	DAEMON='' HOLDER=''
	! grep -E 'ERROR: |runtime error|WARNING: ThreadSanitizer' "$T/daemon.log"
}

# halted [STATUS]: SIGTERM, and it ends with this status (0)
halted() {
	local status=0
	kill -TERM "$DAEMON"
	until_true gone "$DAEMON" || return 1
	wait "$DAEMON" || status=$?
	DAEMON=''
	[ "$status" -eq "${1-0}" ] || { echo "tallyd ended with $status: $(tail -n 20 "$T/daemon.log")"; return 1; }
}

killed() {
	kill -KILL "$DAEMON"
	wait "$DAEMON" 2>/dev/null || true
	DAEMON=''
}

gone() { # PID
	! kill -0 "$1" 2>/dev/null || [ "$(ps -o stat= -p "$1" | cut -c1)" = Z ]
}

barrier() {
	must '0|8|16' asked status --sync --json || return 1
	printf '%s\n' "$output" >"$T/status.json"
	json '.[0].synced' | grep -qx true || { echo "no barrier: $output"; return 1; }
}

# state FILTER: jq over the last status
state() {
	jq -r "$1" "$T/status.json"
}

# is FILTER WANT: what the last status says
is() {
	[ "$(state "$1")" = "$2" ] || { echo "$1 is $(state "$1"), not $2: $(jq -c . "$T/status.json")"; return 1; }
}

# journal: all its lines, in order; one that is being written has no end yet, and is left out
journal() {
	local segments
	mapfile -t segments < <("${within[@]}" find "$STATE/journal" -maxdepth 1 -type f ! -name '*.torn' ! -name '.*' ! -name '*lock*' | sort)
	[ "${#segments[@]}" -eq 0 ] || "${within[@]}" cat "${segments[@]}" | perl -ne 'print if /\n\z/'
}

# events FILTER [jq argument...]: jq over each line of the journal
events() {
	local filter=$1
	shift
	journal | jq -r --arg tree "$TREE" "$@" "$filter"
}

# expected KIND PATH [attribute...]: such an event is in the journal
expected() {
	local kind=$1 path=$2 name found
	shift 2
	[[ $path == /* ]] || path=$TREE/$path
	found=$(events 'select(.kind == $kind and .path == $path) | ((.attributes // []) | join(" ")) + " "' --arg kind "$kind" --arg path "$path")
	[ -n "$found" ] || { echo "no event '$kind' of $path in the journal:"; told; return 1; }
	for name; do
		[[ " ${found//$'\n'/ } " == *" $name "* ]] || { echo "$kind $path: attributes ($found) lack $name"; return 1; }
	done
}

unexpected() { # KIND PATH
	local path=$2
	[[ $path == /* ]] || path=$TREE/$path
	! events 'select(.kind == $kind and .path == $path)' --arg kind "$1" --arg path "$path" | grep . ||
		{ echo "that is an event too many: $1 of $path"; return 1; }
}

# told [PATH]: what was judged, one line an event: "kind path"
told() {
	events 'select(.kind | IN("added", "removed", "changed", "moved", "restored")) | "\(.kind) \(.path | ltrimstr($tree + "/"))"' |
		if [ $# -gt 0 ]; then awk -v path="$1" 'substr($0, index($0, " ") + 1) == path'; else cat; fi
}

# told_exactly PATH KIND...: these judgements of the path, in this order, and no other
told_exactly() {
	local path=$1 found
	shift
	found=$(told "$path" | cut -d' ' -f1 | tr '\n' ' ')
	[ "$found" = "${*:+$* }" ] || { echo "$path: events ($found), expected ($*)"; told; return 1; }
}

# observed PATH: the name is in an observed or transient line
observed() {
	local path=$1
	[[ $path == /* ]] || path=$TREE/$path
	events 'select(.kind == "observed" or .kind == "transient") | .paths[] | select(.path == $path) | .path' --arg path "$path" | grep -q . ||
		{ echo "$path was never observed"; return 1; }
}

unobserved() {
	! observed "$1" >/dev/null || { echo "$1 was observed"; return 1; }
}

# happened KIND [FILTER]: an event of this kind for which the filter is true
happened() {
	[ -n "$(events "select(.kind == \"$1\") | select(${2-true}) | .seq")" ] || { echo "no event $1 with ${2-true}"; events '.' -c | tail -n 20; return 1; }
}

count_of() { # KIND [FILTER]
	events "select(.kind == \"$1\") | select(${2-true}) | .seq" | grep -c . || true
}

# same: what the daemon holds to differ is what a fresh check finds, down to the exit status. Leaves check's words in $output.
same() {
	local drift=0 check=0
	asked drift --sync --json >"$T/drift.json" 2>"$T/drift.err" || drift=$?
	"${within[@]}" "${checking[@]}" "$TALLY" check --json >"$T/check.json" 2>"$T/check.err" || check=$?
	[ "$drift" -eq "$check" ] || { echo "drift: $drift $(cat "$T/drift.err"); check: $check $(cat "$T/check.err")"; head -c 3000 "$T/drift.json" "$T/check.json"; return 1; }
	[ "$check" -lt 16 ] || { cat "$T/check.err"; return 1; }
	"$BATS_TEST_DIRNAME/../stress/compare.py" changes "$T/drift.json" "$T/check.json" || return 1
	output=$(cat "$T/check.json") status=$check
}

# own_namespace: a mount namespace in which the daemon and what `inside` runs live
own_namespace() {
	needs_root 'mounts in a namespace of its own'
	unshare --mount true 2>/dev/null || skip "no mount namespaces here"
	unshare --mount --propagation private sleep 3600 3>&- &
	HOLDER=$!
	until_true apart
	within=(nsenter "--mount=/proc/$HOLDER/ns/mnt" "--wd=$PWD" --)
}

apart() {
	[ "$(readlink /proc/$$/ns/mnt)" != "$(readlink "/proc/$HOLDER/ns/mnt")" ]
}

inside() {
	"${within[@]}" "$@"
}

# exchanged A B: RENAME_EXCHANGE
exchanged() {
	python3 -c 'import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
sys.exit(libc.renameat2(-100, os.fsencode(sys.argv[1]), -100, os.fsencode(sys.argv[2]), 2) != 0)' "$1" "$2"
}
