#!/usr/bin/env bats
# What the host accepted behind the generation that a comparison rests on: it explains differences, and makes none go away.
load lib
load medium

setup() {
	area
	echo a >"$TREE/a"
	echo b >"$TREE/b"
	echo c >"$TREE/c"
	echo content-to-move >"$TREE/d"

	must 0 tally init
	must 0 tally key generate "$T/op" --no-passphrase
	must 0 "$TALLY" sign "$STATE/baseline.db" --key "$T/op.key" --output "$T/sig" --config "$T/none"
	mkdir "$CONFIG/trusted.d"
	cp "$T/op.pub" "$CONFIG/trusted.d/"
	must 0 tally sign --add "$T/sig"
	cp "$STATE/baseline.db" "$T/one.db"
}

accepted() { # what an administrator does on the host
	echo more >>"$TREE/a"
	rm "$TREE/b"
	echo new >"$TREE/new"
	mv "$TREE/d" "$TREE/e"
	must 0 tally accept --all --reason 'upgrade of things'
}

against() { # FILE [argument...]: off the host's configuration, by the operator's key alone
	local file=$1
	shift
	must '[0-9]|1[0-5]' "$TALLY" check --baseline "$file" --trust "$T/op.pub" --json "$@"
}

explained() { # PATH
	jq -rs --arg path "$TREE/$1" '.[] | select(.record == "change" and .path == $path) |
		if .explained then "\(.explained.by) \(.explained.sequence) \(.explained.reason)" else "no" end' <<<"$output"
}

@test "a copy that goes on beyond the operator's generation explains by what the host accepted" {
	accepted
	echo x >>"$TREE/c"
	cp "$STATE/baseline.db" "$T/two.db"
	against "$T/two.db"
	expect changed a content
	expect removed b
	expect changed c content
	expect added new
	expect moved e
	for name in a b new e; do [ "$(explained $name)" = 'host 2 upgrade of things' ]; done
	[ "$(explained c)" = no ]
	[ "$status" -eq 7 ]
	must 7 "$TALLY" check --baseline "$T/two.db" --trust "$T/op.pub"
	has 'accepted by the host, generation 2'
	has '"upgrade of things"'
	has "its word alone, claimed for key $(key_id "$CONFIG/host.pub")"
}

@test "what was changed again after it was accepted is not explained" {
	accepted
	echo again >>"$TREE/a"
	echo back >"$TREE/b"
	echo other >"$TREE/new"
	cp "$STATE/baseline.db" "$T/two.db"
	against "$T/two.db"
	for name in a b new; do [ "$(explained $name)" = no ]; done
	[ "$(explained e)" = 'host 2 upgrade of things' ]
}

@test "an older copy: the host's own state explains when it is named, and is not looked at otherwise" {
	accepted
	against "$T/one.db"
	[ "$(explained a)" = no ]
	against "$T/one.db" --state "$STATE"
	[ "$(explained a)" = 'host 2 upgrade of things' ]
	[ "$(explained b)" = 'host 2 upgrade of things' ]
	must 7 "$TALLY" check --baseline "$T/one.db" --trust "$T/op.pub" --state "$STATE"
	[[ ${output%%$'\n'*} == *'an older one: this host went on to generation 2'* ]] || { echo "$output"; return 1; }
}

@test "each generation by its own reason" {
	echo more >>"$TREE/a"
	must 0 tally accept "$TREE/a" --reason first
	echo more >>"$TREE/c"
	must 0 tally accept "$TREE/c" --reason second
	rm "$TREE/b"
	must 0 tally accept "$TREE/b"
	cp "$STATE/baseline.db" "$T/four.db"
	against "$T/four.db"
	[ "$(explained a)" = 'host 2 first' ]
	[ "$(explained c)" = 'host 3 second' ]
	[ "$(explained b)" = 'host 4 ' ]
}

@test "another host's state, a damaged one, a missing one: said, and nothing is explained" {
	accepted
	mkdir "$T/other-config" "$T/other"
	cp "$CONFIG/policy.yaml" "$T/other-config/"
	must 0 "$TALLY" init --config "$T/other-config" --state "$T/other"
	against "$T/one.db" --state "$T/other"
	[ "$(explained a)" = no ]
	[ "$(jq -rs '.[-1].notes | map(select(test("explains nothing here.*another host"))) | length' <<<"$output")" -eq 1 ]
	LC_ALL=C sed -i 's/upgrade of things/upgrade of thongs/' "$STATE/baseline.db"
	against "$T/one.db" --state "$STATE"
	[ "$(explained a)" = no ]
	[ "$(jq -rs '.[-1].notes | map(select(test("explains nothing here"))) | length' <<<"$output")" -eq 1 ]
	expect changed a content
	against "$T/one.db" --state "$T/nowhere"
	[ "$(jq -rs '.[-1].notes | map(select(test("explains nothing here"))) | length' <<<"$output")" -eq 1 ]
}

@test "a signature in the name of a trusted key that is not its own: nothing is explained" {
	accepted
	local one two
	one="(select minisig from signature where sequence = 1 and key_id = '$(key_id "$T/op.pub")')"
	two=$T/forged
	mkdir "$two"
	cp "$STATE/baseline.db" "$two/"
	# the operator's signature of generation 1, moved to 2
	sqlite3 "$two/baseline.db" "insert into signature select 2, key_id, minisig from signature where sequence = 1 and minisig = $one"
	"$BATS_TEST_DIRNAME/../oracle/meta.py" "$two/baseline.db"
	against "$T/one.db" --state "$two"
	[ "$(explained a)" = no ]
	[ "$(jq -rs '.[-1].notes | map(select(test("explains nothing here.*in the name of the trusted key"))) | length' <<<"$output")" -eq 1 ]
}
