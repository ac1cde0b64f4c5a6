#!/usr/bin/env bats
# The static tally of a medium: it says what the other says, and takes nothing from the host but what it examines.
# $TALLY_STATIC names it; tests/run builds it, and gives it to the dev build's tests only: it is no other under another preset.

load lib
load static

setup() {
	static_area
	sample
	must 0 tally init
	mkdir "$T/medium"
	cp "$STATE/baseline.db" "$CONFIG/host.pub" "$T/medium"
	BASELINE=$T/medium/baseline.db
	FROM=(--baseline "$BASELINE" --trust "$T/medium/host.pub")
}

# media: the same generation as a folder and as an ISO file, whole, signed by the host
media() {
	cp "$TALLY" "$T/tally" # an export takes the static program from beside it
	cp "$TALLY_STATIC" "$T/tally-$(uname -m)"
	must 0 "$T/tally" export "$T/folder"
	must 0 "$T/tally" export --iso "$T/image.iso"
	MEDIA=("$T/folder" "$T/image.iso")
}

sample() {
	mkdir "$TREE/sub" "$TREE/empty"
	seq 100 >"$TREE/file"
	seq 200 >"$TREE/sub/other"
	echo gone >"$TREE/sub/gone"
	seq 300 >"$TREE/moved"
	ln -s file "$TREE/link"
	ln "$TREE/file" "$TREE/second"
	mkfifo "$TREE/fifo"
	setfattr -n user.note -v text "$TREE/sub/other" 2>/dev/null || true
	printf 'odd\n' >"$TREE/$(printf 'odd\nname \xff')"
}

damage() {
	seq 101 >"$TREE/file"
	chmod 4755 "$TREE/sub/other"
	rm "$TREE/sub/gone"
	mv "$TREE/moved" "$TREE/empty/moved"
	touch -d '1970-01-01 00:00:01' "$TREE/new"
}

@test "one position independent program: no interpreter, no needed library, nothing writable that need not be" {
	must 0 readelf -hlW "$TALLY_STATIC"
	has 'Type:                              DYN'
	lacks INTERP
	has GNU_RELRO
	[[ $output =~ GNU_STACK\ .*\ RW\  ]]
	must 0 readelf -dW "$TALLY_STATIC"
	lacks NEEDED
	has BIND_NOW
	[[ $output != *PATH* ]]
	if grep -qaF "$(cd "$BATS_TEST_DIRNAME/../.." && pwd)/src" "$TALLY_STATIC"; then
		echo 'it names the folder it was built in'
		return 1
	fi
}

@test "it is installed where an export finds it, and nothing else is" {
	must 0 cmake --install "$(dirname "$TALLY_STATIC")" --prefix "$T/prefix"
	must 0 find "$T/prefix" ! -type d
	[ "$output" = "$T/prefix/lib/tallystick/tally-$(uname -m)" ]
	cmp "$TALLY_STATIC" "$output"
}

@test "its verdicts are those of the other, byte for byte" {
	same 0 check "${FROM[@]}"
	damage
	same 7 check "${FROM[@]}"
	same 7 check "${FROM[@]}" --json
	same 7 check "${FROM[@]}" --quick
	same 4 check "${FROM[@]}" "$TREE/file"
	same 0 show "${FROM[@]}"
	same 0 show "${FROM[@]}" --json
	same 0 explain "$TREE/file" "${FROM[@]}"
	same 0 history "${FROM[@]}"
	same 0 verify "$BASELINE" --trust "$T/medium/host.pub"
	static 16 check "${FROM[@]}" --min-sequence 9
	error_like 'at least 9 is required'
}

