#!/usr/bin/env bats
# Any two trees: what they are named by, what judges, what is said of both. Images, archives and devices have files of their own.
load lib

setup() {
	area
	A=$T/a B=$T/b RULES=$T/rules.yaml
	mkdir "$A" "$A/d"
	echo one >"$A/one"
	echo two >"$A/d/two"
	ln -s one "$A/link"
	cp -a "$A" "$B"
	printf 'version: 1\nrules:\n  - path: /\n    profile: static\n' >"$RULES"
}

@test "two folders: equal but for identity, and that is said" {
	compared 0 "$A" "dir:$B"
	[ "$(json '.[-1].attributes_not_compared | sort | join(" ")')" = 'btime ctime inode' ]
	[ "$(json '.[-1].a.kind')" = dir ]
	[ "$(json '.[-1].authentic')" = false ]
	must 0 "$TALLY" compare --policy "$RULES" "$A" "$B"
	has 'NO DIFFERENCE FOUND  5 paths examined; against nothing that anybody signed'
	has "against dir:$A, which nobody has signed"
	has "compared with it: dir:$B"
}

@test "a folder that looks like a medium is a folder, and that is said" {
	local said='this folder looks like a medium, and only its own files were compared; medium:'
	echo 'sum  file' | tee "$A/SHA256SUMS" >"$B/SHA256SUMS"
	must '0|4' "$TALLY" compare --policy "$RULES" "$A" "$B"
	lacks "$said"
	echo '# tallystick-medium: 1 and so on' | tee "$A/SHA256SUMS" >"$B/SHA256SUMS"
	must '0|4' "$TALLY" compare --policy "$RULES" "$A" "dir:$B"
	has "a: $said$A compares the baseline in it" && lacks "b: $said"
	rm "$B/SHA256SUMS"
	mkfifo "$B/SHA256SUMS"
	must 4 "$TALLY" compare --policy "$RULES" "dir:$A" "$B"
	lacks "$said"
}

@test "each kind of change, with the bits of the exit status" {
	echo more >>"$B/one"
	compared 4 "$A" "$B"
	expect_count 1
	expect changed /one size content mtime
	rm "$B/d/two"
	compared 6 "$A" "$B"
	expect removed /d/two
	mkdir "$B/new"
	compared 7 "$A" "$B"
	expect added /new
	compared 7 "$B" "$A"
	expect added /d/two
	expect removed /new
	mv "$B/link" "$B/name"
	chmod 4755 "$B/d"
	compared 7 "$A" "$B"
	expect removed /link
	expect added /name
	expect changed /d mode
	compared 0 "$A" "$B" --fail-on high
}

@test "a file that moved" {
	mv "$B/d/two" "$B/three"
	compared 4 "$A" "$B"
	expect moved /three
	[ "$(json '.[0].from')" = /d/two ]
}

@test "--at: the root of B stands for a folder of A" {
	mkdir -p "$T/whole/srv/www" "$T/whole/srv/www-x" "$T/whole/etc"
	cp -a "$A/." "$T/whole/srv/www/"
	echo x >"$T/whole/etc/not-compared"
	compared 0 "$T/whole" "$B" --at /srv/www
	[ "$(json '.[-1].examined')" -eq 5 ]
	echo y >"$B/d/two"
	touch "$B/added"
	rm "$B/one"
	compared 7 "$T/whole" "$B" --at /srv/www/
	expect_count 3
	expect changed /srv/www/d/two content
	expect added /srv/www/added
	expect removed /srv/www/one
	must 64 "$TALLY" compare "$A" "$B" --at srv
	error_like "--at wants an absolute path"
	must 66 "$TALLY" compare --policy "$RULES" "$T/whole" "$T/nothing" --at /srv/www
}

