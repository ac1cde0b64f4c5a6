#!/usr/bin/env bats
# tally log, and tally verify of a journal: journals made by an independent writer, tests/oracle/journal.py.

load lib

setup() {
	area
	JOURNAL=$STATE/journal
	ORACLE=$BATS_TEST_DIRNAME/../oracle/journal.py
	mkdir "$JOURNAL"
	export TZ=UTC-1
}

# append [SEGMENT-LINES] < "TIME MEMBERS" lines
append() {
	python3 "$ORACLE" --append "$JOURNAL" "$@"
}

# five events in three segments
some() {
	append 2 <<-'EOF'
		2026-03-21T23:00:00.000000000Z "kind":"started","version":"0.1.0","pid":7
		2026-03-22T03:00:00.000000000Z "kind":"observed","paths":[{"path":"/etc/a","mask":["create"]}]
		2026-03-22T03:00:01.000000000Z "kind":"added","path":"/etc/a","after":{"type":"file","mode":"0644","uid":0,"gid":0,"size":3},"severity":"high","by":"event"
		2026-03-22T04:00:00.000000000Z "kind":"gap","from":"2026-03-22T03:30:00.000000000Z","to":"2026-03-22T03:40:00.000000000Z","reason":"the queue overflowed","subtree":"/var"
		2026-03-22T05:00:00.000000000Z "kind":"moved","path":"/srv/b","from":"/etc/b","attributes":[],"severity":"low","by":"event"
	EOF
}

# seqs: the numbers of the events printed
seqs() {
	json '[.[] | select(.record == "event") | .seq] | join(" ")'
}

@test "events as text" {
	some
	must 0 tally log
	[ "${lines[0]}" = '2026-03-22 00:00:00.000 +0100  -         started   version 0.1.0, pid 7' ]
	[ "${lines[1]}" = '2026-03-22 04:00:01.000 +0100  high      added     /etc/a' ]
	[ "${lines[2]}" = '      file     -rw-r--r-- 0644  0 0  3' ]
	[[ ${lines[3]} == *'events may be missing: from 2026-03-22 04:30:00.000 +0100 to 2026-03-22 04:40:00.000 +0100, below /var: the queue overflowed' ]]
	[[ ${lines[4]} == *'moved     /etc/b -> /srv/b' ]]
	[ "${#lines[@]}" -eq 5 ]
	must 0 tally log --all
	has 'observed  /etc/a (create)'
}

@test "--json prints the lines as they are" {
	some
	must 0 tally log --json --all
	[ "$output" = "$(cat "$JOURNAL"/events-*.ndjson)" ]
}

@test "--since" {
	some
	must 0 tally log --json --all --since 2026-03-22T03:00:01Z
	[ "$(seqs)" = '3 4 5' ]
	must 0 tally log --json --all --since '2026-03-22 04:00'
	[ "$(seqs)" = '2 3 4 5' ]
	must 0 tally log --json --all --since 2026-03-22T04:30:00+01:00
	[ "$(seqs)" = '4 5' ]
	must 0 tally log --json --all --since 2026-03-22
	[ "$(seqs)" = '1 2 3 4 5' ]
	must 0 tally log --json --all --since 2026-03-23
	[ -z "$output" ]
	echo "$(date -u -d '-10 minutes' +%FT%T.000000000Z) \"kind\":\"stopped\"" | append
	for ago in 15m 2h 1d; do
		must 0 tally log --json --since "$ago"
		[[ $(seqs) == *6 ]]
	done
	must 0 tally log --json --since 5m
	[ -z "$output" ]
	for bad in tomorrow 2026-13-01 2026-02-31 15x '' 2026-03-22T25:00; do
		must 64 tally log --since "$bad"
		error_like 'no time like'
	done
}

@test "paths choose events, and gaps that concern them" {
	some
	must 0 tally log --json --all /etc
	[ "$(seqs)" = '2 3 5' ]
	must 0 tally log --json /var/log
	[ "$(seqs)" = 4 ]
	must 0 tally log --json /
	[ "$(seqs)" = '3 4 5' ]
	must 0 tally log --json /srv /etc/a
	[ "$(seqs)" = '3 5' ]
}

