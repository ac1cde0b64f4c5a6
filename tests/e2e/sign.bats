#!/usr/bin/env bats
# tally sign: the operator's signature, made off the host and attached on it.

load lib

setup() {
	area
	echo 1 >"$TREE/f"
	must 0 tally init
	mkdir "$T/desk"
	cp "$STATE/baseline.db" "$T/desk/b.db"
	cp "$CONFIG/host.pub" "$T/desk/host.pub"
	must 0 tally key generate --no-passphrase "$T/desk/ops" --config "$T/desk" --state "$T/desk"
}

desk() {
	TALLY_CONFIG=$T/desk/none TALLY_STATE=$T/desk/none "$TALLY" "$@"
}

trust_ops() {
	mkdir -p "$CONFIG/trusted.d"
	cp "$T/desk/ops.pub" "$CONFIG/trusted.d/ops.pub"
}

@test "signed off the host, attached on it, relied upon" {
	must 0 desk sign "$T/desk/b.db" --trust "$T/desk/host.pub" --key "$T/desk/ops.key" --output "$T/s"
	trust_ops
	must 0 tally sign --add "$T/s"
	checked 0
	[ "$(json '.[-1].signers | length')" = 2 ]
	must 0 tally sign --add "$T/s"
	checked 0
	[ "$(json '.[-1].signers | length')" = 2 ]
	must 0 tally check
	has ops.pub
	cp "$STATE/baseline.db" "$T/desk/signed.db"
	must 0 desk verify "$T/desk/signed.db" --trust "$T/desk/ops.pub"
	must 16 desk verify "$T/desk/b.db" --trust "$T/desk/ops.pub"
}

@test "it refuses where the host's key lies, unless forced" {
	must '77|64|73' tally sign "$T/desk/b.db" --trust "$T/desk/host.pub" --key "$T/desk/ops.key" --output "$T/s"
	error_like ''
	[ ! -e "$T/s" ]
	must 0 tally sign "$T/desk/b.db" --trust "$T/desk/host.pub" --key "$T/desk/ops.key" --output "$T/s" --force
	[ -s "$T/s" ]
}

@test "it shows what changed since the last generation this key signed; where there is none, what the key vouches for" {
	must 0 desk sign --json "$T/desk/b.db" --trust "$T/desk/host.pub" --key "$T/desk/ops.key" --output "$T/j"
	[ "$(json 'map([.record, .compared_with] | @json)[]')" = '["signed",null]' ]
	must 0 desk sign "$T/desk/b.db" --trust "$T/desk/host.pub" --key "$T/desk/ops.key" --output "$T/s"
	has "this key signed nothing in it before, so nothing was compared: it vouches for all of its $(stored 'select count(*) from entry') entries now"
	trust_ops
	must 0 tally sign --add "$T/s"
	echo 22 >"$TREE/f" && touch "$TREE/new"
	must 0 tally accept --all --reason 'an update'
	cp "$STATE/baseline.db" "$T/desk/b2.db"
	must 0 desk sign "$T/desk/b2.db" --trust "$T/desk/host.pub" --key "$T/desk/ops.key" --output "$T/s2"
	has "$TREE/f" && has "$TREE/new" && lacks 'nothing was compared'
	must 0 desk sign --json "$T/desk/b2.db" --trust "$T/desk/host.pub" --key "$T/desk/ops.key" --output "$T/j2"
	[ "$(json '.[0].compared_with')" = 1 ]
	must 0 tally sign --add "$T/s2"
	checked 0
	[ "$(json '.[-1].signers | length')" = 2 ]
}

# vouched: generation 1 is signed by the operator, who keeps the signature's key off the host
vouched() {
	must 0 desk sign "$T/desk/b.db" --trust "$T/desk/host.pub" --key "$T/desk/ops.key" --output "$T/s"
	trust_ops
	must 0 tally sign --add "$T/s"
}

# to_sign FILE: what `tally sign --json` says of the installed baseline, copied to FILE
to_sign() {
	cp "$STATE/baseline.db" "$T/desk/$1.db"
	must 0 desk sign --json "$T/desk/$1.db" --trust "$T/desk/host.pub" --key "$T/desk/ops.key" --output "$T/$1.sig"
}

