#!/usr/bin/env bats
# The nth allocation, write, sync or rename fails; SIGKILL strikes at random. No crash, no hang, a documented status, one
# line of words, and a state that is either the old one or the new one.

load ../e2e/lib
load ../e2e/medium

setup() {
	area
	FAULT=$TALLY_BUILD/tests/fault/libfault.so
	[ -f "$FAULT" ] || { echo "no $FAULT"; return 1; }
	RANDOM=${TALLY_SEED:-$$}
	echo "seed ${TALLY_SEED:-$$} (TALLY_SEED repeats it)"
	mkdir "$TREE/d"
	for i in {1..12}; do echo "$i" >"$TREE/d/$i"; done
	ln -s 1 "$TREE/d/l"
	setfattr -n user.x -v y "$TREE/d/1"
}

teardown() {
	[ -z "${DAEMON-}" ] || kill "$DAEMON" 2>/dev/null || true
}

# faulty KIND N COMMAND...: the Nth call fails. 0 for the count alone.
faulty() {
	local fault=$1:$2
	shift 2
	status=0
	TALLY_FAULT=$fault TALLY_FAULT_COUNT=$T/count LD_PRELOAD=$FAULT timeout 60 "$TALLY" "$@" >"$T/out" 2>"$T/err" || status=$?
}

# sane WHAT: the last run ended as documented
sane() {
	case $status in
	0 | [1-9] | 1[0-6] | 64 | 65 | 66 | 69 | 70 | 73 | 74 | 75 | 77 | 78) ;;
	*)
		echo "$1: status $status: $(cat "$T/err")"
		return 1
		;;
	esac
	# a short machine is no broken seal and no damaged file: that would be a false alarm
	case $status in
	16 | 65 | 64)
		echo "$1: status $status, which says that something else is wrong: $(cat "$T/err")"
		return 1
		;;
	esac
	if grep -qv '^tally: ' "$T/err" || { [ "$status" -ge 16 ] && [ "$(grep -c . "$T/err")" -ne 1 ]; }; then
		echo "$1: status $status, words: $(cat "$T/err")"
		return 1
	fi
}

# each KIND RUNS FUNCTION COMMAND...: counts the calls of the kind, then calls FUNCTION for about RUNS of them: the first
# ones all, then some at random
each() {
	local kind=$1 runs=$2 function=$3 total n step
	shift 3
	"$function" "$kind" 0 "$@"
	total=$(cat "$T/count")
	echo "$kind in $*: $total calls"
	[ "$total" -gt 0 ] || return 0
	n=1
	while [ "$n" -le "$total" ]; do
		"$function" "$kind" "$n" "$@"
		step=$(((total - n) * 2 / runs))
		n=$((n + 1 + (n > runs / 2 && step > 0 ? RANDOM % step : 0)))
	done
}

init_once() { # KIND N
	rm -rf "$STATE" "$CONFIG"/host.*
	mkdir "$STATE"
	faulty "$1" "$2" init
	sane "init $1:$2" || return 1
	if [ "$status" -eq 0 ] || [ -e "$STATE/baseline.db" ]; then
		must '0|4' tally check --json || { echo "after init $1:$2"; return 1; }
	else
		# nothing stands in the way of another try
		must 0 tally init || { echo "after init $1:$2 (status $status, $(ls "$STATE" "$CONFIG"))"; return 1; }
	fi
}

check_once() {
	faulty "$1" "$2" check
	sane "check $1:$2" || return 1
	case $status in
	0 | 8 | 7[0-9]) ;;
	*)
		echo "check $1:$2: status $status where nothing differs: $(cat "$T/out" "$T/err")"
		return 1
		;;
	esac
}

accept_once() {
	rm -rf "$STATE"
	cp -a "$T/good" "$STATE"
	faulty "$1" "$2" accept --all
	sane "accept $1:$2" || return 1
	must 0 tally verify || { echo "after accept $1:$2 (status $status)"; return 1; }
	run --separate-stderr tally check --json
	case $status in
	0) ;;
	4) must 0 tally accept --all || { echo "after accept $1:$2"; return 1; } ;;
	*)
		echo "after accept $1:$2 check gives $status: $stderr"
		return 1
		;;
	esac
}

key_once() {
	rm -f "$T/k.key" "$T/k.pub"
	faulty "$1" "$2" key generate --no-passphrase "$T/k"
	sane "key generate $1:$2" || return 1
	if [ "$status" -eq 0 ]; then
		tally key show "$T/k.pub" >/dev/null
		[ -s "$T/k.key" ]
	fi
}

log_once() {
	faulty "$1" "$2" log --all
	sane "log $1:$2" || return 1
	[ "$status" -ne 0 ] || diff "$T/good" "$T/out"
	faulty "$1" "$2" verify "$STATE/journal"
	sane "verify of a journal $1:$2"
}

medium_once() { # KIND N MEDIUM
	faulty "$1" "$2" verify "$3" --trust "$CONFIG/host.pub"
	sane "verify of a medium $1:$2" || return 1
	[ "$status" -ne 0 ] || grep -q AUTHENTIC "$T/out"
	faulty "$1" "$2" show --baseline "$3" --trust "$CONFIG/host.pub"
	sane "show of a medium $1:$2"
}

