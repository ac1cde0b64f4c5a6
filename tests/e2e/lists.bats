#!/usr/bin/env bats
# The lists on a medium, read by the programs they are for: sha256sum, NetBSD's mtree, bsdtar, mactime; and its baseline.db, which
# holds one generation.
load lib
load medium

setup() {
	medium_area
	odd_names
	must 0 "$TALLY" accept --all --reason 'odd names'
	must 0 "$TALLY" export "$T/medium"
}

# Names that mean something to one of the readers, or to none.
odd_names() {
	local name
	for name in ' lead' '-' '*' 'st*r' 'starr' '[' 'x[1]' 'x1' 'q?' '#' 'a#b' 'e=q' 'pi|pe' 'per%41cent' $'cr\rx' $'cr\r' '\n' '\134x' \
		$'tab\t' 'é' '~t' '!x' '"q"' '$d' "'s'" '..x' 'x;y' '&amp;' $'esc\e[31m' $'\x7f' $'\xc3'; do
		printf 'content of %s' "$name" >"$TREE/$name"
	done
	mkdir -p "$TREE/d[1]/in *"
	echo deep >"$TREE/d[1]/in */#deep"
	ln -s 'to a = # \ thing' "$TREE/lnk"
	ln "$TREE/x1" "$TREE/second"
	chmod 4755 "$TREE/x1"
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$TREE/s"
	touch -d '1969-12-31 12:00:00.25Z' "$TREE/second"
	if [ "$(id -u)" -eq 0 ]; then
		mknod "$TREE/char" c 300 70000
		chown 4321:1234 "$TREE/e=q"
	fi
}

mtree_says() { # STATUS
	must "$1" mtree -f "$T/medium/files.mtree" -p /
}

@test "files.sha256 is what sha256sum prints of the tree, byte for byte, and takes back" {
	(cd / && find "${TREE#/}" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) >"$T/theirs"
	cmp "$T/theirs" "$T/medium/files.sha256"
	cd /
	must 0 sha256sum --quiet -c "$T/medium/files.sha256"
	[ -z "$output" ]
	echo more >>"$TREE/"$'cr\rx'
	rm "$TREE/ lead"
	must 1 env LC_ALL=C sha256sum --quiet -c "$T/medium/files.sha256"
	[ "$(grep -c 'FAILED' <<<"$output")" -eq 2 ]
}

@test "mtree says nothing of a tree as recorded" {
	mtree_says 0
	[ -z "$output" ]
}

@test "mtree names what check names: mode, size, content, owner, target, added, removed" {
	cd "$TREE"
	touch -r . "$T/stamp"
	chmod 600 'a#b'
	chmod 755 x1 # set-id no more
	echo longer >>'st*r'
	printf 'CONTENT of %s' 'per%41cent' >'per%41cent'
	ln -sfn elsewhere lnk
	rm 'x;y' 'd[1]/in */#deep'
	echo new >starrr
	[ "$(id -u)" -ne 0 ] || chown 7 'e=q'
	checked 7 --fail-on info
	jq -r 'select(.kind) | if .path_b64 then (.path_b64 | @base64d) else .path end' <<<"$output" | sed 's,^/,,' | sort -u >"$T/ours"
	mtree_says 2
	# its names, but for directories whose time changed because something in them did
	sed -n 's/^extra: //p; s,^missing: \./,,p; s/^\([^	].*\): *$/\1/p' <<<"$output" | grep -vx -e "${TREE#/}" -e "${TREE#/}/d\[1\]/in \*" | sort -u >"$T/theirs"
	diff "$T/ours" "$T/theirs"
	has 'permissions (0644, 0600)' && has 'permissions (04755, 0755)' && has 'size (' && has 'sha256 (' && has 'link ref ('
}