@test "as a user who may not read everything, too" {
	needs_root 'becoming somebody else'
	chmod 755 "$T" "$TREE" "$T/medium" "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test"
	chmod 644 "$T/medium"/*
	chmod 600 "$TREE/sub/other"
	cp "$TALLY_STATIC" "$T/static"
	chmod 755 "$T/static"
	unprivileged test -r "$BASELINE" || skip "$T cannot be entered by others here"
	unprivileged test -x "$TALLY" || skip 'the program under test lies where others may not go'
	must '12' unprivileged "$TALLY" check "${FROM[@]}" --json
	one=$(said)
	must '12' unprivileged "$T/static" check "${FROM[@]}" --json
	expect_unexamined sub/other
	[ "$one" = "$(said)" ]
}

@test "no socket is made: it runs where socket(2) kills" {
	must 159 "$BATS_TEST_DIRNAME/no_socket.py" "$(command -v python3)" -c 'import socket; socket.socket()'
	damage
	must 7 "$BATS_TEST_DIRNAME/no_socket.py" "$TALLY_STATIC" check "${FROM[@]}"
	must 0 "$BATS_TEST_DIRNAME/no_socket.py" "$TALLY_STATIC" verify "$BASELINE" --trust "$T/medium/host.pub"
	must 0 "$BATS_TEST_DIRNAME/no_socket.py" "$TALLY_STATIC" show "${FROM[@]}"
	must 0 "$BATS_TEST_DIRNAME/no_socket.py" "$TALLY_STATIC" explain "$TREE/file" "${FROM[@]}"
	media
	for medium in "${MEDIA[@]}"; do
		must 0 "$BATS_TEST_DIRNAME/no_socket.py" "$TALLY_STATIC" verify "$medium" --trust "$T/medium/host.pub"
		has 'the medium is whole'
		must 7 "$BATS_TEST_DIRNAME/no_socket.py" "$TALLY_STATIC" check --baseline "$medium" --trust "$T/medium/host.pub"
	done
}

@test "nothing in a hostile environment changes a word of the verdict" {
	damage
	must 7 tally check "${FROM[@]}"
	one=$(said)
	hostile
	before=$(find "$T/evil" -type f -printf '%p %s %T@ %A@\n' -o -printf '%p %T@\n' | sort)
	must 7 env "${environment[@]}" "$TALLY_STATIC" check "${FROM[@]}"
	[ "$one" = "$(said)" ] || diff <(echo "$one") <(said)
	[ "$before" = "$(find "$T/evil" -type f -printf '%p %s %T@ %A@\n' -o -printf '%p %T@\n' | sort)" ]
}

@test "strace: it opens what it examines, the baseline, the key, the mount table, and nothing else" {
	damage
	hostile
	settings=()
	for setting in "${environment[@]}"; do settings+=(-E "$setting"); done
	must 7 strace -f -y -e trace=%file,%network,memfd_create,execve -o "$T/trace" "${settings[@]}" "$TALLY_STATIC" check "${FROM[@]}"
	must 1 grep -E 'memfd_create|socket|connect' "$T/trace"
	[ "$(grep -c execve "$T/trace")" -eq 1 ]
	allowed=(/ /proc/self/mountinfo /dev/disk/by-uuid "$BASELINE" "$T/medium/host.pub" /etc /etc/passwd /etc/group)
	for ((folder = 1; folder < 20; folder++)); do # the folders above what is examined
		above=$(cut -d/ -f"-$folder" <<<"$TREE")
		allowed+=("${above:-/}")
	done
	must 0 "$BATS_TEST_DIRNAME/touched.py" "$T/trace"
	while read -r how path; do
		case $how:$path in
		opened:"$TREE"/* | opened:/proc/self/fd/*) continue ;;
		named:/proc/self/exe | named:/proc/self/ns/user | named:/dev/null) continue ;;    # the C library's start; which user namespace
		named:"$BASELINE"-journal | named:"$BASELINE"-wal | named:"$BASELINE"-shm) continue ;; # they must not be there
		named:"$TREE"* | named:/proc/self/fd/*) continue ;;
		named:./*/*) ;;
		named:./*) continue ;; # in the folder that is being read
		esac
		printf '%s\n' "${allowed[@]}" | grep -qxF -- "$path" || { echo "it $how $path"; bad=1; }
	done <<<"$output"
	[ -z "${bad-}" ]
	grep -q '^opened .*/tree/file$' <<<"$output"
}

@test "strace: of a medium it opens that and the key, and holds an image's baseline in memory" {
	media
	hostile
	settings=()
	for setting in "${environment[@]}"; do settings+=(-E "$setting"); done
	for medium in "${MEDIA[@]}"; do
		must 0 strace -f -y -e trace=%file,%network,memfd_create,execve -o "$T/trace" "${settings[@]}" \
			"$TALLY_STATIC" verify --trust "$T/medium/host.pub" "$medium"
		has 'the medium is whole'
		must 1 grep -E 'socket|connect|O_WRONLY|O_RDWR|O_CREAT' "$T/trace"
		[ "$(grep -c execve "$T/trace")" -eq 1 ]
		[ "$(grep -c memfd_create "$T/trace")" -eq "$([ -d "$medium" ] && echo 0 || echo 1)" ]
		must 0 "$BATS_TEST_DIRNAME/touched.py" "$T/trace"
		bad=$(grep -vE "^(opened|named) ($medium(/.*)?|$T/medium/host.pub|/proc/self/fd/.*|\./.*)$" <<<"$output" |
			grep -vE '^named (/proc/self/exe|/proc/self/ns/user|/dev/null)$' || true)
		[ -z "$bad" ] || { echo "$bad"; return 1; }
	done
}

