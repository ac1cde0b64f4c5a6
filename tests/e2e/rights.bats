#!/usr/bin/env bats
# What tallyd may do once it runs, as a service starts it: as root, with the capabilities of the unit, on a system with the
# user tallystick. That system is a mount namespace with a passwd and a group of its own.
load lib

UID_OF_US=64131 GID_OF_US=64132

setup() {
	area
	needs_root 'tallyd gives up being root'
	unshare --mount true 2>/dev/null || skip 'no mount namespaces here'
	# shellcheck disable=SC2153 # TALLY is given
	TALLYD=$(dirname "$TALLY")/tallyd CONTROL=$T/run/control.sock
	[ -x "$TALLYD" ] || TALLYD=$(find "${TALLY_BUILD:?}" -name tallyd -type f -perm -u+x | head -n 1)
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$T" 2>/dev/null || true
	printf 'root:x:0:0::/root:/bin/sh\ntallystick:x:%d:%d::/nonexistent:/bin/false\n' $UID_OF_US $GID_OF_US >"$T/passwd"
	printf 'root:x:0:\ntallystick:x:%d:\n' $GID_OF_US >"$T/group"
	unshare --mount --propagation private sleep 3600 3>&- &
	HOLDER=$!
	soon apart
	within mount --bind "$T/passwd" /etc/passwd
	within mount --bind "$T/group" /etc/group
	capabilities=$(sed -n 's/^CapabilityBoundingSet=//p' "$BATS_TEST_DIRNAME/../../packaging/tallyd.service.in" |
		tr 'A-Z ' 'a-z,' | sed 's/cap_/+/g')
	echo content >"$TREE/file"
}

teardown() {
	[ -z "${DAEMON-}" ] || kill -KILL "$DAEMON" 2>/dev/null || true
	[ -z "${HOLDER-}" ] || kill -KILL "$HOLDER" 2>/dev/null || true
	! grep -E 'ERROR: |runtime error|WARNING: ThreadSanitizer' "$T/daemon.log" 2>/dev/null
}

within() {
	nsenter "--mount=/proc/$HOLDER/ns/mnt" "--wd=$PWD" -- "$@"
}

apart() {
	[ "$(readlink /proc/$$/ns/mnt)" != "$(readlink "/proc/$HOLDER/ns/mnt")" ]
}

soon() { # COMMAND...: becomes true within a generous time
	local tries=0
	until "$@"; do
		[ $((tries += 1)) -le 1500 ] || { echo "never came: $*"; tail -n 20 "$T/daemon.log"; return 1; }
		sleep 0.1
	done
}

asked() {
	within "$TALLY" "$@" --control "$CONTROL"
}

start() { # [argument...]
	nsenter "--mount=/proc/$HOLDER/ns/mnt" "--wd=$PWD" -- setpriv --inh-caps=-all "--bounding-set=-all,$capabilities" -- \
		"$TALLYD" --control "$CONTROL" "$@" >>"$T/daemon.log" 2>&1 3>&- &
	DAEMON=$!
	soon ready
}

ready() { # it answers, and has looked at everything
	kill -0 "$DAEMON" || { cat "$T/daemon.log"; return 0; }
	asked status --sync --json >"$T/status" 2>"$T/status.err" && jq -e .synced "$T/status" >/dev/null
}

stop() {
	local status=0
	kill -TERM "$DAEMON"
	wait "$DAEMON" || status=$?
	DAEMON=
	[ "$status" -eq 0 ] || { echo "tallyd ended with $status"; cat "$T/daemon.log"; return 1; }
}

# same: drift is what a check finds
same() {
	asked drift --sync --json >"$T/drift" || true
	within "$TALLY" check --json >"$T/check" || true
	diff <(jq -r 'select(.record == "change") | "\(.kind) \(.path)"' "$T/drift" | sort) \
		<(jq -r 'select(.record == "change") | "\(.kind) \(.path)"' "$T/check" | sort)
}

process() { # FIELD: of its status
	awk -v field="$1:" '$1 == field { $1 = ""; sub(/^ +/, ""); print }' "/proc/$DAEMON/status"
}

