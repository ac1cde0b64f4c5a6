#!/usr/bin/env bats
# The verbs that ask the daemon: drift, status, check --daemon. A fake daemon answers, so that every answer can be had.
load lib

setup() {
	area
	SOCKET=$T/control.sock ANSWER=$T/answer
	FAKE=$BATS_TEST_DIRNAME/fake_daemon.py
}

teardown() {
	[ -z "${DAEMON-}" ] || kill "$DAEMON" 2>/dev/null || true
}

# daemon [CUT]: the fake one answers with $ANSWER
daemon() {
	[ -z "${DAEMON-}" ] || kill "$DAEMON"
	rm -f "$SOCKET"
	"$FAKE" serve "$SOCKET" "$ANSWER" "$@" >/dev/null 2>&1 3>&- &
	DAEMON=$!
	for _ in {1..600}; do
		[ -S "$SOCKET" ] && return 0
		sleep 0.1
	done
	return 1
}

asked() { # FILTER: of the last request
	tail -n 1 "$ANSWER.requests" | jq -c "$1"
}

END='{"record":"end"}'

# status_answer FILTER: a green status as FILTER leaves it, and the end
status_answer() {
	jq -c "$1" >"$ANSWER" <<-'JSON'
		{"record":"status","format":1,"state":"green","reasons":[],"pid":812,"version":"0.1.0","user":"tallystick",
		"started":"2026-11-19T08:00:00Z","now":"2026-11-22T08:00:00Z","uptime_seconds":259200,
		"baseline":{"sequence":3,"root":"blake2b256:00","created":"2026-11-18T10:00:00Z","host":"web1",
		"signers":[{"name":"/etc/tallystick/host.pub","fingerprint":"blake2b256:aa","key_id":"00112233AABBCCDD","host":true}]},
		"policy":{"from":"the signed policy","rules":143},
		"watches":{"directories":12400,"watched":12400,"polled":0,"polled_severe":0,"failed":0,"limit":65536,"memory_bytes":16252928,
		"classes":[{"class":"root","watched":12000,"overflows":0},{"class":"others","watched":400,"overflows":1}]},
		"queue":{"events_bytes":0,"dirty":0,"judging":0,"looks":0},"drift":{"paths":0},
		"gaps":{"count":0,"last":null},"blind":[],"tamper":[],
		"scan":{"running":null,"last":{"purpose":"start","from":"2026-11-19T08:00:01Z","to":"2026-11-19T08:01:13Z","examined":163000,
		"files_read":120000,"bytes_read":9234567890,"unexamined":2,"differing":17,"ended":true},
		"rolling":{"period_seconds":604800,"oldest":"2026-11-18T10:00:00Z","round_started":"2026-11-21T23:00:00Z","at":"/usr/share/doc"},
		"polling":{"last":null}},
		"journal":{"seq":1234,"durable":1234,"segment":"00000001.ndjson","segment_bytes":345678,"held":0,"lost":0,"problem":""},
		"seal":null,"synced":false,"sync_gap":null}
	JSON
	echo "$END" >>"$ANSWER"
}

narrow() {
	local wide
	wide=$(awk 'length($0) > 80' <<<"$output")
	[ -z "$wide" ] || { echo "wider than 80 columns: $wide"; return 1; }
}

@test "without a daemon: 69 and how to start it" {
	for verb in drift status 'check --daemon'; do
		# shellcheck disable=SC2086
		must 69 tally $verb --control "$SOCKET"
		error_like 'no daemon answers on .*systemctl start tallyd'
		[ -z "$output" ]
	done
	: >"$SOCKET" # something else that has the name
	must 69 tally status --control "$SOCKET"
	must 69 tally status --control "$T/no/such/folder/sock"
	must 64 tally status --control ""
}

@test "a socket that we may not open is 77" {
	needs_root 'becomes another user'
	status_answer .
	daemon
	chmod 0600 "$SOCKET"
	chmod 0755 "$T"
	cp "$TALLY" "$T/tally"
	must 77 unprivileged "$T/tally" status --control "$SOCKET"
	error_like 'may not talk to the daemon.*group may'
}