@test "a file is not taken for another one whose name is a pattern" {
	cd "$TREE"
	echo other >'q?'
	echo other >starr
	mtree_says 2
	[[ $output == *"/q?: "* && $output == *"/starr: "* && $output != *"/st*r"* && $output != *"/*"* ]]
	[ "$(grep -c 'sha256 (' <<<"$output")" -eq 2 ]
}

@test "bsdtar lists the same names, and makes an archive of them" {
	must 0 bsdtar -tf "$T/medium/files.mtree"
	[ -z "$stderr" ]
	mkdir "$T/copy"
	(cd / && bsdtar --format cpio -cf - "@$T/medium/files.mtree") | bsdtar -xpf - -C "$T/copy"
	# all but the socket, which archives don't hold
	diff <(cd "$T/copy$TREE" && find . -printf '%y %m %s %l %P\0' | sort -z | sed -z '/^d /s/ [0-9]* / /2' | base64) \
		<(cd "$TREE" && find . ! -type s -printf '%y %m %s %l %P\0' | sort -z | sed -z '/^d /s/ [0-9]* / /2' | base64)
	diff -r --no-dereference -x s -x fifo -x char "$TREE" "$T/copy$TREE"
}

@test "what is out of scope, excluded, or mounted there and not entered is no concern of mtree's" {
	mkdir -p "$T/wide/in/below" "$T/wide/out" "$T/wide/in/left-out/kept" "$T/wide/in/logs"
	echo x >"$T/wide/in/below/x"
	echo gz >"$T/wide/in/logs/1.gz"
	policy <<-EOF
		version: 1
		rules:
		  - {path: $T/wide/in, profile: static}
		  - {path: $T/wide/in/left-out, exclude: true}
		  - {path: $T/wide/in/left-out/kept, profile: static}
		  - {path: "$T/wide/in/logs/*.gz", exclude: true}
		  - {path: $T/wide/in/nowhere/x, exclude: true}
		  - {path: $T/wide/in/a b, exclude: true}
	EOF
	must 0 "$TALLY" accept --policy
	rm -rf "$T/medium"
	must 0 "$TALLY" export "$T/medium"
	mtree_says 0
	[ -z "$output" ]
	echo changed >"$T/wide/out/x"
	echo changed >"$T/wide/in/left-out/x"
	echo changed >"$T/wide/in/a b"
	gzip -c "$T/wide/out/x" >"$T/wide/in/logs/1.gz"
	cp "$T/wide/in/logs/1.gz" "$T/wide/in/logs/2.gz"
	touch -r "$T/wide" "$T/wide/other"
	mtree_says '0|2'
	run ! grep -v -e 'modification time' -e '^[^ ]*/wide/in: $' -e '^[^ ]*/wide/in/logs: $' -e '^$' <<<"$output"
	echo evil >"$T/wide/in/below/evil"
	echo evil >"$T/wide/in/left-out/kept/evil"
	mtree_says 2
	[ "$(grep -c '^extra: ' <<<"$output")" -eq 2 ]
	must 0 bsdtar -tf "$T/medium/files.mtree"
	[[ $output != *'*'* ]]
}

@test "mactime takes each line of the body file for one entry" {
	command -v mactime >/dev/null || skip "no mactime (package sleuthkit)"
	local entries
	entries=$(sqlite3 "file:$T/medium/baseline.db?immutable=1" 'SELECT count(*) FROM entry')
	[ "$(wc -l <"$T/medium/files.bodyfile")" -eq "$entries" ]
	run ! grep -avE '^0\|[^|]+\|[0-9]+\|[a-z]/[a-z][rwxsStT-]{9}\|[0-9]+\|[0-9]+\|[0-9]+\|0\|-?[0-9]+\|-?[0-9]+\|-?[0-9]+$' "$T/medium/files.bodyfile"
	no_control <"$T/medium/files.bodyfile"
	must 0 mactime -b "$T/medium/files.bodyfile" -d
	# one line for each inode, name and time: mtime, ctime and birth time fall together or not
	awk -F'|' '{ seen[$3 $2 $8]; seen[$3 $2 $9]; seen[$3 $2 $10]; seen[$3 $2 $11] } END { for (key in seen) count++; print count }' \
		<(awk -F'|' -v OFS='|' '$9 < 0 { $9 = $8 } 1' "$T/medium/files.bodyfile") >"$T/expected"
	[ "$(($(wc -l <<<"$output") - 1))" -eq "$(cat "$T/expected")" ]
	has 'pi\x7cpe' && has 'per\x2541cent' && has 'line\x0abreak' && has 'lnk -> to a = # \\ thing'
}

