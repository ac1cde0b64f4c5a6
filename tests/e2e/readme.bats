#!/usr/bin/env bats
# Every command in a medium's README.txt, as it is written there: run by a shell in which D and PUB are what the text says.
load lib
load medium

setup() {
	medium_area
	must 0 "$TALLY" export "$T/medium" --key "$T/operator/op.key"
	README=$T/README.txt # what is read, and may be altered; the medium stays as it is
	cp "$T/medium/README.txt" "$README"
}

# section NUMBER: its commands, one a line; what was broken over lines with a backslash or a pipe is one again
section() {
	awk -v number="$1" '/^[0-9]\. / { on = $1 == number "." } on && /^    / { print substr($0, 5) }' "$README" |
		sed -e ':a' -e '/\\$/{N;s/\\\n */ /;ta' -e '}' -e '/|$/{N;s/\n */ /;ta' -e '}'
}

# runs each command in one shell; a line "STATUS COMMAND" for each
run_section() {
	local before=$1 number=$2
	{
		printf 'D=%q\nPUB=%q\ncd %q\nexec 3>&1 >>%q 2>&1\n%s\n' "$T/medium" "$PUB" "$T" "$T/said" "$before"
		section "$number" | while IFS= read -r line; do
			printf 'echo; echo %q\n%s\nprintf "%%s %%s\\n" "$?" %q >&3\n' "+ $line" "$line" "$line"
		done
	} >"$T/script"
	: >"$T/said"
	bash "$T/script"
}

all_zero() {
	grep -v '^0 ' <<<"$1" && { tail -n 60 "$T/said"; return 1; }
	return 0
}

@test "it fits a console, and is plain ASCII" {
	[ "$(awk 'length > 80 && !/blake2b256:/' "$README" | wc -l)" -eq 0 ]
	run ! env LC_ALL=C grep -n '[^ -~]' "$README"
	[ "$(section 0)" = $'D=/mnt\nPUB=/root/operator.pub' ]
}

@test "1: with the program on the medium" {
	local result
	result=$(run_section : 1)
	[ "$(wc -l <<<"$result")" -ge 5 ]
	# /etc is not in this baseline, and there is no image yet
	grep -v -e 'show /etc' -e 'explain /etc' -e ' compare ' <<<"$result" >"$T/own"
	all_zero "$(cat "$T/own")"
	sed -i "s|/etc |$TREE |" "$README"
	all_zero "$(run_section : 1 | grep -e 'show ' -e 'explain ')"
	grep -q 'NO DIFFERENCE FOUND' "$T/said"
}

@test "1: an image of the host's disk with the program on the medium" {
	needs_root 'loop devices and mounts'
	truncate -s 24M "$T/host.img"
	mkfs.ext4 -q -F "$T/host.img"
	mkdir "$T/host"
	mount -o loop,noatime "$T/host.img" "$T/host"
	(cd / && cp -a --parents ".$TREE" "$T/host")
	umount "$T/host"
	sed -i "s|IMAGE=/root/host.img|IMAGE=$T/host.img|" "$README"
	run_section : 1 | grep ' compare ' >"$T/result"
	all_zero "$(cat "$T/result")"
	grep -q "compared with it: image:$T/host.img" "$T/said"
	debugfs -w -R "set_inode_field $TREE/one mode 0104755" "$T/host.img" 2>/dev/null
	run_section : 1 | grep ' compare ' >"$T/result"
	grep -q '^4 ' "$T/result"
	grep -q "changed  $TREE/one" "$T/said"
}

@test "2: the medium with stock tools: nothing wrong" {
	local result
	result=$(run_section : 2)
	[ "$(wc -l <<<"$result")" -ge 12 ]
	all_zero "$result"
	grep -q 'Signature and comment signature verified' "$T/said"
	[ "$(grep -c 'Signature Verified' "$T/said")" -eq 2 ] # signify's words, and openssl's
	grep -q "^host: " "$T/said"
}

@test "2: each of them finds what it is there to find" {
	local name
	# the list: three programs say so
	cp -a "$T/medium" "$T/keep"
	echo >>"$T/medium/SHA256SUMS"
	for name in minisign signify-openbsd openssl; do
		[[ $(run_section : 2 | grep " $name ") != 0\ * ]] || { echo "$name is content"; return 1; }
	done
	# a file: the sums say so
	for name in baseline.db files.mtree README.txt "bin/$TOOL" statement.txt; do
		rm -rf "$T/medium"
		cp -a "$T/keep" "$T/medium"
		printf X | dd of="$T/medium/$name" bs=1 seek=99 conv=notrunc 2>/dev/null
		run_section : 2 | grep 'sha256sum' | grep -qv '^0 ' || { echo "$name"; return 1; }
	done
	# a file too many: the last comparison says so
	rm -rf "$T/medium"
	cp -a "$T/keep" "$T/medium"
	echo >"$T/medium/baseline.db-wal"
	run_section : 2 | grep 'diff "$W"/listed' | grep -qv '^0 '
	rm "$T/medium/baseline.db-wal" "$T/medium/policy.yaml"
	run_section : 2 | grep 'diff "$W"/listed' | grep -qv '^0 '
}

@test "3: the host with stock tools: nothing differs, then what was changed does" {
	local result
	result=$(run_section : 3)
	[ "$(wc -l <<<"$result")" -ge 3 ]
	all_zero "$result"
	echo more >>"$TREE/one"
	result=$(run_section : 3)
	grep -q '^[^0].* sha256sum' <<<"$result"
	grep -q '^[^0].* mtree ' <<<"$result" || grep -q 'one' "$T/said"
}
