#!/usr/bin/env bats
# The units, for real: a container that systemd boots, on this machine's own tree under an overlay, with the build installed into it as
# README.md says. What is asked is what an administrator would ask: is it active, what does its status say, does a reload work, does
# it come back when it was killed, hung or the machine restarted.

load lib

: "${PATIENCE:=1500}" # tries of a tenth of a second

setup() {
	[ "${TALLY_PRESET-dev}" = dev ] || skip 'a build with sanitizers is nobody'"'"'s service: the dev build is booted'
	needs_root 'a container is booted'
	command -v systemd-nspawn >/dev/null || skip 'no systemd-nspawn here (Debian: systemd-container)'
	unshare --mount true 2>/dev/null || skip 'no mount namespaces here'
	T=$BATS_TEST_TMPDIR TREE=/ NSPAWN='' LEADER='' ROOT=$BATS_TEST_TMPDIR/over/root
	unshare --mount --propagation private sleep 3600 3>&- &
	HOLDER=$!
	soon apart
	# systemd-nspawn leaves something in /run
	mkdir "$T/over"
	within mount -t tmpfs -o mode=755 none /run
	within mount -t tmpfs -o mode=755 none "$T/over"
	within mkdir "$T/over/upper" "$T/over/work" "$ROOT"
	within mount -t overlay -o "lowerdir=/,upperdir=$T/over/upper,workdir=$T/over/work" none "$ROOT" 2>"$T/why" ||
		skip "no overlay of this machine's tree: $(tail -n 1 "$T/why")"
	within systemd-nspawn --directory="$ROOT" "${quiet[@]}" -- /bin/true >"$T/why" 2>&1 </dev/null ||
		skip "systemd-nspawn can't start a program here: $(tail -n 1 "$T/why")"
	install_into
}

teardown() {
	[ -z "${LEADER-}" ] || kill -KILL "$LEADER" 2>/dev/null || true
	[ -z "${NSPAWN-}" ] || { kill -KILL "$NSPAWN" 2>/dev/null || true; wait "$NSPAWN" 2>/dev/null || true; }
	[ -z "${HOLDER-}" ] || { kill -KILL "$HOLDER" 2>/dev/null || true; wait "$HOLDER" 2>/dev/null || true; }
}

quiet=(--register=no --keep-unit --private-network --console=pipe --link-journal=no --resolv-conf=off --timezone=off)

within() {
	nsenter "--mount=/proc/$HOLDER/ns/mnt" -- "$@"
}

apart() {
	[ "$(readlink /proc/$$/ns/mnt)" != "$(readlink "/proc/$HOLDER/ns/mnt")" ]
}

soon() { # COMMAND...: becomes true within a generous time
	local tries=0
	until "$@"; do
		[ $((tries += 1)) -le "$PATIENCE" ] || { echo "never came: $*"; [ -z "$LEADER" ] || inside systemctl status --no-pager tallyd; tail -n 20 "$T/boot.log"; return 1; }
		sleep 0.1
	done
}