@test "--at with a baseline or an archive as B" {
	ln "$A/one" "$A/hard"
	find "$A" -exec touch -hd @1700000000 {} +
	mkdir -p "$T/whole/srv/www" "$T/whole/srv/other"
	cp -a "$A/." "$T/whole/srv/www/"
	tar cf "$T/a.tar" -C "$A" .
	policy <"$RULES"
	must 0 tally init --from "$A"
	compared 0 "$T/whole" "$T/a.tar" --at /srv/www
	[ "$(json '.[-1].examined')" -eq 6 ]
	compared 0 "$T/whole" "$STATE/baseline.db" --trust "$CONFIG/host.pub" --at /srv/www
	[ "$(json '.[-1].examined')" -eq 6 ]
	echo y >"$T/whole/srv/www/d/two"
	rm "$T/whole/srv/www/link"
	for b in "$T/a.tar" "$STATE/baseline.db"; do
		compared 5 "$T/whole" "$b" --trust "$CONFIG/host.pub" --at /srv/www
		expect_count 2
		expect changed /srv/www/d/two content
		expect added /srv/www/link
	done
}

@test "--generation and --min-sequence are of the one baseline, whichever side it is" {
	policy <"$RULES"
	must 0 tally init --from "$A"
	must 16 "$TALLY" compare "$STATE/baseline.db" "$B" --trust "$CONFIG/host.pub" --min-sequence 2
	must 16 "$TALLY" compare "$B" "$STATE/baseline.db" --trust "$CONFIG/host.pub" --min-sequence 2
	[ -z "$output" ]
	must 66 "$TALLY" compare "$B" "$STATE/baseline.db" --trust "$CONFIG/host.pub" --generation 2
	cp "$STATE/baseline.db" "$T/other.db"
	must 66 "$TALLY" compare "$T/other.db" "$STATE/baseline.db" --trust "$CONFIG/host.pub" --generation 2
}

@test "a baseline and a folder, both ways; the signed policy judges" {
	policy <<-EOF
		version: 1
		rules:
		  - path: /
		    profile: config
		  - path: /d
		    profile: static
		    severity: high
	EOF
	must 0 tally init --from "$A"
	must 0 "$TALLY" compare "$STATE/baseline.db" "$B" --trust "$CONFIG/host.pub" --json
	[ "$(json '.[-1].authentic')" = true ]
	[ "$(json '.[-1].sequence')" -eq 1 ]
	touch "$B/one" "$B/d/two"
	must 4 "$TALLY" compare "baseline:$STATE/baseline.db" "$B" --trust "$CONFIG/host.pub" --json
	expect_count 1
	expect changed /d/two mtime
	[ "$(json '.[0].severity')" = high ]
	[ "$(json '.[-1].remarks[0]')" = 'judged by the signed policy of a' ]
	must 4 "$TALLY" compare "$B" "$STATE/baseline.db" --trust "$CONFIG/host.pub" --json
	expect changed /d/two mtime
	[ "$(json '.[-1].authentic')" = true ]
	must 4 "$TALLY" compare "$B" "$STATE/baseline.db" --trust "$CONFIG/host.pub"
	has "against dir:$B"
	has 'b is generation 1 of '
	compared 4 "$STATE/baseline.db" "$B" --trust "$CONFIG/host.pub" --fail-on info
	expect changed /one mtime
}

@test "two baselines" {
	policy <"$RULES"
	must 0 tally init --from "$A"
	cp "$STATE/baseline.db" "$T/first.db"
	cp "$CONFIG/host.pub" "$T/first.pub"
	rm -rf "$STATE" "$CONFIG/host."*
	mkdir "$STATE"
	echo more >>"$B/one"
	must 0 tally init --from "$B"
	compared 4 "$T/first.db" "$STATE/baseline.db" --trust "$T/first.pub" --trust "$CONFIG/host.pub"
	expect_count 1
	expect changed /one content
	must 16 "$TALLY" compare "$T/first.db" "$STATE/baseline.db" --trust "$T/first.pub"
}