@test "status: green, on 80 columns" {
	status_answer .
	daemon
	must 0 tally status --control "$SOCKET"
	[ "$(asked .)" = '{"request":"status","sync":false}' ]
	narrow
	no_control
	[ "${lines[0]}" = 'GREEN  everything in scope is watched' ]
	has 'baseline   generation 3 of web1, made 3 days ago (2026-11-18 10:00:00 +0000)'
	has '12,400 of 12,400 directories; limit 65,536; 15.5 MiB of memory'
	has 'root 12,000 watched, 0 overflows; others 400 watched, 1 overflow'
	has 'every path is as recorded'
	has '163,000 paths, 8.6 GiB read'
	has 'queue      empty'
	has 'full reads the oldest 3 days ago (2026-11-18 10:00:00 +0000), due every 7 days'
	has 'round begun 9 hours ago, now at /usr/share/doc'
	has 'gaps       none'
	has '1,234 events, all on the disk'
	has 'seal       none (a later step)'
	has 'running    for 3 days, since 2026-11-19 08:00:00 +0000'
	has 'pid 812, version 0.1.0, user tallystick'
	lacks TAMPER
	lacks SYNCED
	must 0 tally status --quiet --control "$SOCKET"
	[ "$output" = 'GREEN  everything in scope is watched' ]
}

@test "status: yellow says why, and where" {
	status_answer '.state = "yellow" | .reasons = ["55 directories have no watch: the limit of watches is reached", "second", "third"] |
		.watches += {watched: 12345, polled: 55, polled_severe: 3, failed: 2} | .blind = ["/srv/a b"] | .drift.paths = 17 |
		.gaps = {count: 2, last: {from: "2026-11-22T07:00:00Z", to: "2026-11-22T07:59:00Z", reason: "the queue ran over", subtree: "/home"}} |
		.queue.dirty = 1 | .scan.running = {purpose: "loss", since: "2026-11-22T07:59:50Z", examined: 10, bytes_read: 2048} |
		.scan.rolling.oldest = "2026-11-01T00:00:00Z" | .journal += {durable: 1200, held: 3, lost: 1, problem: "No space left on device"}'
	daemon
	must 8 tally status --control "$SOCKET"
	narrow
	[ "${lines[0]}" = 'YELLOW  55 directories have no watch: the limit of watches is reached' ]
	has 'also       second'
	has '55 looked at in turns instead (3 of them severe)'
	has '2 could not be watched'
	has 'blind      /srv/a b: '
	has '17 paths are not exactly as recorded'
	has 'the queue ran over, below /home'
	has '1 path to judge'
	has 'scanning   loss, begun 10 seconds ago'
	has LATE
	has 'on the disk up to 1200'
	has '3 events are kept in memory, 1 was lost: No space left on device'
}

@test "status: red, and tampering in red" {
	status_answer '.state = "red" | .reasons = ["no baseline that can be believed: its root hash is another"] | .baseline = null |
		.tamper = [{path: "/var/lib/tallystick/baseline.db", what: "written by somebody else"}]'
	daemon
	must 16 tally status --control "$SOCKET"
	[[ ${lines[0]} == 'RED  no baseline'* ]]
	has 'TAMPER     /var/lib/tallystick/baseline.db: written by somebody else'
	has 'none that can be believed'
	narrow
	run script -qec "TERM=xterm '$TALLY' status --control '$SOCKET'" /dev/null
	has $'\e[1;31mRED\e[0m'
	has $'\e[1;31m/var/lib/tallystick/baseline.db: written by somebody else\e[0m'
}

@test "status --json is the object" {
	status_answer '.reasons = ["bell \u0007 bidi \u202e c1 \u009b"]'
	daemon
	must 0 tally status --json --control "$SOCKET"
	no_control
	[ "${#lines[@]}" -eq 1 ]
	[ "$(json '.[0] | .record, .watches.classes[1].overflows, .seal')" = $'status\n1\nnull' ]
	[[ $output != *$'\u202e'* && $output != *$'\u009b'* ]]
	has 'bell \\x07 bidi \\xe2\\x80\\xae c1 \\xc2\\x9b'
	[ "$(head -n 1 "$ANSWER" | jq -S 'del(.reasons)')" = "$(jq -S 'del(.reasons)' <<<"$output")" ]
}

