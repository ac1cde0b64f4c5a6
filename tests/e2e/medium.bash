# medium.bash - what the e2e tests of media share. Load it behind lib.
#
# `medium_area` makes a tree with odd names, a signed baseline of it with the operator's signature, and lays the static program where
# `tally export` looks for it.

medium_area() {
	area
	STATIC=$(dirname "$TALLY")/tally-$(uname -m) # tests/run laid it there
	[ -x "$STATIC" ] || { echo "no static program beside $TALLY: tests/run builds it"; return 1; }
	ODD=$'line\nbreak' BYTES=$'not-\xff-utf8'
	mkdir "$T/bin" "$TREE/dir" "$TREE/empty" "$T/operator"
	cp "$TALLY" "$T/bin/tally"
	cp -L "$STATIC" "$T/bin/tally-$(uname -m)"
	TALLY=$T/bin/tally TOOL=tally-$(uname -m)
	echo one >"$TREE/one"
	echo two >"$TREE/dir/two"
	echo odd >"$TREE/dir/$ODD"
	echo bytes >"$TREE/$BYTES"
	echo dash >"$TREE/-dash and space"
	echo slash >"$TREE/back\\slash #hash *star"
	: >"$TREE/nothing"
	ln -s one "$TREE/link"
	mkfifo "$TREE/fifo"
	chmod 640 "$TREE/one"
	must 0 "$TALLY" init || return 1
	must 0 "$TALLY" key generate "$T/operator/op" --no-passphrase || return 1
	PUB=$T/operator/op.pub
	signed_by_operator
}

# The operator signs a copy elsewhere; the host attaches it.
signed_by_operator() {
	cp "$STATE/baseline.db" "$T/operator/copy.db"
	rm -f "$T/operator/sig"
	must 0 elsewhere sign "$T/operator/copy.db" --key "$T/operator/op.key" --output "$T/operator/sig" || return 1
	mkdir -p "$CONFIG/trusted.d"
	cp "$PUB" "$CONFIG/trusted.d/op.pub"
	must 0 "$TALLY" sign --add "$T/operator/sig"
}

# tally on a machine that has neither configuration nor state
elsewhere() {
	env -u TALLY_CONFIG -u TALLY_STATE "$TALLY" "$@" --config "$T/operator/none" --state "$T/operator/none"
}

key_id() { # PUB: its 16 digits; minisign writes no leading zeros there
	sed -n 's/.*public key /000000000000000/; s/^0*\(.\{16\}\)$/\1/p' "$1"
}

# sums FOLDER: the digest of every file in it, in order
sums() {
	(cd "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
}

# whole FOLDER OTHER: the same files with the same bytes
whole() {
	diff <(sums "$1") <(sums "$2")
}

# lonely FOLDER: no leftovers of something half written
lonely() {
	local left
	left=$(find "$1" -maxdepth 1 -name '*.tmp-*')
	[ -z "$left" ] || { echo "left behind: $left"; return 1; }
}