@test "a baseline that is not authentic gives no verdict" {
	policy <"$RULES"
	must 0 tally init --from "$A"
	must 64 "$TALLY" compare "$STATE/baseline.db" "$B"
	error_like '--trust'
	cp "$STATE/baseline.db" "$T/bad.db"
	sqlite3 "$T/bad.db" "update entry set mode = 448 where path = x'2f6f6e65'"
	must 16 "$TALLY" compare "$T/bad.db" "$B" --trust "$CONFIG/host.pub"
	[ -z "$output" ]
	must 16 "$TALLY" compare "$B" "$T/bad.db" --trust "$CONFIG/host.pub"
	[ -z "$output" ]
}

@test "a baseline with the running system is a check" {
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE
		    profile: static
	EOF
	echo x >"$TREE/file"
	must 0 tally init
	echo y >"$TREE/file"
	must 4 "$TALLY" compare "baseline:$STATE/baseline.db" live:/ --trust "$CONFIG/host.pub" --json
	expect_count 1
	expect changed file content
	must 4 "$TALLY" compare live:/ "baseline:$STATE/baseline.db" --trust "$CONFIG/host.pub" --json
	expect changed file content
}

@test "a growing log may grow: between folders, and from a baseline" {
	printf 'version: 1\nrules:\n  - path: /\n    profile: static\n  - path: /log/*\n    profile: growing-log\n' >"$RULES"
	mkdir "$A/log" "$B/log"
	seq 1000 >"$A/log/grows"
	cp -a "$A/log/grows" "$A/log/rewritten"
	cp -a "$A/log/." "$B/log/"
	touch -r "$A/log" "$B/log"
	touch -r "$A" "$B"
	seq 1001 1100 >>"$B/log/grows"
	sed -i 's/^500$/666/' "$B/log/rewritten"
	echo more >>"$B/log/rewritten"
	touch -r "$A/log" "$B/log"
	compared 4 "$A" "$B"
	expect_count 1
	expect changed /log/rewritten
	[ "$(json '.[0].log | join(" ")')" = rewritten ]
}

@test "what is no tree: one line, and the right status" {
	must 66 "$TALLY" compare "$A" "$T/none"
	error_like 'cannot open .*none.: No such file'
	must 66 "$TALLY" compare "$T/none" "$A"
	must 64 "$TALLY" compare "imgae:$A" "$B"
	error_like 'begins with no kind of tree: live:/, dir:, baseline:, medium:, image: or archive:'
	must 64 "$TALLY" compare live:/usr "$B"
	must 64 "$TALLY" compare dir: "$B"
	must 64 "$TALLY" compare "$A"
	error_like 'too few arguments'
	must 65 "$TALLY" compare "$A" /dev/null
	: >"$T/empty"
	must 65 "$TALLY" compare "$A" "$T/empty"
	error_like 'is empty'
	head -c 70000 /dev/urandom >"$T/noise"
	must 65 "$TALLY" compare "$A" "image:$T/noise"
	error_like 'no file system that is known'
	must 66 "$TALLY" compare "$A" "dir:$T/noise"
	must 78 "$TALLY" compare "$A" "$B" --policy "$T/noise"
	printf 'version: 1\nrules:\n  - path: /nowhere\n    profile: static\n' >"$RULES"
	must 66 "$TALLY" compare "$A" "$B" --policy "$RULES"
	error_like 'nothing was in scope'
}

@test "nothing of the environment or of this host's configuration counts" {
	printf 'version: 9\n' >"$CONFIG/policy.yaml"
	mkdir "$CONFIG/trusted.d"
	echo nonsense >"$CONFIG/trusted.d/x.pub"
	TZ=/etc/passwd compared 0 "$A" "$B"
}

@test "names of any bytes, in text and in NDJSON" {
	touch "$B/"$'line\nbreak' "$B/"$'esc\e[31m' "$B/"$'not-\xff-utf8'
	compared 1 "$A" "$B"
	expect_count 3
	[ "$(json 'map(select(.path_b64)) | length')" -eq 3 ]
	must 1 "$TALLY" compare --policy "$RULES" "$A" "$B"
	has 'line\x0abreak'
	has 'not-\xff-utf8'
}
