#!/usr/bin/env bats
# tallyd's own life: what it says of itself, what it does when its own files are damaged, missing or touched, and who may ask it.

load lib
load daemon

setup() {
	daemon_area
	mkdir -p "$TREE/d/e"
	echo one >"$TREE/d/one"
	echo two >"$TREE/d/e/two"
}

teardown() {
	[ -z "${MANAGER-}" ] || kill "$MANAGER" 2>/dev/null || true
	daemon_end
}

begun() {
	must 0 tally init
	daemon
	is .state green
}

# goes_on: names are still watched and journalled
goes_on() {
	local name=d/goes-on-$RANDOM
	touch "$TREE/$name"
	must '0|8|16' asked status --sync --json || return 1
	printf '%s\n' "$output" >"$T/status.json"
	observed "$name"
}

says_in_memory() {
	asked status --json >"$T/status.json" 2>/dev/null || true
	state '.reasons[]' | grep -q 'kept in memory'
}

seen_state() { # STATE: the last status asked for has it
	asked status --sync --json >"$T/status.json" 2>/dev/null || true
	[ "$(state .state)" = "$1" ]
}

@test "green: what it says when all is well" {
	begun
	must 0 asked status --sync --json
	for member in format pid version user started now uptime_seconds baseline policy watches queue drift gaps scan journal; do
		[ "$(json ".[0] | has(\"$member\")")" = true ] || { echo "no $member in $output"; false; }
	done
	[ "$(json '.[0].reasons | length')" = 0 ]
	[ "$(json '.[0].baseline.sequence')" = 1 ]
	[ "$(json '.[0].pid')" = "$DAEMON" ]
	[ "$(json '.[0].watches.failed')" = 0 ]
	must 0 asked status
	has GREEN
	no_control
	happened started
	happened coverage
}

@test "every line of the journal: numbered, chained, in order" {
	begun
	for i in {1..20}; do echo "$i" >"$TREE/d/$i"; done
	barrier
	"$BATS_TEST_DIRNAME/../stress/compare.py" chain "$STATE/journal"
	[ "$(journal | jq -es 'map(.seq) == ([range(length)] | map(. + 1))')" = true ]
	[ "$(stat -c %a "$STATE/journal")" = 750 ]
	[ "$(find "$STATE/journal" -maxdepth 1 -type f -perm /027 | wc -l)" -eq 0 ]
}

@test "an event says what changed, from what to what, how bad and by which rule" {
	begun
	chmod 600 "$TREE/d/one"
	barrier
	expected changed d/one mode
	[ "$(events 'select(.kind == "changed" and .path == $tree + "/d/one") | [.before.mode, .after.mode] | join(" ")')" = '0644 0600' ]
	happened changed '.severity == "medium" and (.rule | test("policy.yaml:3"))'
	happened changed '.by == "event"'
	chmod 644 "$TREE/d/one"
	barrier
	[ "$(events 'select(.kind == "changed" and .path == $tree + "/d/one") | .after.mode' | tail -n 1)" = 0644 ]
	same
}

@test "drift says what check says, also for paths and severities" {
	begun
	chmod 600 "$TREE/d/one"
	rm "$TREE/d/e/two"
	touch "$TREE/new"
	ln -s x "$TREE/link"
	same
	expect_count 4
	must 1 asked drift --sync "$TREE/new"
	must 2 asked drift "$TREE/d/e"
	must 7 asked drift
	has d/one
	drift=$output
	must 7 tally check
	diff <(grep -v second <<<"$drift" | grep -F "$TREE") <(grep -v second <<<"$output" | grep -F "$TREE")
}

@test "no daemon" {
	must 0 tally init
	for verb in status drift 'check --daemon'; do
		# shellcheck disable=SC2086
		must 69 asked $verb
		error_like '.'
	done
}

@test "a second daemon on the same state is refused" {
	begun
	must 75 timeout 60 "$TALLYD" --config "$CONFIG" --state "$STATE" --control "$T/run/second.sock" --foreground
	must 75 timeout 60 "$TALLYD" --config "$CONFIG" --state "$STATE" --control "$CONTROL" --foreground
	goes_on
	same
}

@test "SIGTERM: a clean stop" {
	begun
	touch "$TREE/d/last"
	until_true observed d/last # not judged yet: it is left alone for a second first
	halted
	happened stopped
	[ "$(events .kind | tail -n 1)" = stopped ]
	[ ! -e "$CONTROL" ]
	must 69 asked status
	daemon
	expected added d/last
	same
}

@test "an early end: one line says why, and nothing is left behind" {
	must 0 tally init
	mkdir -p "$CONTROL"
	must 73 "$TALLYD" --config "$CONFIG" --state "$STATE" --control "$CONTROL" # asan looks for leaks then
	[ "$(grep -c 'is there and is no socket' <<<"$stderr")" -eq 1 ]
	[ "$(tail -n 1 <<<"$stderr")" = "tallyd: 'control.sock' is there and is no socket: it is not replaced" ]
	rmdir "$CONTROL"
	daemon
	is .state green
}

@test "SIGHUP: everything is looked at again, no event is lost" {
	begun
	for i in {1..10}; do
		kill -HUP "$DAEMON"
		touch "$TREE/d/hup$i"
	done
	barrier
	for i in {1..10}; do expected added "d/hup$i"; done
	is .state green
	same
}

# manager: stands for systemd, writes what it is told to $T/notified, a line a message, fields parted by blanks
manager() {
	python3 -c 'import socket, sys
heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
heard.bind("\0" + sys.argv[1])
out = open(sys.argv[2], "a", buffering=1)
while True: print(heard.recv(4096).decode().replace("\n", " "), file=out)' "tally-$$-$BATS_TEST_NUMBER" "$T/notified" 3>&- &
	MANAGER=$!
	until_true grep -q "@tally-$$-$BATS_TEST_NUMBER" /proc/net/unix
	export NOTIFY_SOCKET=@tally-$$-$BATS_TEST_NUMBER
}

notified() { # COUNT PATTERN
	[ "$(grep -cE "^$2\$" "$T/notified")" -eq "$1" ]
}

@test "the service manager hears of start, state, reload and stop" {
	must 0 tally init
	manager
	daemon
	until_true notified 1 'READY=1'
	until_true grep -q '^STATUS=green' "$T/notified"
	for round in 1 2 3; do
		before=$(python3 -c 'import time; print(time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000)')
		kill -HUP "$DAEMON"
		until_true notified "$round" 'RELOADING=1 MONOTONIC_USEC=[0-9]+'
		[ "$(grep -o 'USEC=[0-9]*' "$T/notified" | tail -n 1 | cut -d= -f2)" -ge "$before" ]
		until_true notified $((round + 1)) 'READY=1'
	done
	[ "$(grep -E '^(RELOADING|READY)' "$T/notified" | cut -d= -f1 | tr '\n' ' ')" = 'READY RELOADING READY RELOADING READY RELOADING READY ' ]
	halted
	until_true notified 1 'STOPPING=1'
}

@test "a reload is over when the new generation judges" {
	begun
	halted
	manager
	daemon
	for round in {1..5}; do
		echo "$round" >"$TREE/d/one"
		must 0 tally accept --all
		# the accept may have been taken up before the signal came
		kill -HUP "$DAEMON"
		until_true notified $((round + 1)) 'READY=1'
		must '0|8' asked status --json
		[ "$(json '.[0].baseline.sequence')" = $((round + 1)) ]
	done
	halted
}

@test "the socket: who may ask" {
	begun
	[ "$(stat -c %a "$CONTROL")" = 660 ]
	chmod 755 "$T" "$T/run"
	if [ "$(id -u)" -eq 0 ]; then
		chmod 666 "$CONTROL"
		must 77 unprivileged "$TALLY" status --control "$CONTROL"
		chmod 660 "$CONTROL"
		must 77 unprivileged "$TALLY" status --control "$CONTROL"
	fi
	goes_on
}

@test "a lost socket is made again" {
	begun
	rm "$CONTROL"
	until_true test -S "$CONTROL"
	ready 0
	goes_on
	same
}

@test "a lost folder of the socket is made again, with the socket" {
	begun
	until_true rm -r "$T/run" # the socket may come again between its two steps
	until_true test -S "$CONTROL"
	ready 0
	goes_on
	happened tamper '.path | endswith("control.sock")'
	# another one in its place, which the daemon did not make
	mkdir -m 700 "$T/another"
	mv "$T/run" "$T/taken"
	until_true test -S "$CONTROL"
	exchanged "$T/run" "$T/another"
	until_true test -S "$CONTROL"
	ready 0
	is .state green
	same
}

@test "a folder of the socket that can't be made again: said, and tried until it can" {
	must 0 tally init
	manager
	daemon
	touch "$T/taken" && exchanged "$T/run" "$T/taken" # in one step, or the daemon makes it again in between
	until_true happened tamper '.path | endswith("control.sock")'
	echo more >>"$TREE/d/one"
	until_true expected changed d/one content # it goes on
	until_true grep -q '^STATUS=yellow: nobody can ask through the control socket' "$T/notified"
	rm "$T/run"
	until_true test -S "$CONTROL"
	ready
	is .state green
	same
}

@test "a missing baseline: red, a tamper event, names go on being journalled, nothing is put in its place" {
	begun
	rm "$STATE/baseline.db"
	until_true seen_state red
	must 16 asked status
	until_true happened tamper '.path | endswith("baseline.db")'
	goes_on
	[ ! -e "$STATE/baseline.db" ]
	halted
	daemon
	is .state red
	goes_on
	[ ! -e "$STATE/baseline.db" ]
}

@test "no baseline from the beginning" {
	start
	ready 16
	is .state red
	is .baseline null
	goes_on
	[ ! -e "$STATE/baseline.db" ]
	must '16|66' asked drift
	# one comes
	halted
	must 0 tally init
	daemon
	is .state green
	same
}

# signed_first: a daemon without a baseline, then the first one
signed_first() {
	start
	ready 16
	is .baseline null
	must 0 tally init
	until_true happened accepted '.sequence == 1'
	ready
}

# touched_after FILE WHAT: now it is a tamper, and stays one
touched_after() {
	until_true happened tamper ".path | endswith(\"$1\")"
	goes_on
	is .state red
	is '[.tamper[] | "\(.path) \(.what)"] | join(",")' "$CONFIG/$1 $2"
}

@test "a first baseline made beside the daemon: its key is no tamper; what comes after it is" {
	signed_first
	is .state green
	is '.tamper | length' 0
	same
	sed -i 's/^untrusted comment:.*/untrusted comment: mine/' "$CONFIG/host.pub"
	touched_after host.pub changed
}

@test "a first baseline made beside the daemon: the secret key is held to what it was" {
	signed_first
	is .state green
	touch "$CONFIG/host.key"
	touched_after host.key changed
}

@test "a first baseline made beside the daemon brings no other key" {
	start
	ready 16
	must 0 tally key generate --no-passphrase "$T/evil"
	mkdir -p "$CONFIG/trusted.d"
	cp "$T/evil.pub" "$CONFIG/trusted.d/"
	until_true happened tamper '.path | endswith("trusted.d/evil.pub")'
	must 0 tally init
	until_true happened accepted '.sequence == 1'
	ready 16
	touched_after trusted.d/evil.pub added
	kill -HUP "$DAEMON" # root says that they are his
	until_true seen_state green
}

@test "a baseline that was seen before brings no key with it" {
	must 0 tally init
	rm "$STATE/baseline.db" "$CONFIG"/host.*
	start
	ready 16
	cp "$STATE/seen" "$T/seen"
	rm "$STATE/seen"
	must 0 tally init
	until_true happened tamper '.path | endswith("host.pub")'
	barrier
	is .state red
	[ "$(state '[.tamper[].path | split("/")[-1]] | join(",")')" = host.key,host.pub ]
}

@test "a corrupt baseline" {
	begun
	cp "$STATE/baseline.db" "$T/good.db"
	for ((at = 600; at < $(stat -c %s "$STATE/baseline.db"); at += 700)); do
		printf 'XXXXXXXXXXXXXXXX' | dd of="$STATE/baseline.db" bs=1 seek="$at" conv=notrunc status=none
	done
	until_true seen_state red
	until_true happened tamper '.path | endswith("baseline.db")'
	goes_on
	cmp -s "$T/good.db" "$STATE/baseline.db" && false
	cp "$STATE/baseline.db" "$T/bad.db"
	killed
	daemon
	is .state red
	goes_on
	cmp "$T/bad.db" "$STATE/baseline.db"
	# the good one comes back
	cp "$T/good.db" "$STATE/baseline.db"
	until_true seen_state_not red
	same
}

seen_state_not() {
	asked status --sync --json >"$T/status.json" 2>/dev/null || true
	[ "$(state .state)" != "$1" ] && [ "$(state .baseline)" != null ]
}

@test "an unauthentic baseline" {
	begun
	mkdir "$T/other" "$T/other-config"
	cp "$CONFIG/policy.yaml" "$T/other-config"
	must 0 tally init --config "$T/other-config" --state "$T/other"
	cp "$T/other/baseline.db" "$T/new.db"
	cp "$T/new.db" "$STATE/new.db" && mv "$STATE/new.db" "$STATE/baseline.db"
	until_true seen_state red
	until_true happened tamper '.path | endswith("baseline.db")'
	goes_on
	cmp "$T/new.db" "$STATE/baseline.db"
	halted
	daemon
	is .state red
	goes_on
	cmp "$T/new.db" "$STATE/baseline.db"
}

@test "a baseline that was rolled back" {
	must 0 tally init
	cp "$STATE/baseline.db" "$T/one.db"
	echo more >>"$TREE/d/one"
	must 0 tally accept --all
	daemon
	is .baseline.sequence 2
	cp "$T/one.db" "$STATE/baseline.db"
	until_true seen_state red
	until_true happened tamper '.path | endswith("baseline.db")'
	goes_on
}

@test "a corrupt drift.db is made again, and that is said" {
	begun
	touch "$TREE/d/new"
	same
	halted
	printf 'not a database at all, and long enough to be looked at' >"$STATE/drift.db"
	touch "$TREE/d/newer"
	daemon
	grep -qi 'drift.db' "$T/daemon.log"
	same
	expect_count 2
	halted
	dd if=/dev/urandom of="$STATE/drift.db" bs=1k count=64 conv=notrunc status=none
	daemon
	same
	expect_count 2
	halted
	rm "$STATE/drift.db"
	daemon
	same
	expect_count 2
}

@test "drift.db damaged under the running daemon" {
	begun
	touch "$TREE/d/new"
	barrier
	: >"$STATE/drift.db"
	touch "$TREE/d/newer"
	barrier
	rm "$STATE/drift.db"
	touch "$TREE/d/newest"
	barrier
	goes_on
	kill -HUP "$DAEMON"
	halted
	daemon
	same
}

@test "a write to the policy: tamper, yellow or red, and the signed policy stays" {
	begun
	cp "$CONFIG/policy.yaml" "$T/policy"
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE
		    exclude: true
	EOF
	until_true happened tamper '.path | endswith("policy.yaml")'
	goes_on
	barrier
	[ "$(state .state)" != green ]
	echo more >>"$TREE/d/one"
	barrier
	expected changed d/one content
	same
	echo '{ this is no policy' >"$CONFIG/policy.yaml"
	goes_on
	echo more >>"$TREE/d/e/two"
	barrier
	expected changed d/e/two content
	halted
	daemon
	goes_on
	[ "$(state .state)" != green ]
	cp "$T/policy" "$CONFIG/policy.yaml"
	until_true seen_state green
}

@test "a key that is laid beside the trusted ones" {
	begun
	must 0 tally key generate --no-passphrase "$T/evil"
	mkdir -p "$CONFIG/trusted.d"
	cp "$T/evil.pub" "$CONFIG/trusted.d/"
	until_true happened tamper '.path | test("trusted.d")'
	goes_on
}

# accepts: once; nothing but "try again" is a reason for another time
accepts() {
	run tally accept "$TREE/d" --reason 'thirty files'
	[ "$status" -eq 0 ] || [ "$status" -eq 75 ] || { echo "$status $output" | tee "$T/otherwise"; }
	[ "$status" -ne 75 ]
}

@test "accept while the daemon runs: accepted, the drift shrinks, no event is lost" {
	begun
	for i in {1..30}; do echo "$i" >"$TREE/d/n$i"; done
	same
	expect_count 30
	(for i in {1..60}; do echo "$i" >"$TREE/d/e/during$i"; sleep 0.03; done) 3>&- &
	writer=$!
	# who goes on writing below what is being accepted may put it off: 75, try again
	until_true accepts
	[ ! -e "$T/otherwise" ]
	wait "$writer"
	until_true happened accepted '.sequence == 2'
	barrier
	is .baseline.sequence 2
	[ "$(count_of tamper)" -eq 0 ]
	for i in {1..60}; do observed "d/e/during$i"; done
	same
	[ "$(changes | grep -c 'added d/n')" -eq 0 ] || { changes; false; }
	ready 0
	must 0 tally accept --all
	same # at once: a barrier takes up what was signed before it
	expect_count 0
	is .state green
}

@test "accept of another policy while the daemon runs" {
	mkdir "$OUT/more"
	touch "$OUT/more/x"
	begun
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE
		    profile: static
		  - path: $OUT
		    profile: static
	EOF
	must 0 tally accept --policy
	until_true happened accepted '.sequence == 2'
	ready 0
	is .state green
	touch "$OUT/more/y"
	echo more >>"$TREE/d/one"
	barrier
	expected added "$OUT/more/y"
	expected changed d/one content
	same
	[ "$(count_of tamper)" -le 1 ] # between the edit and the signature it was one
}

# on_a_full_disk: the daemon, and not a byte left for its journal
on_a_full_disk() {
	own_namespace
	inside mount -t tmpfs -o size=3m none "$STATE"
	must 0 inside "$TALLY" init
	daemon
	inside dd if=/dev/zero of="$STATE/filler" bs=4k status=none 2>/dev/null || true
}

@test "a full disk under the journal: held, said, and written when there is room again" {
	on_a_full_disk
	for i in {1..400}; do touch "$TREE/d/full-$i-$(printf 'x%.0s' {1..200})"; done
	must '8|16' asked status --sync --json
	printf '%s\n' "$output" >"$T/status.json"
	is .state red
	state .journal.problem | grep -q .
	inside rm "$STATE/filler"
	touch "$TREE/d/after"
	until_true seen_state green
	journal >"$T/all"
	grep -q "$TREE/d/after" "$T/all"
	jq -es 'any(.kind == "gap")' "$T/all" >/dev/null || [ "$(grep -c 'full-[0-9]*-x' "$T/all")" -ge 1 ]
	jq -es '[.[].seq] as $n | $n == ($n | sort | unique)' "$T/all" >/dev/null
	for i in {1..40}; do grep -q "full-$i-x" "$T/all"; done
	same
}

# holds_lines: lines are in memory for want of room, and --sync says that they are
holds_lines() {
	touch "$TREE/d/held-$((held += 1))-$(printf 'x%.0s' {1..200})"
	asked status --sync --json >"$T/status.json" 2>/dev/null || true
	[ "$(state .journal.held)" -gt 0 ]
}

@test "a barrier that ends while lines are held does not say that all is written" {
	local held=0
	on_a_full_disk
	until_true holds_lines
	is .synced false
	state .sync_gap | grep -q "the journal can't be written: .*No space left on device"
	inside rm "$STATE/filler"
	until_true seen_state green
	is .synced true
	is .sync_gap null
}

@test "stopped while the disk is full: how many lines are lost and since when, and a gap for that time" {
	local held=0 since
	on_a_full_disk
	until_true holds_lines
	halted 74
	since=$(sed -nE 's/^tallyd: [1-9][0-9]* journal lines since ([^ ]*Z) are lost: cannot write .*: No space left on device$/\1/p' "$T/daemon.log")
	[ -n "$since" ] || { tail "$T/daemon.log"; false; }
	inside rm "$STATE/filler"
	daemon
	happened gap ".from <= \"$since\" and .to > \"$since\" and .subtree == \"/\""
	same
}

@test "a disk that others keep full: the drift goes on in memory, and comes back" {
	own_namespace
	inside mount -t tmpfs -o size=3m none "$STATE"
	must 0 inside "$TALLY" init
	daemon
	"${within[@]}" python3 -c 'import sys, time
file, end = open(sys.argv[1], "ab", 0), time.time() + 600
while time.time() < end:
    try:
        file.write(b"x" * 4096)
    except OSError:
        time.sleep(0.0005)' "$STATE/filler" 3>&- &
	local filler=$!
	for i in {1..400}; do touch "$TREE/d/full-$i-$(printf 'x%.0s' {1..200})"; done
	until_true says_in_memory
	touch "$TREE/d/meanwhile"
	must '8|16' asked status --sync
	kill "$filler"
	wait "$filler" || true
	inside rm "$STATE/filler"
	until_true seen_state green
	journal >"$T/all"
	jq -es --arg path "$TREE/d/meanwhile" 'any(.kind == "added" and .path == $path)' "$T/all" >/dev/null
	same
	# and from there it is known again
	halted
	daemon
	same
	[ "$(grep -c 'drift.db is damaged' "$T/daemon.log")" -eq 0 ]
}

@test "nobody takes the lines of --foreground: that costs nothing" {
	must 0 tally init
	"$TALLYD" --config "$CONFIG" --state "$STATE" --control "$CONTROL" --foreground >/dev/full 2>>"$T/daemon.log" 3>&- &
	DAEMON=$!
	ready 0
	for i in {1..100}; do echo "$i" >"$TREE/d/n$i"; done
	same
	expect_count 100
	[ "$(count_of gap)" -le 1 ] # the one at the start
	ready 0
}

@test "the journal's folder is taken away" {
	begun
	mv "$STATE/journal" "$T/stolen"
	touch "$TREE/d/new"
	until_true test -d "$STATE/journal"
	ready
	until_true happened tamper '.path | test("journal")'
	goes_on
	same
}

@test "the journal's segment is cut or written to where it is" {
	begun
	: >"$STATE/journal/events-0000000000000001.ndjson"
	# no event tells of it, and nobody asks
	until_true happened tamper '.path == "journal" and (.what | test("another size"))'
	goes_on
	echo '{}' >>"$(find "$STATE/journal" -name 'events-*.ndjson' | sort | tail -n 1)"
	barrier
	[ "$(grep -c '"kind":"tamper"' <(journal))" -eq 2 ]
	goes_on
	must 16 tally verify "$STATE/journal"
}

@test "watching and looking move no access time" {
	find "$TREE" -exec touch -h -a -d '2001-02-03 04:05:06 UTC' {} +
	begun
	echo more >>"$TREE/d/one"
	touch "$TREE/d/new"
	barrier
	must 0 asked check --daemon
	until_true happened scan '.purpose == "asked" and .ended == true'
	asked drift --sync >/dev/null || true
	[ "$(find "$TREE" ! -name new -printf '%AY %p\n' | grep -vc '^2001 ')" -eq 0 ] || { find "$TREE" -printf '%A+ %p\n'; false; }
}

@test "check --daemon: the daemon looks at everything, and says so" {
	begun
	must 0 asked check --daemon
	until_true happened scan '.purpose == "asked" and .ended == true'
	happened scan '.purpose == "asked" and .examined >= 5 and .differing == 0'
	must 0 asked status --sync --json
	if [ "$(id -u)" -eq 0 ]; then
		chmod 666 "$CONTROL"
		must 77 unprivileged "$TALLY" check --daemon --control "$CONTROL" --config "$CONFIG" --state "$STATE"
	fi
}

@test "log: since, paths, all, follow" {
	begun
	echo more >>"$TREE/d/one"
	barrier
	sleep 1.1
	since=$(date -u +%Y-%m-%dT%H:%M:%SZ)
	echo more >>"$TREE/d/e/two"
	barrier
	must 0 tally log
	has d/one
	has d/e/two
	no_control
	must 0 tally log --since "$since"
	lacks "$TREE/d/one"
	has d/e/two
	must 0 tally log "$TREE/d/e"
	lacks "$TREE/d/one"
	must 0 tally log --json
	[ "$(json 'all(.record == "event")')" = true ]
	[ "$(json 'any(.kind == "observed")')" = false ]
	must 0 tally log --json --all
	[ "$(json 'any(.kind == "observed")')" = true ]
	"$TALLY" log --follow --json >"$T/followed" 2>&1 3>&- &
	follower=$!
	touch "$TREE/d/followed-name"
	until_true grep -q '"added".*followed-name' "$T/followed"
	kill -INT "$follower"
	wait "$follower" || true
}

@test "log says where the journal was cut" {
	begun
	for i in {1..10}; do touch "$TREE/d/$i" && barrier; done
	halted
	segment=$(find "$STATE/journal" -maxdepth 1 -type f -size +0 ! -name '.*' | sort | head -n 1)
	sed -i '5d' "$segment"
	must 16 tally log --all
	start
	ready
	goes_on
}

@test "a torn last line is mended, and said" {
	begun
	touch "$TREE/d/x"
	barrier
	killed
	segment=$(find "$STATE/journal" -maxdepth 1 -type f -size +0 ! -name '.*' | sort | tail -n 1)
	truncate -s -20 "$segment"
	daemon
	goes_on
	"$BATS_TEST_DIRNAME/../stress/compare.py" chain "$STATE/journal"
	must 0 tally log --all
	same
}

@test "usage" {
	must 64 "$TALLYD" --no-such-option
	must 64 "$TALLYD" word
	must 0 "$TALLYD" --help
	awk 'length > 80 { exit 1 }' <<<"$output"
	must 0 "$TALLYD" --version
}

@test "first-baseline refuses where a baseline was ever seen" {
	begun
	halted
	rm "$STATE/baseline.db"
	start --first-baseline
	until_true ended_or_red
	[ ! -e "$STATE/baseline.db" ]
}

ended_or_red() {
	! kill -0 "$DAEMON" 2>/dev/null || seen_state red
}