# All of a medium, byte for byte, or nothing of it.
export_once() { # KIND N
	rm -rf "$T/folder"
	faulty "$1" "$2" export "$T/folder"
	sane "export $1:$2" || return 1
	if [ "$status" -eq 0 ] || [ -e "$T/folder" ]; then
		whole "$T/good" "$T/folder" || { echo "export $1:$2: status $status"; return 1; }
	fi
	lonely "$T" || { echo "export $1:$2: status $status"; return 1; }
}

@test "init: allocations" { each malloc 120 init_once; }
@test "init: writes, syncs, renames" {
	each write 60 init_once
	each sync 30 init_once
	each rename 30 init_once
}

@test "check: allocations" {
	must 0 tally init
	each malloc 200 check_once
}

@test "check: writes, syncs, renames" {
	must 0 tally init
	each write 30 check_once
	each sync 20 check_once
	each rename 20 check_once
}

@test "accept: allocations" {
	must 0 tally init
	cp -a "$STATE" "$T/good"
	echo changed >"$TREE/d/3"
	each malloc 120 accept_once
}

@test "accept: writes, syncs, renames" {
	must 0 tally init
	cp -a "$STATE" "$T/good"
	echo changed >"$TREE/d/3"
	each write 60 accept_once
	each sync 30 accept_once
	each rename 30 accept_once
}

@test "key generate" {
	for kind in malloc write sync rename; do each "$kind" 60 key_once; done
}

@test "verify and show of a medium" {
	medium_area
	must 0 tally export "$T/folder"
	must 0 tally export --iso "$T/file.iso"
	for kind in malloc write; do
		each "$kind" 60 medium_once "$T/folder"
		each "$kind" 60 medium_once "$T/file.iso"
	done
}

@test "export: allocations, writes, syncs, renames" {
	medium_area
	must 0 tally export "$T/good"
	each malloc 60 export_once
	for kind in write sync rename; do each "$kind" 16 export_once; done
}

@test "a full disk from the first write on" {
	must 0 tally init
	cp -a "$STATE" "$T/good"
	echo changed >"$TREE/d/3"
	for n in 1 2 4 6; do
		rm -rf "$STATE"
		cp -a "$T/good" "$STATE"
		faulty write "$n+" accept --all
		sane "accept write:$n+"
		[ "$status" -ge 16 ]
		must 0 tally verify
	done
	must 4 tally check --json
}

# killed ROUND COMMAND...: SIGKILL at a random moment of its life
killed() {
	local pid
	shift
	"$TALLY" "$@" >/dev/null 2>&1 3>&- &
	pid=$!
	sleep "0.$(printf '%03d' $((RANDOM % 200)))"
	kill -KILL "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}

@test "SIGKILL during init" {
	mkdir "$TREE/many"
	(cd "$TREE/many" && seq 4000 | xargs touch)
	for round in {1..25}; do
		rm -rf "$STATE" "$CONFIG"/host.*
		mkdir "$STATE"
		killed "$round" init
		if [ -e "$STATE/baseline.db" ]; then
			must 0 tally check
		else
			must 0 tally init || { ls -la "$STATE" "$CONFIG"; false; }
		fi
	done
}

@test "SIGKILL during accept" {
	mkdir "$TREE/many"
	(cd "$TREE/many" && seq 4000 | xargs touch)
	must 0 tally init
	for round in {1..25}; do
		echo "$round" >"$TREE/d/1"
		killed "$round" accept --all
		must 0 tally verify
		must '0|4' tally check --json
		[ "$(json '.[-1] | .added + .removed')" = 0 ]
	done
	must 0 tally accept --all
	must 0 tally check
	# what the killed ones left lying about stays bounded
	[ "$(find "$STATE" -type f | wc -l)" -lt 60 ]
}

@test "log, verify of a journal: allocations, writes" {
	mkdir "$STATE/journal"
	for i in 1 2 3; do
		echo "2026-03-22T03:00:0$i.000000000Z \"kind\":\"added\",\"path\":\"/$i\",\"after\":{\"type\":\"symlink\",\"target\":\"$i\"}"
	done | python3 "$BATS_TEST_DIRNAME/../oracle/journal.py" --append "$STATE/journal" 2
	must 0 tally log --all
	printf '%s\n' "$output" >"$T/good"
	each malloc 120 log_once
	each write 20 log_once
}

asked_once() { # KIND N VERB
	faulty "$1" "$2" "$3" --json --control "$T/control.sock"
	sane "$3 $1:$2" || return 1
	[ "$status" -ge 16 ] || diff "$T/good" "$T/out"
}

# A fake daemon's answer: what it is made of comes from a process that the test did not start.
@test "status: allocations" {
	local answer=$T/answer
	jq -nc '{record: "status", format: 1, state: "green", reasons: [], drift: {paths: 0}, watches: {directories: 3, classes: [{class: "root"}]},
		blind: [range(40) | "/blind/\(.)"]}' >"$answer"
	echo '{"record":"end"}' >>"$answer"
	"$BATS_TEST_DIRNAME/../e2e/fake_daemon.py" serve "$T/control.sock" "$answer" >/dev/null 2>&1 3>&- &
	DAEMON=$!
	for _ in {1..600}; do [ -S "$T/control.sock" ] && break || sleep 0.1; done
	must 0 tally status --json --control "$T/control.sock"
	printf '%s\n' "$output" >"$T/good"
	each malloc 300 asked_once status
}