@test "--follow goes on with what comes, into new segments, until it is interrupted" {
	some
	# a job's own process group, so that it can be interrupted
	setsid "$TALLY" log --follow --json >"$T/out" 2>"$T/err" 3>&- &
	local pid=$! i
	for i in 6 7 8 9; do
		echo "2026-03-22T06:00:00.000000000Z \"kind\":\"scan\",\"n\":$i" | append 2
		for _ in {1..300}; do
			if [ "$(tail -n 1 "$T/out" | jq .seq)" = "$i" ]; then break; fi
			sleep 0.1
		done
		[ "$(tail -n 1 "$T/out" | jq .seq)" = "$i" ] || { cat "$T/out" "$T/err"; return 1; }
	done
	kill -TERM "$pid"
	# not in `must`: its subshell cannot wait for a child of this shell
	wait "$pid"
	[ ! -s "$T/err" ]
}

@test "a break is told on the way and ends with 16" {
	some
	sed -i 's/overflowed/overflower/' "$JOURNAL/events-0000000000000003.ndjson"
	must 16 tally log
	has 'BROKEN CHAIN' && has 'line 2: it does not chain' && has '/srv/b'
	error_like 'broken in 1 place'
	must 16 tally log --json
	[ "$(seqs)" = '1 3 4 5' ]
	[ "$(json '[.[].record] | join(" ")')" = 'event event break event event' ]
	rm "$JOURNAL/events-0000000000000003.ndjson"
	must 16 tally log
	has 'lines before it are missing, from number 3 on' && has '/srv/b'
}

@test "no journal, no folder" {
	must 0 tally log
	[ -z "$output" ]
	rmdir "$JOURNAL"
	must 66 tally log
	error_like "cannot open the journal"
	needs_root 'the other user must not read it'
	mkdir -m 700 "$JOURNAL"
	chmod 755 "$T" "$STATE"
	must 77 unprivileged "$TALLY" log
}

@test "a hostile journal holds nobody up and sends nothing to the terminal" {
	append <<-'EOF'
		2026-03-22T03:00:00.000000000Z "kind":"added","path":"/\u001b[31m\n\u009b\u202e","severity":"high"
	EOF
	must 0 tally log
	no_control
	has '/\x1b[31m\x0a\xc2\x9b\xe2\x80\xae'
	mkfifo "$JOURNAL/events-0000000000000002.ndjson"
	ln -s /etc/passwd "$JOURNAL/events-0000000000000003.ndjson"
	mkdir "$JOURNAL/events-0000000000000004.ndjson"
	must 16 timeout 60 "$TALLY" log
	has 'not a regular file' && lacks root:
	must 16 timeout 60 "$TALLY" verify "$JOURNAL"
	head -c 40M /dev/zero | tr '\0' 'x' >"$T/x"
	cat "$T/x" >>"$JOURNAL/events-0000000000000001.ndjson"
	must 16 timeout 60 "$TALLY" log
	has 'too long'
}

@test "verify proves a journal whole, not sealed" {
	some
	must 0 tally verify "$JOURNAL"
	has 'CONSISTENT, UNSEALED' && has 'whoever was root' && has 'lines    1 to 5, in 3 segments'
	has "$(python3 "$ORACLE" "$JOURNAL" | cut -d ' ' -f 2)"
	must 0 tally verify --quiet "$JOURNAL"
	[ "${#lines[@]}" -eq 1 ]
	must 0 tally verify --json "$JOURNAL"
	[ "$(json '.[0] | "\(.record) \(.what) \(.lines) \(.segments) \(.last) \(.sealed)"')" = \
		'verify journal 5 3 2026-03-22T05:00:00.000000000Z false' ]
	printf '{"record":' >>"$JOURNAL/events-0000000000000005.ndjson"
	must 0 tally verify "$JOURNAL"
	has 'no end yet'
	must 66 tally verify "$TREE"
	error_like 'holds no journal'
}

@test "verify names every break, as the independent verifier does" {
	some
	cp -a "$JOURNAL" "$T/good"
	local file byte size
	for file in "$T/good"/*; do
		size=$(stat -c %s "$file")
		for byte in 20 $((size / 2)) $((size - 5)); do
			rm -rf "$JOURNAL"
			cp -a "$T/good" "$JOURNAL"
			python3 - "$JOURNAL/${file##*/}" "$byte" <<-'EOF'
				import sys
				with open(sys.argv[1], "r+b") as file:
				    data = bytearray(file.read())
				    data[int(sys.argv[2])] ^= 1
				    file.seek(0)
				    file.write(data)
			EOF
			must 16 tally verify "$JOURNAL"
			has 'BROKEN CHAIN' && has 'journal segment'
			must 1 python3 "$ORACLE" "$JOURNAL"
		done
	done
}