# The build, a small policy, something to watch; of the machine's own services those alone that systemd cannot do without.
install_into() {
	within bash -euc '
		rm -rf "$1"/etc/systemd/system/*.wants "$1"/etc/rc?.d/* "$1"/etc/tallystick "$1"/var/lib/tallystick
		echo 0123456789abcdef0123456789abcdef >"$1/etc/machine-id" # another one, and no first boot with presets
		DESTDIR=$1 cmake --install "$2"
		mkdir -p "$1/etc/tallystick" "$1/srv/watched"
		echo one >"$1/srv/watched/file"
		touch -d "2001-02-03 04:05:06" "$1/srv/watched/file"
		printf "version: 1\nrules:\n  - path: /etc\n    profile: config\n  - path: /srv/watched\n    profile: static\n    severity: high\n" >"$1/etc/tallystick/policy.yaml"
	' install "$ROOT" "${TALLY_BUILD:?}" >"$T/install.log" 2>&1 || { cat "$T/install.log"; return 1; }
}

# boot: until its target is reached
boot() {
	# not by way of a function: it is to be our child
	nsenter "--mount=/proc/$HOLDER/ns/mnt" -- systemd-nspawn --directory="$ROOT" --machine="tally-boot-$$" --boot "${quiet[@]}" -- systemd.unit=multi-user.target \
		>>"$T/boot.log" 2>&1 </dev/null 3>&- &
	NSPAWN=$!
	soon begun
	[ -n "$LEADER" ] || skip "the container does not start: $(tail -n 1 "$T/boot.log")"
	soon inside systemctl is-active --quiet multi-user.target 2>/dev/null
}

begun() {
	LEADER=$(pgrep -P "$NSPAWN" -x systemd || true)
	[ -n "$LEADER" ] || ! kill -0 "$NSPAWN" 2>/dev/null
}

# inside COMMAND...: as root in the container
inside() {
	nsenter --target "$LEADER" --all -- env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"
}

powered_off() {
	inside systemctl poweroff 2>/dev/null || true # it may be gone before it answers
	soon ended "$NSPAWN"
	wait "$NSPAWN" || true
	NSPAWN='' LEADER=''
}

ended() { # PID
	! kill -0 "$1" 2>/dev/null || [ "$(ps -o stat= -p "$1" | cut -c1)" = Z ]
}

property() { # NAME [unit]
	inside systemctl show --property "$1" --value "${2-tallyd}"
}

property_is() { # NAME PATTERN [unit]
	# shellcheck disable=SC2053
	[[ $(property "$1" "${3-tallyd}") == $2 ]]
}

pid() { # of the daemon, as seen from out here
	pgrep -x tallyd --ns "$LEADER" --nslist pid
}

process() { # FIELD: of its status
	awk -v field="$1:" '$1 == field { $1 = ""; sub(/^ +/, ""); print }' "/proc/$(pid)/status"
}

arguments() { # each with a blank after it
	tr '\0' ' ' <"/proc/$(pid)/cmdline"
}

green() { # everything was looked at
	inside tally status --sync --json >"$T/status.json" 2>"$T/status.err" && [ "$(jq -r '.state, .synced, .user' "$T/status.json" | tr '\n' ' ')" = 'green true tallystick ' ]
}

kinds() { # of the journal, in order
	within bash -c 'cat "$1"/var/lib/tallystick/journal/*.ndjson' kinds "$ROOT" | jq -r .kind
}

@test "as README says: it becomes active, watches, reloads, stops, comes back after SIGKILL, a hang and a restart" {
	boot
	inside systemd-sysusers
	inside systemd-tmpfiles --create
	must 0 inside systemctl enable tallyd
	must 0 inside tally init
	must 0 inside systemctl start tallyd # ends with READY=1
	property_is ActiveState active
	soon green
	soon property_is StatusText 'green: *'

	# who it is, and what it may
	uid=$(inside id -u tallystick) gid=$(inside id -g tallystick)
	[ "$(process Uid)" = "$uid $uid $uid $uid" ]
	[ "$(process Gid)" = "$gid $gid $gid $gid" ]
	[ -z "$(process Groups)" ]
	for set in CapPrm CapEff; do [ "$(process $set)" = 0000000000000004 ]; done # CAP_DAC_READ_SEARCH
	for set in CapInh CapBnd CapAmb; do [ "$(process $set)" = 0000000000000000 ]; done
	[ "$(process NoNewPrivs) $(process Seccomp)" = '1 2' ]
	awk '("," $6 ",") !~ /,ro,/ || ("," $6 ",") !~ /,noatime,/ { print; bad = 1 } END { exit bad }' "/proc/$(pid)/mountinfo"
	[ "$(inside stat -c '%U %G %a' /etc/tallystick /etc/tallystick/host.key /var/lib/tallystick /var/lib/tallystick/baseline.db \
		/var/lib/tallystick/journal /run/tallystick /run/tallystick/control.sock | tr '\n' ,)" = \
		'root root 755,root root 600,root root 755,root root 600,tallystick tallystick 750,tallystick tallystick 755,tallystick tallystick 660,' ]

	# it sees
	inside bash -c 'echo two >/srv/watched/new'
	must 1 inside tally drift --sync --json
	[ "$(changes)" = 'added /srv/watched/new ' ] || { changes; false; }
	[ "$(inside stat -c %X /srv/watched/file)" = "$(date -d '2001-02-03 04:05:06' +%s)" ]

	# the watchdog is fed
	before=$(property WatchdogTimestampMonotonic)
	for round in 1 2; do
		soon fed
		before=$(property WatchdogTimestampMonotonic)
	done
	property_is NRestarts 0

	# a reload, and another generation
	must 0 inside tally accept /srv/watched --reason 'it is mine'
	must 0 inside systemctl reload tallyd
	soon green
	[ "$(jq .baseline.sequence "$T/status.json")" = 2 ]
	soon property_is SubState running
	property_is NRestarts 0

	# the folder of its socket is lost: it may not make it again, says so and goes on
	inside mv /run/tallystick /run/taken # in one step, or the socket comes again in between
	inside rm -r /run/taken
	soon property_is StatusText 'yellow: nobody can ask through the control socket: its folder */run/tallystick* is gone*'
	inside systemd-tmpfiles --create tallystick.conf
	soon green
	[ "$(inside stat -c '%U %G %a' /run/tallystick/control.sock)" = 'tallystick tallystick 660' ]
	property_is NRestarts 0
	[ "$(kinds | grep -cx tamper)" -eq 1 ]

	# killed
	first=$(pid)
	kill -KILL "$first"
	soon property_is NRestarts 1
	soon property_is SubState running
	soon green
	[ "$(pid)" != "$first" ]
	[ "$(kinds | grep -c -e '^started$' -e '^gap$')" -ge 4 ]

	# stopped and started
	must 0 inside systemctl stop tallyd
	property_is ActiveState inactive
	property_is Result success
	[ "$(kinds | tail -n 1)" = stopped ]
	must 69 inside tally status
	# what takes a minute in the packaged unit takes seconds from here on
	inside bash -c 'mkdir /etc/systemd/system/tallyd.service.d; printf "[Service]\nWatchdogSec=6\n" >/etc/systemd/system/tallyd.service.d/quick.conf'
	inside systemctl daemon-reload
	must 0 inside systemctl start tallyd
	soon green

	# hung
	hung=$(pid)
	kill -STOP "$hung"
	soon ended "$hung"
	soon property_is SubState running
	soon green
	[ "$(pid)" != "$hung" ]

	# the machine starts again
	powered_off
	[ "$(kinds | tail -n 1)" = stopped ]
	boot
	soon property_is SubState running
	soon green
	[ "$(kinds | grep -cx tamper)" -eq 1 ]
}

fed() {
	! property_is WatchdogTimestampMonotonic "$before"
}

@test "an image with tallyd-first-boot: the first boot makes generation 1, the second one does not" {
	within systemd-sysusers --root="$ROOT" tallystick.conf >/dev/null
	within systemctl --root="$ROOT" enable tallyd.service tallyd-first-boot.service 2>/dev/null
	boot
	soon property_is SubState running
	soon green
	property_is ConditionResult yes tallyd-first-boot
	[ "$(jq .baseline.sequence "$T/status.json")" = 1 ]
	[[ $(arguments) == *' --first-baseline '* ]]
	must 1 inside test -e /run/tallyd-first-boot.env
	must 0 inside tally check --fail-on high
	statement=$(inside sha256sum /var/lib/tallystick/seen)
	# a restart makes none either
	must 0 inside systemctl restart tallyd
	soon green
	[[ $(arguments) != *first* ]]
	powered_off
	boot
	soon property_is SubState running
	soon green
	property_is ConditionResult no tallyd-first-boot
	[[ $(arguments) != *first* ]]
	[ "$(inside sha256sum /var/lib/tallystick/seen)" = "$statement" ]
}
