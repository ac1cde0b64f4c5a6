#!/usr/bin/env bats
# tally export: what lies on a medium, that it is always the same, that others can read it, and that nothing half made is left.
load lib
load medium

setup() {
	medium_area
}

export_to() { # DEST [argument...]
	must 0 "$TALLY" export "$@"
}

@test "a folder: these files, these modes, this date, and nothing else" {
	export_to "$T/medium"
	local host operator
	host=$(key_id "$CONFIG/host.pub") operator=$(key_id "$PUB")
	diff <(cd "$T/medium" && find . -type f -printf '%m %P\n' | LC_ALL=C sort -k 2) <(LC_ALL=C sort -k 2 <<-EOT
		644 README.txt
		644 SHA256SUMS
		644 SHA256SUMS.minisig
		644 baseline.db
		755 bin/$TOOL
		644 bin/LICENCES.txt
		644 files.bodyfile
		644 files.mtree
		644 files.sha256
		644 keys/$host.pub
		644 keys/$operator.pub
		644 policy.yaml
		644 statement.txt
		644 statement.txt.$host.minisig
		644 statement.txt.$operator.minisig
	EOT
	)
	[ "$(find "$T/medium" ! -type d ! -type f | wc -l)" -eq 0 ]
	[ "$(find "$T/medium" -type d -printf '%m\n' | sort -u)" = 755 ]
	[ "$(find "$T/medium" -printf '%T@\n' | sort -u)" = "$(date -d "$(sed -n 's/^created: //p' "$T/medium/statement.txt")" +%s).0000000000" ]
	cmp "$T/medium/keys/$operator.pub" <(sed 1d "$PUB" | cat <(sed -n 1p "$T/medium/keys/$operator.pub") -)
	cmp "$T/medium/bin/$TOOL" "$STATIC"
	[ "$(head -n 1 "$T/medium/SHA256SUMS")" = "# tallystick-medium: 1 $(sed -n 's/^host-id: //p' "$T/medium/statement.txt") 1 $(sed -n 's/^statement: //p' "$STATE/seen")" ]
	lonely "$T"
}

@test "the page for paper: statement, root, fingerprints" {
	export_to "$T/medium"
	has "$(cat "$T/medium/statement.txt")"
	has "$(key_id "$PUB"), signed the statement"
	has "$(sed -n 's/^fingerprint  //p' < <("$TALLY" key show "$PUB"))"
	has "$(sha256sum <"$T/medium/SHA256SUMS" | cut -d' ' -f1)"
	[ "$(awk 'length > 100' <<<"$output" | wc -l)" -eq 0 ]
	must 0 "$TALLY" export "$T/again" --quiet
	[ "$(wc -l <<<"$output")" -eq 1 ]
	must 0 "$TALLY" export "$T/third.iso" --iso --json
	[ "$(jq -r .sha256 <<<"$output")" = "$(sha256sum <"$T/third.iso" | cut -d' ' -f1)" ]
	jq -e '.record == "export" and .format == 1 and .sequence == 1 and .kind == "iso" and .files == 15' <<<"$output"
}

@test "the same generation with the same signatures gives the same bytes, folder and ISO" {
	export_to "$T/first"
	export_to "$T/first.iso" --iso
	sleep 1.1
	touch "$TREE/one"
	export_to "$T/second"
	export_to "$T/second.iso" --iso
	whole "$T/first" "$T/second"
	cmp "$T/first.iso" "$T/second.iso"
	# a later generation does not change the earlier one's medium, nor does the copy's way
	echo more >>"$TREE/one"
	must 0 "$TALLY" accept --all
	export_to "$T/third" --generation 1
	whole "$T/first" "$T/third"
	export_to "$T/newest"
	[ "$(sed -n 's/^sequence: //p' "$T/newest/statement.txt")" = 2 ]
	# from a copy, and from a medium's own baseline
	must 0 elsewhere export "$T/from-copy" --baseline "$STATE/baseline.db" --generation 1 --key "$CONFIG/host.key" --trust "$PUB" --trust "$CONFIG/host.pub"
	whole "$T/first" "$T/from-copy"
	must 0 elsewhere export "$T/from-medium" --baseline "$T/first/baseline.db" --key "$CONFIG/host.key" --trust "$PUB" --trust "$CONFIG/host.pub"
	whole "$T/first" "$T/from-medium"
}

