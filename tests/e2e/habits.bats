#!/usr/bin/env bats
# What people and their tools do all day: each gives the events that a person would expect, once, and nothing is said to be removed that
# is there.

load lib
load daemon

setup() {
	daemon_area
}

teardown() {
	daemon_end
}

begun() {
	must 0 tally init
	daemon
	is .state green
}

# in_one_go COMMAND...: while tallyd stands still. What is left alone for a second is judged, and on a busy machine a program may take that
# long between two of its steps: then it is right to tell of both.
in_one_go() {
	kill -STOP "$DAEMON"
	"$@"
	kill -CONT "$DAEMON"
}

# judged_once: no path has two judgements
judged_once() {
	local twice
	twice=$(told | cut -d' ' -f2- | sort | uniq -d)
	[ -z "$twice" ] || { echo "told more than once: $twice"; told; return 1; }
}

tally_of() { # KIND: how many events of this kind
	told | grep -c "^$1 " || true
}

# saved FOLDER: as vim does it with backupcopy=no: a swap file, a probe, the old one renamed, the new one written, the backup removed
saved() {
	: >"$1/.config.swp"
	: >"$1/4913" && rm "$1/4913"
	mv "$1/config" "$1/config~"
	seq 101 >"$1/config"
	chmod 644 "$1/config"
	rm "$1/config~" "$1/.config.swp"
}

@test "an editor's atomic save" {
	mkdir "$TREE/etc"
	seq 100 >"$TREE/etc/config"
	begun
	in_one_go saved "$TREE/etc"
	barrier
	told_exactly etc/config changed
	expected changed etc/config content inode size
	observed etc/4913
	observed etc/config~
	[ "$(told | grep -vc '^changed etc')" -eq 0 ]
	same
}

# quickly COMMAND...: it took less than the second after which what rests is judged
quickly() {
	local started=${EPOCHREALTIME/[.,]/}
	"$@"
	took=$(((${EPOCHREALTIME/[.,]/} - started) / 1000))
	[ "$took" -lt 900 ]
}

@test "an editor's atomic save, and sed -i, beside the daemon at work" {
	local i saved_in='' edited_in=''
	for i in {1..8}; do mkdir "$TREE/$i" && seq 100 >"$TREE/$i/config"; done
	begun
	for i in {1..4}; do
		if quickly saved "$TREE/$i"; then saved_in=$i && break; fi
	done
	for i in {5..8}; do
		if quickly sed -i s/5/five/ "$TREE/$i/config"; then edited_in=$i && break; fi
	done
	[ -n "$saved_in" ] && [ -n "$edited_in" ] || skip "a machine so busy that $took ms pass between two steps: it is right to tell of both"
	barrier
	told_exactly "$saved_in/config" changed
	told_exactly "$edited_in/config" changed
	[ "$(told | grep -c "^removed $saved_in/\|^removed $edited_in/\|^added $saved_in/\|^added $edited_in/")" -eq 0 ]
	same
}

@test "vim itself" {
	editor=$(command -v vim.tiny || command -v vim) || skip "no vim here"
	mkdir "$TREE/etc"
	seq 100 >"$TREE/etc/config"
	begun
	in_one_go "$editor" -u NONE -es -c 's/1/first/' -c 'wq' "$TREE/etc/config" </dev/null
	barrier
	told_exactly etc/config changed
	[ "$(tally_of removed)" -eq 0 ]
	same
}

@test "sed -i" {
	mkdir "$TREE/etc"
	seq 100 >"$TREE/etc/config"
	begun
	in_one_go sed -i s/5/five/ "$TREE/etc/config"
	barrier
	told_exactly etc/config changed
	expected changed etc/config content
	[ "$(tally_of removed)" -eq 0 ]
	[ "$(tally_of added)" -eq 0 ]
	same
}

