#!/usr/bin/env bats
# tally check: every attribute in added, removed and changed; exit bits; paths; both outputs.

load lib

setup() {
	area
}

teardown() {
	chattr -f -i -a "$BATS_TEST_TMPDIR"/tree/* 2>/dev/null || true
}

@test "exit status is a set of bits" {
	echo 1 >"$TREE/a" && echo 2 >"$TREE/b" && echo 3 >"$TREE/c"
	must 0 tally init
	echo new >"$TREE/n"
	checked 1
	rm "$TREE/a"
	checked 3
	echo more >>"$TREE/b"
	checked 7
	expect added n && expect removed a && expect changed b size content mtime
	expect_count 3
	rm "$TREE/n"
	echo 1 >"$TREE/a"
	checked 4
}

@test "content and size" {
	echo 12345 >"$TREE/f"
	must 0 tally init
	echo 1234 >"$TREE/f"
	checked 4
	expect_exactly changed f content size mtime
	[ "$(json '.[0].before.size')" = 6 ]
	[ "$(json '.[0].after.size')" = 5 ]
	[ "$(json '.[0].after.digest')" = "sha256:$(sha256sum <"$TREE/f" | cut -d' ' -f1)" ]
	[ "$(json '.[0].severity')" = medium ]
	[[ $(json '.[0].rule') == policy.yaml:* ]]
}

@test "a same-second same-size rewrite with the mtime put back" {
	echo aaaa >"$TREE/f"
	touch -r "$TREE/f" "$T/time"
	must 0 tally init
	printf 'bbbb\n' | dd of="$TREE/f" conv=notrunc status=none
	touch -r "$T/time" "$TREE/f"
	checked 4
	expect_exactly changed f content
	checked 4 --quick
	expect_exactly changed f content
}

@test "mode" {
	touch "$TREE/f" && chmod 644 "$TREE/f"
	must 0 tally init
	chmod 4755 "$TREE/f"
	checked 4
	expect_exactly changed f mode
	[ "$(json '.[0] | .before.mode + .after.mode')" = 06444755 ] || [ "$(json '.[0] | .before.mode + " " + .after.mode')" = '0644 4755' ]
}

@test "owner and group" {
	needs_root chown
	touch "$TREE/u" "$TREE/g"
	must 0 tally init
	chown 12345 "$TREE/u"
	chgrp 54321 "$TREE/g"
	checked 4
	expect_exactly changed u owner
	expect_exactly changed g group
	expect_count 2
	[ "$(json '.[] | select(.attributes == ["owner", "ctime"] or (.attributes // [] | index("owner"))) | .after.uid')" = 12345 ]
}

@test "times" {
	touch "$TREE/m" "$TREE/n"
	must 0 tally init
	touch -d '2020-01-01 00:00:00.123456789Z' "$TREE/m"
	chmod 600 "$TREE/n" && chmod 644 "$TREE/n"
	checked 4
	expect_exactly changed m mtime
	expect changed n ctime
	[ "$(json '.[0].after.mtime')" = 2020-01-01T00:00:00.123456789Z ]
}

@test "a replaced inode with everything else the same" {
	echo same >"$TREE/f"
	must 0 tally init
	cp -p "$TREE/f" "$T/copy"
	mv "$T/copy" "$TREE/f"
	checked 4
	expect changed f inode
	lacks '"content"'
}

@test "links, and a hard link's other name" {
	echo x >"$TREE/a"
	ln "$TREE/a" "$TREE/b"
	echo y >"$TREE/c"
	must 0 tally init
	ln "$TREE/c" "$T/outside"
	echo more >>"$TREE/a"
	checked 4
	expect_exactly changed a content size mtime
	expect_exactly changed b content size mtime
	expect_exactly changed c links
}

@test "the target of a symbolic link" {
	ln -s one "$TREE/l"
	must 0 tally init
	rm "$TREE/l" && ln -s two "$TREE/l"
	checked 4
	expect changed l target
	[ "$(json '.[] | select(.path? | . != null and endswith("/l")) | .before.target + .after.target')" = onetwo ]
}

@test "device numbers" {
	needs_root mknod
	mknod "$TREE/c" c 1 3
	mknod "$TREE/b" b 7 99
	must 0 tally init
	rm "$TREE/c" "$TREE/b"
	mknod "$TREE/c" c 1 5
	mknod "$TREE/b" b 7 98
	checked 4
	expect changed c rdev
	expect changed b rdev
	expect_count 2
}

@test "a change of type" {
	echo x >"$TREE/f"
	mkdir "$TREE/d"
	must 0 tally init
	rm "$TREE/f" && mkfifo "$TREE/f"
	rmdir "$TREE/d" && ln -s /etc "$TREE/d"
	checked 4
	expect changed f type
	expect changed d type
	[ "$(json '.[] | select(.path? | . != null and endswith("/f")) | .after.type')" = fifo ]
}

@test "extended attributes: added, removed, changed, empty" {
	for name in added removed changed emptied empty; do touch "$TREE/$name"; done
	for name in removed changed emptied; do setfattr -n user.tally -v one "$TREE/$name"; done
	must 0 tally init
	setfattr -n user.tally -v one "$TREE/added"
	setfattr -x user.tally "$TREE/removed"
	setfattr -n user.tally -v two "$TREE/changed"
	setfattr -n user.tally "$TREE/emptied"
	setfattr -n user.tally "$TREE/empty"
	checked 4
	for name in added removed changed emptied empty; do expect_exactly changed "$name" xattrs; done
	expect_count 5
	[ "$(json '.[] | select(.record == "change" and (.path | endswith("/added"))) | .after.xattrs["user.tally"]')" = b25l ]
	[ "$(json '.[] | select(.record == "change" and (.path | endswith("/empty"))) | .after.xattrs | has("user.tally")')" = true ]
}

@test "access control lists: added, removed, changed, and a default one" {
	for name in added removed changed; do touch "$TREE/$name"; done
	mkdir "$TREE/dir"
	for name in removed changed; do setfacl -m u:1:r "$TREE/$name"; done
	must 0 tally init
	setfacl -m u:1:r "$TREE/added"
	setfacl -b "$TREE/removed"
	setfacl -m u:2:r "$TREE/changed"
	setfacl -d -m u:2:r "$TREE/dir"
	checked 4
	for name in added removed changed dir; do expect changed "$name" acl; done
	expect_count 4
	expect_exactly changed changed acl
}

@test "capabilities: added, removed, changed" {
	needs_root setcap
	for name in added removed changed; do touch "$TREE/$name"; done
	for name in removed changed; do setcap cap_net_raw+ep "$TREE/$name"; done
	must 0 tally init
	setcap cap_net_raw+ep "$TREE/added"
	setcap -r "$TREE/removed"
	setcap cap_setuid+ep "$TREE/changed"
	checked 4
	for name in added removed changed; do expect_exactly changed "$name" caps; done
	expect_count 3
}

@test "inode flags" {
	needs_root chattr
	touch "$TREE/i" "$TREE/a" "$TREE/was"
	chattr +d "$TREE/was" 2>/dev/null || skip "this file system has no inode flags"
	must 0 tally init
	chattr +i "$TREE/i"
	chattr +a "$TREE/a"
	chattr -d "$TREE/was"
	checked 4
	chattr -i "$TREE/i"
	chattr -a "$TREE/a"
	for name in i a was; do expect_exactly changed "$name" flags; done
	expect_count 3
}

@test "what is added and removed carries its entry" {
	echo old >"$TREE/old"
	must 0 tally init
	rm "$TREE/old"
	mkdir "$TREE/new"
	echo x >"$TREE/new/file"
	checked 3
	expect removed old && expect added new && expect added new/file
	[ "$(json '.[] | select(.kind? == "removed") | .before.digest')" = "sha256:$(echo old | sha256sum | cut -d' ' -f1)" ]
	[ "$(json '[.[] | select(.kind? == "removed") | has("after")] | any')" = false ]
	[ "$(json '[.[] | select(.kind? == "added") | has("before")] | any')" = false ]
	[ "$(json '.[] | select(.kind? == "added" and .after.type == "file") | .after.size')" = 2 ]
}

@test "a directory whose times only follow from its children is no change of its own" {
	mkdir "$TREE/d"
	must 0 tally init
	touch "$TREE/d/new"
	checked 1
	expect_count 1
	touch -d 2001-01-01 "$TREE/d"
	rm "$TREE/d/new"
	must 0 tally accept --all
	touch -d 2002-01-01 "$TREE/d"
	checked 4
	expect changed d mtime
}

@test "paths as arguments" {
	mkdir "$TREE/a" "$TREE/ab" "$TREE/b"
	touch "$TREE/a/f" "$TREE/ab/f" "$TREE/b/f"
	must 0 tally init
	for dir in a ab b; do echo x >"$TREE/$dir/f"; done
	checked 4 "$TREE/a"
	expect changed a/f && expect_count 1
	checked 4 "$TREE/a" "$TREE/b/f"
	expect_count 2
	(cd "$TREE" && must 4 tally check a)
	must '0|66' tally check "$TREE/ab/nothing"
	ln -s "$TREE/a" "$T/link"
	checked 4 "$T/link/f"
	expect changed a/f && expect_count 1
}

@test "a path that nothing covers is 66" {
	touch "$TREE/f"
	must 0 tally init
	must 66 tally check /proc
	error_like ''
	[ -z "$output" ]
}

@test "--fail-on leaves the bits of lesser changes unset" {
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE
		    profile: static
		    severity: low
		  - path: $TREE/high
		    severity: high
	EOF
	touch "$TREE/low" "$TREE/high"
	must 0 tally init
	echo x >"$TREE/low"
	checked 4
	checked 0 --fail-on medium
	expect_count 1
	echo x >"$TREE/high"
	checked 4 --fail-on medium
	checked 0 --fail-on critical
	must 64 tally check --fail-on sometimes
	error_like sometimes
}

@test "text: the verdict comes first, then changes by severity, worst first" {
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE
		    profile: static
		    severity: low
		  - path: $TREE/z
		    severity: critical
	EOF
	echo a >"$TREE/a" && echo z >"$TREE/z"
	must 0 tally init
	must 0 tally check
	[ -n "$output" ]
	[[ ${lines[0]} == *3* ]]
	chmod 4711 "$TREE/z"
	echo aa >"$TREE/a"
	must 4 tally check
	no_control
	[[ ${lines[0]} == *2* ]]
	first=$(grep -n "$TREE/z" <<<"$output" | head -n 1 | cut -d: -f1)
	second=$(grep -n "$TREE/a" <<<"$output" | head -n 1 | cut -d: -f1)
	[ "$first" -lt "$second" ]
	has 4711 && has rws--x--x
	has "$CONFIG/host.pub"
}

@test "--quiet says nothing when nothing differs" {
	touch "$TREE/f"
	must 0 tally init
	must 0 tally check --quiet
	echo x >"$TREE/f"
	must 4 tally check --quiet
}

@test "without a baseline" {
	must '66|16' tally check
	error_like baseline
	[ -z "$output" ]
}

@test "usage errors are 64, one line on stderr, nothing on stdout" {
	for words in 'check --nonsense' 'nonsense' 'check --fail-on' 'init extra' 'check --generation x' 'check --min-sequence -1'; do
		# shellcheck disable=SC2086
		must 64 tally $words
		[ -z "$output" ]
		error_like ''
	done
	must 0 tally --version
	has 'tally 0.1.0'
	must 0 tally --help
	must 0 tally check --help
	must 64 tally
}

@test "what is examined is not written to: atimes stay" {
	needs_root 'O_NOATIME on files of others'
	echo x >"$TREE/f"
	touch -a -d 2001-01-01 "$TREE/f"
	must 0 tally init
	checked 0
	[ "$(stat -c %X "$TREE/f")" = "$(date -d 2001-01-01 +%s)" ]
}

@test "another baseline needs --trust, and then neither config nor state" {
	touch "$TREE/f"
	must 0 tally init
	cp "$STATE/baseline.db" "$T/b.db"
	cp "$CONFIG/host.pub" "$T/h.pub"
	must '64|16' tally check --baseline "$T/b.db"
	[ -z "$output" ]
	TALLY_CONFIG=$T/none TALLY_STATE=$T/none checked 0 --baseline "$T/b.db" --trust "$T/h.pub"
	[ ! -e "$T/none" ]
	minisign -G -W -f -p "$T/o.pub" -s "$T/o.key" >/dev/null
	must 16 tally check --baseline "$T/b.db" --trust "$T/o.pub"
	[ -z "$output" ]
}

@test "with --baseline nothing in the environment counts: no folders, no time zone" {
	touch "$TREE/f"
	must 0 tally init
	cp "$STATE/baseline.db" "$T/b.db"
	cp "$CONFIG/host.pub" "$T/h.pub"
	must 0 env TZ=UTC0 TALLY_CONFIG= TALLY_STATE= "$TALLY" show --baseline "$T/b.db" --trust "$T/h.pub" "$TREE/f"
	plain=$output
	has ' +0000'
	must 0 env TZ=EST5 TALLY_CONFIG="$T/none" TALLY_STATE="$T/none" "$TALLY" show --baseline "$T/b.db" --trust "$T/h.pub" "$TREE/f"
	[ "$output" = "$plain" ]
	must 0 env TZ=EST5 "$TALLY" show "$TREE/f"
	has ' -0500'
}

@test "with --baseline differences are kept in memory, not in TMPDIR; --tmp names a place all the same" {
	must 0 tally init
	cp "$STATE/baseline.db" "$T/b.db"
	cp "$CONFIG/host.pub" "$T/h.pub"
	python3 - "$TREE" <<-'EOF'
		import os, sys
		for number in range(30000):
		    os.close(os.open(f"{sys.argv[1]}/{number:0200d}", os.O_CREAT | os.O_WRONLY))
	EOF
	export TMPDIR=$T/missing
	must 73 tally check
	must 1 tally check --baseline "$T/b.db" --trust "$T/h.pub" --json
	[ "$(jq -s '.[-1].added' <<<"$output")" -eq 30000 ]
	must 73 tally check --baseline "$T/b.db" --trust "$T/h.pub" --tmp "$T/missing"
}

@test "it opens no file of the host but what it examines" {
	[ "${TALLY_PRESET-dev}" = dev ] || skip "strace and the sanitizers' own files do not go together"
	echo x >"$TREE/f"
	must 0 tally init
	must 0 strace -f -o "$T/trace" -e trace=open,openat,openat2,connect "$TALLY" check
	opened=$(grep -oE '(open|openat|openat2|connect)\(.*' "$T/trace" | grep -vE ' = -1 ENOENT' | grep -oE '"[^"]*"' | tr -d '"' | sort -u |
		grep -vE "^$T|^/$|^/etc/localtime$|^/usr/share/zoneinfo/|^/(usr/)?lib|^/etc/ld.so|^/proc/(self|thread-self|[0-9]+)(/|$)|^/etc/(passwd|group)$|^/dev/(disk|urandom|random)|^/sys/(fs/cgroup|devices/system)|^[^/]*$" || true)
	[ -z "$opened" ] || { echo "opened: $opened"; false; }
	run ! grep -E '"/(etc/nsswitch.conf|etc/ssl|usr/lib/locale)|connect\(' "$T/trace"
}

@test "a path whose parent became a link is looked for under its own name, too" {
	mkdir "$TREE/a" && echo x >"$TREE/a/f"
	must 0 tally init
	cp -a "$TREE/a" "$TREE/a.bak"
	must 0 tally accept --all
	rm -r "$TREE/a" && ln -s a.bak "$TREE/a"
	checked 2 "$TREE/a/f"
	expect removed a/f
}

@test "a policy file that can't be read is a critical change, not an error" {
	must 0 tally init
	rm "$CONFIG/policy.yaml" && mkfifo "$CONFIG/policy.yaml"
	checked 4
	[ "$(json '.[0].severity')" = critical ]
	rm "$CONFIG/policy.yaml"
	checked 2
	[ "$(json '.[0].severity')" = critical ]
	must 66 tally check /nonexistent
}

@test "without the configuration folder nothing is trusted" {
	must 0 tally init
	mv "$CONFIG" "$CONFIG.gone"
	must 16 tally check
	cp "$CONFIG.gone/host.pub" "$T/host.pub"
	checked 2 --trust "$T/host.pub"
	[ "$(json '.[0].severity')" = critical ]
}

@test "options stand before, behind and between arguments, whatever POSIXLY_CORRECT says; behind -- there are none" {
	local set
	touch "$TREE/one" "$TREE/two" "$TREE/--quick"
	must 0 tally init
	echo 1 | tee "$TREE/one" "$TREE/two" >"$TREE/--quick"
	for set in '' POSIXLY_CORRECT=1 POSIXLY_CORRECT=; do
		# shellcheck disable=SC2086 # no word where nothing is set
		ordered() { (cd "$TREE" && must 4 env $set "$TALLY" check "$@" && changes && has '"record"'); }
		for words in "--json $TREE/one $TREE/two --quick" "$TREE/one --json $TREE/two --quick" "$TREE/one $TREE/two --quick --json"; do
			# shellcheck disable=SC2086
			[ "$(ordered $words | awk '{print $2}' | xargs)" = 'one two' ] || { echo "$set: $words"; return 1; }
		done
		[ "$(ordered one --json -- --quick | awk '{print $2}' | xargs)" = '--quick one' ]
	done
}