@test "osirrox, bsdtar, isoinfo and 7z read the ISO, and find the same bytes" {
	export_to "$T/medium"
	export_to "$T/medium.iso" --iso
	mkdir "$T/osirrox" "$T/bsdtar" "$T/isoinfo" "$T/7z"
	osirrox -indev "$T/medium.iso" -extract / "$T/osirrox" >"$T/log" 2>&1 || { cat "$T/log"; return 1; }
	chmod -R u+w "$T/osirrox"
	bsdtar -xf "$T/medium.iso" -C "$T/bsdtar"
	7z x -o"$T/7z" "$T/medium.iso" >"$T/log" || { cat "$T/log"; return 1; }
	(cd "$T/medium" && find . -type f -printf '/%P\n') | while read -r name; do
		mkdir -p "$T/isoinfo/$(dirname "$name")"
		isoinfo -R -i "$T/medium.iso" -x "$name" >"$T/isoinfo$name"
	done
	for reader in osirrox bsdtar isoinfo 7z; do whole "$T/medium" "$T/$reader" || { echo "$reader"; return 1; }; done
	isoinfo -d -i "$T/medium.iso" | grep -q 'NO Joliet present'
	lonely "$T"
}

@test "a destination that exists, in whatever form, is left as it is" {
	mkdir "$T/folder" "$T/full"
	echo x >"$T/file"
	echo x >"$T/full/x"
	ln -s nowhere "$T/dangling"
	for there in folder full file dangling; do
		must 73 "$TALLY" export "$T/$there"
		error_like "cannot create '.*$there': File exists"
		must 73 "$TALLY" export "$T/$there" --iso
		error_like "cannot create '.*$there': File exists"
	done
	[ "$(cat "$T/file" "$T/full/x")" = $'x\nx' ]
	[ -z "$(ls -A "$T/folder")" ]
	must 66 "$TALLY" export "$T/no/such/place"
	error_like "cannot open '.*/no/such', where 'place' is to be: No such file"
	must 64 "$TALLY" export /
	must 64 "$TALLY" export "$T/.."
	lonely "$T"
}

@test "odd names of a destination" {
	export_to "$T/$ODD"
	export_to "$T/-$BYTES" --iso
	[ -d "$T/$ODD" ] && [ -s "$T/-$BYTES" ]
	[[ $output != *$'\xff'* ]]
	must 73 "$TALLY" export "$T/$(printf 'n%.0s' {1..250})"
	error_like 'File name too long'
	lonely "$T"
}

@test "a full disk, at whatever point: a clear error, and nothing left" {
	needs_root 'mounts a small file system'
	local size out full=0
	for size in 300k 2500k 4m 64m; do
		for out in medium medium.iso; do
			run own_mounts 'mkdir -p "$1/small" && mount -t tmpfs -o "size=$2" none "$1/small"
				status=0; "$3" export "$1/small/$4" $5 2>"$1/err" >/dev/null || status=$?
				ls -A "$1/small"; exit "$status"' "$T" "$size" "$TALLY" "$out" "$([ "$out" = medium ] || echo --iso)"
			[ "$status" -ne 0 ] || { [ "$output" = "$out" ] && continue; }
			full=$((full + 1))
			stderr=$(cat "$T/err")
			[[ $status =~ ^(73|74)$ ]] || { echo "$status $output $stderr"; return 1; }
			error_like '(No space left|xorriso)'
			[ -z "$output" ] || { echo "left: $output"; return 1; }
		done
	done
	[ "$full" -ge 4 ] && [ "$status" -eq 0 ]
}