@test "status --sync: what could not be waited for is not green" {
	status_answer '.synced = true'
	daemon
	must 0 tally status --sync --control "$SOCKET"
	[ "$(asked .sync)" = true ]
	has 'every change made before this call has been judged'
	status_answer '.sync_gap = "events were lost while it waited"'
	must 8 tally status --sync --control "$SOCKET"
	[[ ${lines[0]} == 'YELLOW  not synced: events were lost while it waited' ]]
	has 'NOT SYNCED events were lost while it waited'
	must 0 tally status --control "$SOCKET"
}

@test "status: missing members and wrong ones are survived" {
	local filter path
	daemon
	for filter in '{record,format,state}' '.watches = 7' '.scan = []' '.baseline = "x"' '.journal = null' '.gaps.last = [1]' '.tamper = [1, {}, "x"]' \
		'.reasons = {}' '.reasons = [7]' '.now = -5' '.started = "yesterday"' '.queue.dirty = -1' '.scan.rolling.period_seconds = 9e18' \
		'.blind = [range(50)]' '.drift = null' '.watches.classes = [null]' '.pid = "x"' '.scan.last.examined = "many"'; do
		status_answer "$filter"
		must 0 tally status --control "$SOCKET"
		[[ ${lines[0]} == GREEN* ]]
		narrow
		must 0 tally status --json --control "$SOCKET"
	done
	for path in $(jq -c 'select(.record == "status") | paths | map(tostring) | join("/")' "$ANSWER"); do
		status_answer "delpaths([$path | split(\"/\") | map(tonumber? // .)])"
		case $path in '"record"' | '"format"' | '"state"') must 65 tally status --control "$SOCKET" ;; *) must 0 tally status --control "$SOCKET" ;; esac
	done
}

@test "nonsense from the daemon is 65 and a clear line" {
	local verb line
	daemon
	while IFS= read -r line; do
		printf '%b\n' "$line" >"$ANSWER"
		for verb in status drift 'check --daemon'; do
			# shellcheck disable=SC2086
			must 65 tally $verb --control "$SOCKET"
			error_like "the daemon's (answer|status) is"
			[ -z "$output" ]
		done
	done <<-'LINES'
		hello
		{}
		[]
		{"record":7}
		{"record":"end"}
		{"record":"what","x":1}\n{"record":"end"}
		{"record":"status"}\n{"record":"end"}
		{"record":"status","format":1,"state":"blue"}\n{"record":"end"}
		{"record":"error"}
		{"record":"error","code":0,"message":"x"}
		{"record":"error","code":5,"message":"x"}
		{"record":"error","code":75}
		{"record":"\\ud800"}
		\0377\0376
	LINES
	printf '{"record":"status","x":"\0"}\n' >"$ANSWER"
	must 65 tally status --control "$SOCKET"
	python3 -c 'print("[" * 100000)' >"$ANSWER"
	must 65 tally drift --control "$SOCKET"
	status_answer . # a status where a drift was asked for
	must 65 tally drift --control "$SOCKET"
	must 65 tally check --daemon --control "$SOCKET"
	printf '%s\n' "$(head -n 1 "$ANSWER")" "$(head -n 1 "$ANSWER")" "$END" >"$ANSWER"
	must 65 tally status --control "$SOCKET"
}

@test "the daemon's errors are ours" {
	local code
	daemon
	for code in 16 64 66 70 75 77; do
		printf '{"record":"error","code":%d,"message":"so it is \\u001b[31m with \\\\x00"}\n' "$code" >"$ANSWER"
		must "$code" tally drift --control "$SOCKET"
		error_like 'the daemon says: so it is \\x1b\[31m with \\x00'
	done
}

@test "a daemon that dies in the middle is 69" {
	status_answer .
	local len
	len=$(wc -c <"$ANSWER")
	for cut in 1 100 $((len - 18)) $((len - 1)); do
		daemon "$cut"
		must 69 tally status --control "$SOCKET"
		error_like 'broke off'
		[ -z "$output" ]
	done
	daemon "$len"
	must 0 tally status --control "$SOCKET"
}