@test "a file written little by little is judged while it is being written, and at its end" {
	begun
	for i in {1..12}; do echo "$i" >>"$TREE/file" && sleep 0.1; done
	barrier
	expected added file
	[ "$(events 'select(.path == $tree + "/file") | .after.size' | tail -n 1)" = "$(stat -c %s "$TREE/file")" ]
	same
}

# package VERSION: a small package in $T/VERSION.deb
package() {
	local root=$T/package-$1 i
	mkdir -p "$root/DEBIAN" "$root/usr/lib/thing" "$root/usr/bin" "$root/etc/thing"
	printf 'Package: thing\nVersion: %s\nArchitecture: all\nMaintainer: Nobody <nobody@example.org>\nDescription: a thing\n' "$1" >"$root/DEBIAN/control"
	for i in {1..30}; do echo "file $i of $([ "$i" -le 5 ] && echo "$1")" >"$root/usr/lib/thing/$i"; done
	printf '#!/bin/sh\necho %s\n' "$1" >"$root/usr/bin/thing"
	chmod 755 "$root/usr/bin/thing"
	echo "setting=1" >"$root/etc/thing/conf"
	[ "$1" = 1 ] && touch "$root/usr/lib/thing/only-in-1"
	[ "$1" = 2 ] && touch "$root/usr/lib/thing/only-in-2"
	find "$root" -mindepth 1 -exec touch -h -d '2020-01-01 UTC' {} +
	dpkg-deb --root-owner-group -b "$root" "$T/$1.deb" >/dev/null
}

installed() { # VERSION
	dpkg --instdir="$TREE" --admindir="$T/admin" --log="$T/dpkg.log" --force-not-root --force-depends --force-bad-path -i "$T/$1.deb" >"$T/dpkg.out" 2>&1 ||
		{ cat "$T/dpkg.out"; return 1; }
}

@test "dpkg -i: a package is installed, and another version of it over the first" {
	command -v dpkg-deb >/dev/null || skip 'no dpkg here'
	needs_root 'dpkg changes owners'
	package 1 || true
	package 2 || true
	mkdir -p "$T/admin/info" "$T/admin/updates" "$TREE/usr/lib" "$TREE/usr/bin" "$TREE/etc"
	touch "$T/admin/status" "$T/admin/available"
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE
		    profile: config
		    severity: high
	EOF
	begun
	in_one_go installed 1
	barrier
	same
	for path in usr/lib/thing usr/lib/thing/1 usr/lib/thing/30 usr/lib/thing/only-in-1 usr/bin/thing etc/thing etc/thing/conf; do told_exactly "$path" added; done
	[ "$(tally_of added)" -eq 35 ]
	[ "$(tally_of removed)" -eq 0 ]
	judged_once
	must 0 tally accept --all
	until_true happened accepted
	ready 0
	same
	expect_count 0
	told >"$T/before"
	in_one_go installed 2
	barrier
	same
	told | tail -n +"$(($(wc -l <"$T/before") + 1))" | grep -v '^restored' | sort >"$T/after"
	# ten kilobytes of churn under other names, and this is what a person wants to read
	{
		for i in {1..5}; do echo "changed usr/lib/thing/$i"; done
		echo 'changed usr/bin/thing'
		echo 'added usr/lib/thing/only-in-2'
		echo 'removed usr/lib/thing/only-in-1'
	} | sort >"$T/want"
	diff "$T/want" "$T/after"
}

# logrotate's order: the old ones first, then the log itself, then a new one with the old rights
rotated() {
	mv "$TREE/log/a.log.1" "$TREE/log/a.log.2"
	mv "$TREE/log/a.log" "$TREE/log/a.log.1"
	: >"$TREE/log/a.log"
	echo 'first line' >>"$TREE/log/a.log"
}