@test "it ends up as its own user with one capability, in a read-only namespace that keeps access times" {
	start --first-baseline
	[ "$(process Uid)" = "$UID_OF_US $UID_OF_US $UID_OF_US $UID_OF_US" ]
	[ "$(process Gid)" = "$GID_OF_US $GID_OF_US $GID_OF_US $GID_OF_US" ]
	[ -z "$(process Groups)" ]
	for set in CapPrm CapEff; do [ "$(process $set)" = 0000000000000004 ]; done # CAP_DAC_READ_SEARCH
	for set in CapInh CapBnd CapAmb; do [ "$(process $set)" = 0000000000000000 ]; done
	[ "$(process NoNewPrivs)" = 1 ]
	awk '("," $6 ",") !~ /,ro,/ || ("," $6 ",") !~ /,noatime,/ { print; bad = 1 } END { exit bad }' "/proc/$DAEMON/mountinfo"
	# all of its threads are so
	if [ "${TALLY_PRESET-}" = tsan ]; then
		echo "# the rights of the single threads are not compared: ThreadSanitizer has a thread of its own, from before they were given up" >&3
	else
		[ "$(cat "/proc/$DAEMON"/task/*/status | grep -E '^(Uid|Gid|Cap...|NoNewPrivs):' | sort -u | wc -l)" -eq 8 ]
	fi
	[ "$(jq -r .user "$T/status")" = tallystick ]
	[ "$(jq -r .state "$T/status")" = green ]
	[ "$(stat -c '%u %a' "$STATE/baseline.db")" = '0 600' ]
	[ "$(stat -c '%u %a' "$CONFIG/host.key")" = '0 600' ]
	[ "$(stat -c %u "$STATE/seen")" = 0 ]
	[ "$(stat -c '%u %g %a' "$STATE/journal")" = "$UID_OF_US $GID_OF_US 750" ]
	[ "$(stat -c '%g %a' "$CONTROL")" = "$GID_OF_US 660" ]
	stop
}

@test "what it watches it can read, whoever's it is" {
	mkdir -m 700 "$TREE/private"
	echo secret >"$TREE/private/file"
	chmod 600 "$TREE/private/file"
	chown -R 64140:64140 "$TREE/private"
	start --first-baseline
	echo other >"$TREE/private/file"
	echo new >"$TREE/private/new"
	chmod 000 "$TREE/private/new" "$TREE/private"
	same
	jq -se 'any(.kind == "changed" and (.path | endswith("private/file")) and (.attributes | index("content")))' "$T/drift"
	stop
}

@test "reading everything moves no access time" {
	ln -s file "$TREE/link"
	mkdir "$TREE/folder"
	echo x >"$TREE/folder/file"
	chown -R -h 64140:64140 "$TREE"
	local all=("$TREE" "$TREE/file" "$TREE/link" "$TREE/folder" "$TREE/folder/file")
	touch -h -d '2001-02-03 04:05:06' "${all[@]}"
	start --first-baseline
	must 0 asked check --daemon
	soon asked_look_ended
	must 0 asked status --sync
	[ "$(stat -c %X "${all[@]}" | sort -u)" = "$(date -d '2001-02-03 04:05:06' +%s)" ] || { stat -c '%n %x' "${all[@]}"; return 1; }
	stop
}