@test "a daemon that does not answer can be interrupted" {
	: >"$ANSWER"
	daemon
	"$TALLY" status --sync --control "$SOCKET" >"$T/out" 2>"$T/err" 3>&- &
	local pid=$! status=0
	for _ in {1..600}; do
		[ -s "$ANSWER.requests" ] && break
		sleep 0.1
	done
	kill -TERM "$pid"
	wait "$pid" || status=$?
	[ "$status" -eq 130 ]
	[ "$(cat "$T/err")" = 'tally: interrupted' ]
}

# both_sides: a baseline of $TREE, then every kind of change in it, a second baseline, and the answer that a daemon would give
both_sides() {
	policy <<-EOF
		version: 1
		rules:
		  - {path: $TREE, profile: static, severity: medium}
		  - {path: $TREE/log, profile: growing-log, severity: low}
		  - {path: $TREE/bin, severity: critical}
	EOF
	mkdir "$TREE"/{bin,log,etc}
	local name
	for name in bin/tool etc/conf etc/gone log/app; do
		echo "$name as it was" >"$TREE/$name"
	done
	printf 'content that moves' >"$TREE/etc/here"
	ln -s conf "$TREE/etc/link"
	mkfifo "$TREE/etc/pipe"
	echo x >"$TREE"/$'etc/new\nline \xff \\ "'
	must 0 tally init
	chmod 4755 "$TREE/bin/tool"
	echo changed >"$TREE/etc/conf"
	rm "$TREE/etc/gone"
	mv "$TREE/etc/here" "$TREE/there"
	ln -sfn other "$TREE/etc/link"
	echo y >"$TREE"/$'etc/new\nline \xff \\ "'
	echo z >"$TREE"/$'etc/\xc2\x9badded'
	: >"$TREE/log/app"
	must 7 tally check --json
	printf '%s\n' "$output" >"$T/check"
	mkdir "$T/state2"
	must 0 tally init --state "$T/state2"
	"$FAKE" drift "$STATE/baseline.db" "$T/state2/baseline.db" <"$T/check" >"$ANSWER"
}

@test "drift says what check says" {
	both_sides
	daemon
	must 7 tally drift --sync --json --control "$SOCKET"
	[ "$(asked .)" = '{"request":"drift","sync":true,"paths":[]}' ]
	diff <(grep -v '"record":"summary"' "$T/check") <(grep -v '"record":"summary"' <<<"$output")
	local drop='select(.record == "summary") | del(.b, .seconds, .bytes_read, .synced)'
	diff <(jq -S "$drop" "$T/check") <(jq -S "$drop" <<<"$output")
	[ "$(json '.[-1] | .b.kind, .synced, .moved')" = $'daemon\ntrue\n1' ]
	must 7 tally check
	printf '%s\n' "$output" | sed -E 's/^examined.*//; s/ \(.* ago\)$//' >"$T/text"
	must 7 tally drift --control "$SOCKET"
	diff "$T/text" <(printf '%s\n' "$output" | sed -E 's/^examined.*//; s/ \(.* ago\)$//')
	no_control
	must 4 tally drift --fail-on critical --control "$SOCKET"
	must 7 tally drift --quiet --control "$SOCKET"
	[ "${#lines[@]}" -eq 1 ]
}