@test "a log rotation" {
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE
		    profile: static
		  - path: $TREE/log
		    profile: owner
		  - path: $TREE/log/*.log
		    profile: growing-log
		    severity: low
		  - path: $TREE/log/*.log.*
		    profile: rotated-log
	EOF
	mkdir "$TREE/log"
	printf 'line one\nline two\n' >"$TREE/log/a.log"
	printf 'older\n' >"$TREE/log/a.log.1"
	begun
	echo 'line three' >>"$TREE/log/a.log"
	barrier
	same
	[ -z "$(told)" ]
	in_one_go rotated
	barrier
	same
	[ "$(tally_of removed)" -eq 0 ]
	[ "$(tally_of added)" -eq 0 ]
	expect_count 0
	[ -z "$(told)" ]
	# what was expected is not observed either
	unobserved log/a.log
	# a truncated log is told, once
	: >"$TREE/log/a.log"
	rm "$TREE/log/a.log.1"
	barrier
	same
}

@test "git checkout of a large tree" {
	command -v git >/dev/null || skip 'no git here'
	export HOME=$T GIT_CONFIG_NOSYSTEM=1
	git() { command git -C "$TREE/repo" -c user.name=x -c user.email=x@example.org -c init.defaultBranch=main -c gc.auto=0 "$@" >/dev/null 2>&1; }
	mkdir "$TREE/repo"
	git init
	for d in {1..40}; do
		mkdir "$TREE/repo/d$d"
		for f in {1..50}; do echo "$d $f" >"$TREE/repo/d$d/f$f"; done
	done
	git add . && git commit -m one
	git checkout -b other
	for d in {1..40}; do
		for f in {1..12}; do echo "other $d $f" >"$TREE/repo/d$d/f$f"; done
		rm "$TREE/repo/d$d/f50"
		echo new >"$TREE/repo/d$d/new"
	done
	rm -r "$TREE/repo/d40"
	mkdir "$TREE/repo/d41" && touch "$TREE/repo/d41/x"
	git add -A . && git commit -m two && git checkout main
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE
		    profile: config
		  - path: $TREE/repo/.git
		    exclude: true
	EOF
	begun
	in_one_go git checkout other
	barrier
	same
	expect changed repo/d7/f12 content
	# 39 folders with twelve files changed, one removed and one added; one folder gone, another one come
	[ "$(tally_of changed)" -eq $((39 * 12)) ]
	[ "$(tally_of removed)" -eq $((39 + 51)) ]
	[ "$(tally_of added)" -eq $((39 + 2)) ]
	judged_once
	in_one_go git checkout main
	barrier
	same
	expect_count 0
	[ "$(tally_of restored)" -eq $((39 * 12 + 39 + 51 + 39 + 2)) ] # what had come is not there again, as recorded
	[ "$(told repo/d7/f1 | tail -n 1)" = 'restored repo/d7/f1' ]
}

@test "a tree is copied, packed and unpacked" {
	mkdir -p "$TREE/src/x/y"
	for i in {1..50}; do echo "$i" >"$TREE/src/x/$i" && echo "$i" >"$TREE/src/x/y/$i"; done
	begun
	in_one_go cp -a "$TREE/src" "$TREE/copy"
	tar -C "$TREE" -cf "$T/a.tar" src
	mkdir "$TREE/unpacked"
	in_one_go tar -C "$TREE/unpacked" -xpf "$T/a.tar"
	barrier
	same
	[ "$(tally_of added)" -eq $((103 + 104)) ]
	[ "$(tally_of removed)" -eq 0 ]
	judged_once
}

@test "a file is renamed, and renamed back" {
	mkdir "$TREE/d"
	echo content >"$TREE/d/a"
	begun
	mv "$TREE/d/a" "$TREE/d/b"
	barrier
	same
	expect moved d/b
	[ "$(events 'select(.kind == "moved") | .from')" = "$TREE/d/a" ]
	mv "$TREE/d/b" "$TREE/d/a"
	barrier
	same
	expect changed d/a ctime
	[ -n "$(told d/a)" ]
	[ "$(tally_of removed)" -eq 0 ]
}