@test "baseline.db holds one generation, and every verb reads it" {
	echo three >"$TREE/one"
	must 0 "$TALLY" accept --all --reason third
	must 0 "$TALLY" export "$T/second" --generation 2
	cmp "$T/second/baseline.db" "$T/medium/baseline.db"
	local file=$T/second/baseline.db trust=(--trust "$CONFIG/host.pub")
	[ "$(sqlite3 "file:$file?immutable=1" 'SELECT group_concat(sequence) FROM generation')" = 2 ]
	[ "$(sqlite3 "file:$file?immutable=1" 'SELECT count(*) FROM entry_past')" = 0 ]
	python3 "$BATS_TEST_DIRNAME/../oracle/root.py" "$file"
	must 0 "$TALLY" verify "$file" "${trust[@]}"
	has 'generation 2 ' && has 'odd names'
	must 0 "$TALLY" show --json --baseline "$file" "${trust[@]}" "$TREE/one"
	[ "$(json '.[0].digest')" = "sha256:$(echo one | sha256sum | cut -d' ' -f1)" ]
	must 0 "$TALLY" history --json --baseline "$file" "${trust[@]}"
	[ "$(json '[.[].sequence] | @csv')" = 2 ]
	must 0 "$TALLY" history --json --baseline "$file" "${trust[@]}" "$TREE/one"
	[ "$(json '.[0].since')" = 1 ]
	must 0 "$TALLY" history --baseline "$file" "${trust[@]}" "$TREE/one"
	has 'generation 1 and since, of which this file holds only what came of it'
	checked 4 --baseline "$file" "${trust[@]}"
	expect_exactly changed one size content mtime
	must 66 "$TALLY" check --baseline "$file" "${trust[@]}" --generation 1
	error_like 'there is no generation 1: the file holds generations 2 to 2'
	must 66 "$TALLY" show --baseline "$file" "${trust[@]}" --generation 3
	must 16 "$TALLY" check --baseline "$file" "${trust[@]}" --min-sequence 3
}

@test "put back on the host, such a file is believed only where it follows what was seen" {
	must 0 "$TALLY" verify
	cp "$T/medium/baseline.db" "$STATE/baseline.db"
	must 0 "$TALLY" check
	sed -i 's/^sequence:.*/sequence: 1/' "$STATE/seen"
	must 16 "$TALLY" check
	error_like 'statement of sequence 1 is not the one seen here'
	local previous
	previous=$(sqlite3 "$T/medium/baseline.db" 'SELECT statement FROM generation' | sed -n 's/^previous: //p')
	sed -i "s/^statement:.*/statement: $previous/" "$STATE/seen"
	must 0 "$TALLY" check
	grep -qx 'sequence: 2' "$STATE/seen"
	echo three >"$TREE/one"
	must 0 "$TALLY" accept --all
	must 0 "$TALLY" history --json
	[ "$(json '[.[].sequence] | @csv')" = 2,3 ]
	must 0 "$TALLY" export "$T/third" --generation 3
	cp "$T/third/baseline.db" "$STATE/baseline.db"
	sed -i 's/^sequence:.*/sequence: 1/' "$STATE/seen"
	must 16 "$TALLY" check
	error_like 'the baseline begins with sequence 3: nothing shows that it follows the 1 seen here'
}