@test "drift asks for the paths as they are" {
	both_sides
	daemon
	cd "$TREE"
	must 7 tally drift etc $'etc/new\nline \xff \\ "' $'\xff' "$TREE/bin/../log" --control "$SOCKET"
	[ "$(asked '.paths | length')" -eq 3 ]
	[ "$(asked ".paths[0].path == \"$TREE/etc\"")" = true ]
	[ "$(asked '.paths[2].path_b64' | tr -d '"' | base64 -d)" = "$TREE"/$'\xff' ]
	# shellcheck disable=SC2046
	must 64 tally drift --control "$SOCKET" $(seq -f "/$(printf 'x%.0s' {1..200})%.0f" 6000)
	error_like 'fewer paths'
}

@test "drift says when it is not the present" {
	both_sides
	local full
	full=$(cat "$ANSWER")
	daemon
	jq -c 'if .record == "summary_parts" then .synced = false else . end' <<<"$full" >"$ANSWER"
	must 7 tally drift --control "$SOCKET"
	has '; not synced: what changed in the last moments may be missing (--sync waits for it)'
	must 7 tally drift --json --control "$SOCKET"
	[ "$(json '.[-1].synced')" = false ]
	jq -c 'if .record == "summary_parts" then .synced = false | .sync_gap = "events were lost below /home" else . end' <<<"$full" >"$ANSWER"
	must 15 tally drift --sync --control "$SOCKET"
	has '; NOT SYNCED: events were lost below /home'
}

@test "drift that finds nothing, and one that has nothing to look at" {
	both_sides
	grep -v '"record":"change"' "$ANSWER" | jq -c 'if .record == "summary_parts" then .added = 0 | .removed = 0 | .changed = 0 else . end' >"$T/none"
	cp "$T/none" "$ANSWER"
	daemon
	must 0 tally drift --control "$SOCKET"
	has 'NO DIFFERENCE FOUND'
	jq -c 'if .record == "summary_parts" then .examined = 0 else . end' "$T/none" >"$ANSWER"
	must 66 tally drift /nowhere --control "$SOCKET"
	error_like 'nothing was in scope'
	(echo '{"record":"unexamined","side":"b","path":"/x","reason":"\u009b it hides"}'; jq -c 'if .record == "summary_parts" then .unexamined = 1 else . end' "$T/none") >"$ANSWER"
	must 8 tally drift --control "$SOCKET"
	has '/x: \xc2\x9b it hides'
}

@test "damaged drift answers are refused before anything is printed" {
	both_sides
	local full filter
	full=$(cat "$ANSWER")
	daemon
	for filter in 'select(.record != "summary_parts")' 'if .record == "summary_parts" then .added += 1 else . end' \
		'if .record == "summary_parts" then del(.root) else . end' 'if .record == "summary_parts" then .root = "blake2b256:<b>" else . end' \
		'if .record == "summary_parts" then .signers = [{}] else . end' 'if .record == "summary_parts" then .examined = -1 else . end' \
		'if .record == "summary_parts" then .a.kind = "\u009b" else . end' 'if .record == "summary_parts" then .format = 2 else . end' \
		'if .record == "summary_parts" then .attributes_not_compared = ["colour"] else . end' \
		'if .record == "summary_parts" then .created = "today" else . end' 'if .record == "summary_parts" then (., .) else . end' \
		'if .record == "change" then .change_b64 |= "A" + . else . end' 'if .record == "change" then .change_b64 |= .[:-4] else . end' \
		'if .record == "change" then .change_b64 += "AAAA" else . end' 'if .record == "change" then .change_b64 = "" else . end' \
		'if .record == "change" then del(.change_b64) else . end' '(if .record == "end" then {record: "change"} else empty end), .'; do
		jq -c "$filter" <<<"$full" >"$ANSWER"
		must 65 tally drift --control "$SOCKET"
		error_like "the daemon's answer is"
		[ -z "$output" ] || { echo "printed: $output"; return 1; }
	done
	printf '%s' "$full" | head -c 5000 >"$ANSWER"
	must 69 tally drift --control "$SOCKET"
	[ -z "$output" ]
}

@test "check --daemon is queued, and nothing else" {
	printf '{"record":"scan","state":"queued"}\n%s\n' "$END" >"$ANSWER"
	daemon
	must 0 tally check --daemon --quick "$TREE" --control "$SOCKET"
	[ "$(asked .)" = "{\"request\":\"check\",\"quick\":true,\"paths\":[{\"path\":\"$TREE\"}]}" ]
	[[ $output == queued* ]]
	must 0 tally check --daemon --json --control "$SOCKET"
	[ "$output" = '{"record":"scan","format":1,"state":"queued"}' ]
	must 64 tally check --daemon --fail-on high --control "$SOCKET"
	must 64 tally check --daemon --trust x --control "$SOCKET"
	must 64 tally check --control "$SOCKET"
}