asked_look_ended() {
	asked status --json | jq -e '.scan.last.purpose == "asked"' >/dev/null ||
		cat "$STATE"/journal/*.ndjson | jq -e 'select(.kind == "scan" and .purpose == "asked")' >/dev/null
}

@test "members of the group may ask, others may not" {
	start --first-baseline
	must 0 within setpriv --reuid 64140 --regid 64140 --groups $GID_OF_US -- "$TALLY" status --control "$CONTROL"
	must 77 within setpriv --reuid 64140 --regid 64140 --clear-groups -- "$TALLY" status --control "$CONTROL"
	must 77 within setpriv --reuid 64140 --regid 64140 --groups $GID_OF_US -- "$TALLY" check --daemon --control "$CONTROL"
	stop
}

@test "what changes while the first baseline is made is neither lost nor made up" {
	local i
	for i in $(seq 400); do head -c 20000 /dev/zero >"$TREE/f$i"; done
	(
		for round in 1 2 3; do
			for i in $(seq 400); do
				echo "$round" >>"$TREE/f$i"
				[ $((i % 7)) -ne 0 ] || mv "$TREE/f$i" "$TREE/g$i.$round"
				[ $((i % 11)) -ne 0 ] || { mkdir -p "$TREE/d$i/e" && echo "$i" >"$TREE/d$i/e/file"; }
			done
		done
	) 3>&- &
	local writer=$!
	start --first-baseline
	wait "$writer"
	same
	stop
}

@test "a second daemon is refused, a second start takes up where the first ended" {
	start --first-baseline
	must 75 within "$TALLYD" --control "$CONTROL"
	[[ $stderr == *'another tallyd works in'* ]]
	stop
	echo meanwhile >"$TREE/new"
	start
	same
	grep -q "$TREE/new" "$T/drift"
	stop
}

@test "a service manager hears that it is ready, well, and ending" {
	python3 - "$T/notify" "$T/heard" 3>&- <<-'EOF2' &
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1])
		out = open(sys.argv[2], "w")
		while True:
		    text = s.recv(4096).decode()
		    print(text, file=out, flush=True)
		    if text == "STOPPING=1":
		        break
	EOF2
	local listener=$!
	soon test -S "$T/notify"
	NOTIFY_SOCKET=$T/notify WATCHDOG_USEC=600000 start --first-baseline
	soon grep -qx READY=1 "$T/heard"
	soon grep -qx WATCHDOG=1 "$T/heard"
	soon grep -q '^STATUS=green' "$T/heard"
	stop
	wait "$listener"
	grep -qx STOPPING=1 "$T/heard"
}

@test "it calls nothing that the unit's filter forbids" {
	[ "${TALLY_PRESET-dev}" = dev ] || skip "strace and the sanitizers' own files do not go together"
	command -v systemd-analyze >/dev/null || skip 'no systemd-analyze (Debian: systemd)'
	nsenter "--mount=/proc/$HOLDER/ns/mnt" "--wd=$PWD" -- strace -f -o "$T/trace" "$TALLYD" --control "$CONTROL" --first-baseline >>"$T/daemon.log" 2>&1 3>&- &
	DAEMON=$!
	soon asked_status
	echo other >"$TREE/file"
	must 4 asked drift --sync
	kill -TERM "$(jq -r .pid "$T/status")"
	wait "$DAEMON" || true
	DAEMON=
	allowed
	sed -nE 's/^[0-9]+ +([a-z][a-z0-9_]*)\(.*/\1/p' "$T/trace" | sort -u >"$T/called"
	[ "$(wc -l <"$T/called")" -gt 30 ]
	grep -qx mount_setattr "$T/called"
	comm -23 "$T/called" "$T/allowed" >"$T/forbidden"
	[ ! -s "$T/forbidden" ] || { echo "forbidden: $(tr '\n' ' ' <"$T/forbidden")"; return 1; }
}

asked_status() {
	asked status --sync --json >"$T/status" 2>/dev/null
}

# allowed: the calls of SystemCallFilter=, groups resolved
allowed() {
	local word
	sed -n 's/^SystemCallFilter=//p' "$BATS_TEST_DIRNAME/../../packaging/tallyd.service.in" | tr ' ' '\n' >"$T/words"
	: >"$T/allowed"
	while read -r word; do resolve "$word"; done <"$T/words"
	printf 'execve\n' >>"$T/allowed" # strace's
	sort -u -o "$T/allowed" "$T/allowed"
}

resolve() {
	local inner
	[[ $1 == @* ]] || { echo "$1" >>"$T/allowed"; return 0; }
	while read -r inner; do resolve "$inner"; done < <(systemd-analyze syscall-filter "$1" | grep -oE '^ +@?[a-z][a-z0-9_-]*$')
}

@test "tallyd has nothing in it that parses images, archives or disks" {
	must 0 readelf -dW "$TALLYD"
	has libsqlite3
	for library in ext2fs ewf archive blkid seccomp; do lacks "lib$library"; done
	must 0 readelf -dW "$TALLY"
	has libarchive
}