@test "no permission: said, nothing left" {
	needs_root 'becomes another user'
	chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$T"
	mkdir -m 755 "$T/rootsown"
	mkdir -m 777 "$T/open"
	cp "$STATE/baseline.db" "$T/open/copy.db"
	cp "$T/operator/op.key" "$T/open/op.key"
	chmod 644 "$T/open/copy.db" "$T/open/op.key"
	local what=("$TALLY" export --baseline "$T/open/copy.db" --trust "$PUB" --key "$T/open/op.key")
	must 77 unprivileged "${what[@]}" "$T/rootsown/medium"
	error_like "cannot create '.*rootsown/medium': Permission denied"
	must 0 unprivileged "${what[@]}" "$T/open/medium"
	must 77 unprivileged "$TALLY" export "$T/open/other"
	lonely "$T/rootsown"
	lonely "$T/open"
}

@test "stopped or killed on the way: the destination is not there" {
	# enough rows that it takes a while
	(cd "$TREE" && seq 20000 | xargs touch)
	must 0 "$TALLY" accept --all
	local signal try
	for signal in INT TERM KILL; do
		for try in {1..30}; do # one that came to its end before the signal did proves nothing
			"$TALLY" export "$T/stopped" >/dev/null 2>"$T/err" 3>&- &
			writing $!
			kill -$signal $! || true
			status=0
			wait $! || status=$?
			[ "$status" -eq 0 ] || break
			whole_medium
		done
		[ "$signal" = KILL ] || [ "$status" -eq 130 ] || { echo "status $status after $try tries"; cat "$T/err"; return 1; }
		# killed between the renaming and its end it is there, and whole
		[ ! -e "$T/stopped" ] || { [ "$signal" = KILL ] && whole_medium; }
		[ "$signal" = KILL ] || lonely "$T"
	done
	rm -rf "$T"/stopped.tmp-*
	export_to "$T/stopped"
}

# writing PID: waits until it has begun to write what it renames at its end, or has ended
writing() {
	until [ -n "$(find "$T" -maxdepth 1 -name 'stopped*')" ]; do
		kill -0 "$1" || { cat "$T/err"; return 1; }
	done
}

whole_medium() {
	must 0 "$TALLY" verify "$T/stopped" --trust "$CONFIG/host.pub" && rm -r "$T/stopped"
}

@test "whose key: the host's, a named one, none; whom to trust" {
	rm "$CONFIG/host.key"
	must '66' "$TALLY" export "$T/medium"
	error_like 'host.key'
	must 0 "$TALLY" export "$T/medium" --key "$T/operator/op.key"
	must 64 elsewhere export "$T/copy" --baseline "$STATE/baseline.db" --trust "$PUB"
	error_like 'key that is to sign the medium: --key FILE'
	must 64 elsewhere export "$T/copy" --baseline "$STATE/baseline.db" --key "$T/operator/op.key"
	error_like '--trust'
	must 0 "$TALLY" key generate "$T/stranger" --no-passphrase
	must 16 elsewhere export "$T/copy" --baseline "$STATE/baseline.db" --key "$T/operator/op.key" --trust "$T/stranger.pub"
	[ ! -e "$T/copy" ]
	lonely "$T"
}

@test "a baseline that is not what was signed is not exported" {
	cp "$STATE/baseline.db" "$T/keep"
	sqlite3 "$STATE/baseline.db" "UPDATE entry SET mode = mode | 2048 WHERE type = 1"
	must 16 "$TALLY" export "$T/medium"
	[ ! -e "$T/medium" ]
	lonely "$T"
	cp "$T/keep" "$STATE/baseline.db"
	must 66 "$TALLY" export "$T/medium" --generation 7
	must 16 "$TALLY" export "$T/medium" --min-sequence 7
}

@test "without a static program beside it: what was looked for, and how to get one" {
	rm "$T/bin/$TOOL"
	must 66 "$TALLY" export "$T/medium"
	error_like "$TOOL"
	echo '#!/bin/sh' >"$T/bin/$TOOL"
	chmod 755 "$T/bin/$TOOL"
	must '65|66' "$TALLY" export "$T/medium"
	[ ! -e "$T/medium" ]
	cp "$T/bin/tally" "$T/bin/$TOOL" # one that needs libraries
	must '65|66' "$TALLY" export "$T/medium"
	[ ! -e "$T/medium" ]
}
