#!/usr/bin/env bats
# Keys and signatures are minisign's: made by either, used by both, encrypted or not.

load lib
load medium # for key_id

setup() {
	area
	touch "$TREE/f"
	must 0 tally init
	cp "$STATE/baseline.db" "$T/b.db"
	statement 1 "$T/statement"
	# where keys are used no host key lies
	mkdir "$T/desk"
	export TALLY_CONFIG=$T/desk TALLY_STATE=$T/desk
}

@test "a key of ours signs with minisign, and minisign, signify and openssl verify" {
	must 0 tally key generate --no-passphrase "$T/k"
	[ "$(stat -c %a "$T/k.key")" = 600 ]
	minisign -S -l -s "$T/k.key" -m "$T/statement" -x "$T/by-minisign" >/dev/null
	minisign -V -p "$T/k.pub" -m "$T/statement" -x "$T/by-minisign"
	must 0 tally sign "$T/b.db" --trust "$CONFIG/host.pub" --key "$T/k.key" --output "$T/by-us"
	minisign -V -p "$T/k.pub" -m "$T/statement" -x "$T/by-us"
	signify-openbsd -V -p "$T/k.pub" -m "$T/statement" -x "$T/by-us"
	{
		printf '\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00'
		sed -n 2p "$T/k.pub" | base64 -d | tail -c 32
	} >"$T/k.der"
	sed -n 2p "$T/by-us" | base64 -d | tail -c 64 >"$T/raw"
	openssl pkeyutl -verify -rawin -pubin -keyform DER -inkey "$T/k.der" -in "$T/statement" -sigfile "$T/raw"
}

@test "the host's signature is minisign's too" {
	sqlite3 -readonly "$STATE/baseline.db" "select writefile('$T/host.sig', minisig) from signature" >/dev/null
	minisign -V -p "$CONFIG/host.pub" -m "$T/statement" -x "$T/host.sig"
	signify-openbsd -V -p "$CONFIG/host.pub" -m "$T/statement" -x "$T/host.sig"
	echo >>"$T/statement"
	run ! minisign -V -p "$CONFIG/host.pub" -m "$T/statement" -x "$T/host.sig"
}

@test "a key of minisign's, not encrypted" {
	minisign -G -W -p "$T/m.pub" -s "$T/m.key" >/dev/null
	must 0 tally sign "$T/b.db" --trust "$CONFIG/host.pub" --key "$T/m.key" --output "$T/s"
	minisign -V -p "$T/m.pub" -m "$T/statement" -x "$T/s"
}

# slow: scrypt as minisign sets it takes seconds and a gibibyte
slow() {
	[[ ${TALLY_PRESET-dev} == dev || $TALLY_PRESET == asan ]] || skip "seconds of scrypt each time: the dev and asan builds run it"
}

@test "a key of minisign's, encrypted" {
	slow
	printf 'secret words\nsecret words\n' | minisign -G -p "$T/m.pub" -s "$T/m.key" >/dev/null
	must 0 tally sign "$T/b.db" --trust "$CONFIG/host.pub" --key "$T/m.key" --output "$T/s" --passphrase-fd 4 4<<<'secret words'
	minisign -V -p "$T/m.pub" -m "$T/statement" -x "$T/s"
	must 77 tally sign "$T/b.db" --trust "$CONFIG/host.pub" --key "$T/m.key" --output "$T/s2" --passphrase-fd 4 4<<<'other words'
	error_like ''
	[ ! -e "$T/s2" ]
	must '77|64' tally sign "$T/b.db" --trust "$CONFIG/host.pub" --key "$T/m.key" --output "$T/s2" </dev/null
	error_like passphrase
}

@test "an encrypted key of ours opens with minisign" {
	slow
	must 0 tally key generate --passphrase-fd 4 "$T/k" 4<<<'secret words'
	head -n 1 "$T/k.key" | grep -q '^untrusted comment: '
	echo 'secret words' | minisign -S -l -s "$T/k.key" -m "$T/statement" -x "$T/s" >/dev/null
	minisign -V -p "$T/k.pub" -m "$T/statement" -x "$T/s"
	run ! minisign -S -l -s "$T/k.key" -m "$T/statement" -x "$T/s" <<<'other words'
}

@test "key show tells id and fingerprint, as minisign does" {
	minisign -G -W -p "$T/m.pub" -s "$T/m.key" >/dev/null
	must 0 tally key show "$T/m.pub"
	id=$(key_id "$T/m.pub")
	[ "${#id}" -eq 16 ]
	has "$id"
	has blake2b256:
	must 65 tally key show "$TREE/f"
	error_like ''
	must 66 tally key show "$T/none"
}

@test "a key file is never overwritten" {
	must 0 tally key generate --no-passphrase "$T/k"
	before=$(sha256sum "$T/k.key" "$T/k.pub")
	must 73 tally key generate --no-passphrase "$T/k"
	error_like ''
	[ "$(sha256sum "$T/k.key" "$T/k.pub")" = "$before" ]
	must '73|66' tally key generate --no-passphrase "$T/no/such/folder/k"
}

@test "a minisign signature over the prehashed text is refused clearly" {
	must 0 tally key generate --no-passphrase "$CONFIG/ops"
	mkdir "$CONFIG/trusted.d" && mv "$CONFIG/ops.pub" "$CONFIG/trusted.d"
	minisign -S -H -s "$CONFIG/ops.key" -m "$T/statement" -x "$T/s" >/dev/null 2>&1 || minisign -S -s "$CONFIG/ops.key" -m "$T/statement" -x "$T/s" >/dev/null
	rm "$CONFIG/ops.key"
	must '16|65' tally sign --add "$T/s" --config "$CONFIG" --state "$STATE"
	error_like ''
}