@test "the policy that this key signed judges, not the one that the host chose since" {
	mkdir "$TREE/bin" "$T/other" && echo 1 >"$TREE/bin/ls" && echo 1 >"$TREE/kept" && touch "$T/other/f"
	must 0 tally accept --all
	cp "$STATE/baseline.db" "$T/desk/b.db"
	vouched
	cat >>"$CONFIG/policy.yaml" <<-EOF
		  - path: $TREE/bin
		    exclude: true
		  - path: $T/other
		    profile: static
		    severity: low
	EOF
	echo 22 >"$TREE/bin/ls"
	must 0 tally accept --policy
	checked 0
	to_sign next
	expect removed bin && expect removed bin/ls
	expect added "$T/other" && expect added "$T/other/f"
	[ "$(json '[.[] | select(.path == "/etc/tallystick/policy.yaml") | .kind, .severity] | @csv')" = '"changed","critical"' ]
	[ "$(json '[.[] | select(.path == "/etc/tallystick/resolved") | .kind, .severity] | @csv')" = '"changed","critical"' ]
	[[ "$(json '.[-1].notes | join(" ")')" == *policy*generation\ 2* ]]
	[ "$(json '[.[] | select(.path | strings | endswith("/other/f")) | .severity] | @csv')" = '"low"' ]
	expect_count 6
	must 0 desk sign "$T/desk/next.db" --trust "$T/desk/host.pub" --key "$T/desk/ops.key" --output "$T/next.text"
	has policy.yaml && has "$TREE/bin/ls" && has critical && lacks 'NO DIFFERENCE'
	# with this generation vouched for, its policy is the one that judges the next
	must 0 tally sign --add "$T/next.sig"
	echo 3 >"$TREE/kept"
	must 0 tally accept --all
	to_sign third
	expect changed kept content && expect_count 1
}

@test "a policy that lets everything pass is named, too" {
	vouched
	sed -i 's/static/none/' "$CONFIG/policy.yaml"
	echo 22 >"$TREE/f"
	must 0 tally accept --policy
	must 0 tally accept --all
	to_sign next
	expect changed f size
	[ "$(json '[.[] | select(.path == "/etc/tallystick/policy.yaml") | .severity] | @csv')" = '"critical"' ]
}

@test "another mount table is named" {
	needs_root 'a mount namespace'
	mkdir "$TREE/m"
	must 0 tally accept --all
	cp "$STATE/baseline.db" "$T/desk/b.db"
	vouched
	# shellcheck disable=SC2016 # expanded in there
	own_mounts 'mount -t tmpfs none "$2/m"; "$1" accept --all' "$TALLY" "$TREE" >/dev/null
	to_sign next
	[ "$(json '[.[] | select(.attributes == ["mount"]) | .severity, .after.mount.type] | @csv')" = '"critical","tmpfs"' ]
	[ "$(json '.[-1].unexamined')" = 0 ]
}

@test "an odd name of the signature file is exact in JSON" {
	must 0 desk sign --json "$T/desk/b.db" --trust "$T/desk/host.pub" --key "$T/desk/ops.key" --output "$T/s"$'\xff\t'
	[ -s "$T/s"$'\xff\t' ]
	[ "$(json '.[0].output')" = "$T/s\\xff\\x09" ]
	[ "$(json '.[0].output_b64')" = "$(printf '%s/s\xff\t' "$T" | base64 -w 0)" ]
}

@test "a required key must have signed" {
	trust_ops
	echo ops.pub >"$CONFIG/trusted.d/require"
	must 16 tally check
	error_like ''
	must 0 desk sign "$T/desk/b.db" --trust "$T/desk/host.pub" --key "$T/desk/ops.key" --output "$T/s"
	must '0' tally sign --add "$T/s"
	checked 0
	echo absent.pub >>"$CONFIG/trusted.d/require"
	must 16 tally check
}

@test "off the host, what the host alone signed later is not what a check rests on" {
	must 0 desk sign "$T/desk/b.db" --trust "$T/desk/host.pub" --key "$T/desk/ops.key" --output "$T/s"
	trust_ops
	must 0 tally sign --add "$T/s"
	echo 22 >"$TREE/f"
	must 0 tally accept --all --reason 'on the host'
	checked 0
	# off the host the reference is the newest generation that the operator signed
	cp "$STATE/baseline.db" "$T/desk/b2.db"
	run --separate-stderr desk check --json --baseline "$T/desk/b2.db" --trust "$T/desk/ops.pub"
	[ "$status" -eq 4 ] || { echo "status $status $output $stderr"; false; }
	[ "$(json '.[-1].sequence')" = 1 ]
}

@test "a signature over something else is not attached" {
	trust_ops
	echo other >"$T/other"
	minisign -S -l -s "$T/desk/ops.key" -m "$T/other" -x "$T/s" >/dev/null
	before=$(sha256sum "$STATE/baseline.db")
	must 16 tally sign --add "$T/s"
	error_like ''
	echo nonsense >"$T/s"
	must 65 tally sign --add "$T/s"
	: >"$T/s"
	must 65 tally sign --add "$T/s"
	[ "$(sha256sum "$STATE/baseline.db")" = "$before" ]
}

@test "a baseline that does not verify is not signed" {
	sqlite3 "$T/desk/b.db" 'update entry set size=size+1 where size is not null'
	must 16 desk sign "$T/desk/b.db" --trust "$T/desk/host.pub" --key "$T/desk/ops.key" --output "$T/s"
	[ ! -e "$T/s" ]
}