# aside: a root with the program, the baseline and the key, and nothing else
aside() {
	needs_root 'chroot(2)'
	ROOT=$T/root
	mkdir "$ROOT"
	cp "$TALLY_STATIC" "$ROOT/tally"
	cp "$T/medium"/* "$ROOT"
	INSIDE=(--baseline /baseline.db --trust /host.pub)
}

@test "in an empty chroot it verifies, shows and explains, and says what a check wants" {
	aside
	must 0 chroot "$ROOT" /tally verify /baseline.db --trust /host.pub
	has AUTHENTIC
	must 0 chroot "$ROOT" /tally show "${INSIDE[@]}"
	[ "$(said)" = "$(tally show "${FROM[@]}")" ]
	must 0 chroot "$ROOT" /tally history "${INSIDE[@]}"
	must 0 chroot "$ROOT" /tally explain "$TREE/file" "${INSIDE[@]}"
	has 'not looked at: what is mounted cannot be told'
	has 'profile static'
	must 0 chroot "$ROOT" /tally explain --json "$TREE/file" "${INSIDE[@]}"
	[ "$(json '.[0].not_looked != null')" = true ]
	must 66 chroot "$ROOT" /tally check "${INSIDE[@]}"
	error_like "what is mounted cannot be told: cannot open '/proc/self/mountinfo'"
	must 16 chroot "$ROOT" /tally verify /baseline.db --trust /host.pub --min-sequence 2
	media
	cp -r "${MEDIA[@]}" "$ROOT"
	for medium in /folder /image.iso; do
		must 0 chroot "$ROOT" /tally verify "$medium" --trust /host.pub
		has 'the medium is whole'
		must 0 chroot "$ROOT" /tally show --baseline "$medium" --trust /host.pub
	done
	rm -r "$ROOT/folder" "$ROOT/image.iso"
	must 0 chroot "$ROOT" /tally --version
	must 0 find "$ROOT" -type f
	[ "$(grep -c . <<<"$output")" -eq 3 ]
}

@test "it examines a root that nothing can be written to, with no /tmp and no /dev; names are that root's own" {
	aside
	unshare --mount true 2>/dev/null || skip 'no mount namespaces here'
	mkdir -p "$ROOT/data" "$ROOT/etc" "$ROOT/proc"
	printf 'root:x:0:0::/:/x\nwally:x:4711:4712::/:/x\n' >"$ROOT/etc/passwd"
	printf 'root:x:0:\nwallies:x:4712:\n' >"$ROOT/etc/group"
	printf 'passwd: evil\n' >"$ROOT/etc/nsswitch.conf"
	seq 10 >"$ROOT/data/file"
	mkdir "$ROOT/config"
	printf 'version: 1\nrules:\n  - path: /data\n    profile: static\n' >"$ROOT/config/policy.yaml"
	must 0 own_mounts '
		cd "$1"
		mount -t proc proc proc
		chroot . /tally init --config /config --state /state'  "$ROOT"
	mv "$ROOT/state/baseline.db" "$ROOT/baseline.db"
	mv "$ROOT/config/host.pub" "$ROOT/host.pub"
	rm -r "$ROOT/config" "$ROOT/state"
	echo more >>"$ROOT/data/file"
	chown 4711:4712 "$ROOT/data/file"
	must 4 own_mounts '
		cd "$1"
		mount --bind . .
		cd "$1"
		mount -t proc proc proc
		mount -o remount,bind,ro .
		! touch new 2>/dev/null
		chroot . /tally check --baseline /baseline.db --trust /host.pub' "$ROOT"
	has 'wally(4711)'
	has 'wallies(4712)'
	has 'content  sha256:'
}

@test "more differences than memory is set aside for: nothing is written all the same" {
	needs_root 'chroot(2)'
	python3 - "$TREE/empty" <<-'EOF'
		import os, sys
		for number in range(30000):
		    os.close(os.open(f"{sys.argv[1]}/{number:0200d}", os.O_CREAT | os.O_WRONLY))
	EOF
	# what would be spilled to files
	must 73 env TMPDIR="$T/missing" "$TALLY" check
	must 1 env TMPDIR="$T/missing" "$TALLY_STATIC" check "${FROM[@]}"
	[[ ${lines[0]} == *30000*added* || ${lines[0]} == *30,000*added* ]]
}
