#!/usr/bin/env bats
# The operator's round trip, as README.md tells it: init on the host, copy out, sign elsewhere, attach, export elsewhere, check with
# the operator's key alone.
load lib
load medium
TOOL=tally-$(uname -m)

@test "host, operator, host, medium, host: checked with the operator's key only" {
	area
	mkdir "$T/operator"
	echo content >"$TREE/file"
	# on the host
	must 0 "$TALLY" init
	cp "$STATE/baseline.db" "$T/operator/baseline.db"
	cp "$CONFIG/host.pub" "$T/operator/host.pub"
	# on the operator's machine; the key has a passphrase
	cd "$T/operator"
	must 0 elsewhere key generate operator --passphrase-fd 9 9<<<'correct horse'
	must 0 elsewhere sign baseline.db --key operator.key --output signature --trust host.pub --passphrase-fd 9 9<<<'correct horse'
	# on the host: the operator's key is trusted from now on, and required
	mkdir "$CONFIG/trusted.d"
	cp operator.pub "$CONFIG/trusted.d/"
	must 0 "$TALLY" sign --add signature
	echo operator.pub >"$CONFIG/trusted.d/require"
	must 0 "$TALLY" check
	has 'operator.pub'
	# on the operator's machine
	cp "$STATE/baseline.db" signed.db
	must 0 elsewhere export medium --baseline signed.db --trust operator.pub --key operator.key --passphrase-fd 9 9<<<'correct horse'
	must 0 elsewhere export medium.iso --iso --baseline signed.db --trust operator.pub --key operator.key --passphrase-fd 9 9<<<'correct horse'
	must 0 elsewhere verify medium --trust operator.pub
	must 0 elsewhere verify medium.iso --trust operator.pub
	# back on the host, by what is on the medium alone
	tool=medium/bin/tally-$(uname -m)
	for medium in medium medium.iso; do
		must 0 "$tool" check --baseline "$medium" --trust operator.pub
		has 'NO DIFFERENCE FOUND'
		has 'signed by operator.pub'
	done
	# the host goes on by itself: that explains, and silences nothing
	echo more >>"$TREE/file"
	rm "$CONFIG/trusted.d/require"
	must 0 "$TALLY" accept --all --reason 'more of it'
	must 4 "$tool" check --baseline medium --trust operator.pub
	lacks 'accepted by the host'
	must 4 "$tool" check --baseline medium --trust operator.pub --state "$STATE"
	has 'accepted by the host, generation 2'
	has 'more of it'
	must 16 "$tool" check --baseline medium --trust operator.pub --min-sequence 2
	# a key that nobody gave us
	must 0 elsewhere key generate stranger --no-passphrase
	must 16 "$tool" check --baseline medium --trust stranger.pub
	must 16 elsewhere verify medium --trust host.pub
}

@test "a second signature on a finished medium" {
	medium_area
	must 0 "$TALLY" export "$T/medium"
	must 0 elsewhere key generate "$T/operator/second" --no-passphrase
	must 64 elsewhere sign "$T/medium" --key "$T/operator/second.key" --output "$T/sig2"
	must 16 elsewhere sign "$T/medium" --key "$T/operator/second.key" --output "$T/sig2" --trust "$T/operator/second.pub"
	must 77 "$TALLY" sign "$T/medium" --key "$T/operator/second.key" --output "$T/sig2" --trust "$CONFIG/host.pub"
	[ ! -e "$T/sig2" ]
	must 0 elsewhere sign "$T/medium" --key "$T/operator/second.key" --output "$T/sig2" --trust "$CONFIG/host.pub"
	has 'SIGNED  the medium with generation 1'
	must 0 minisign -V -p "$T/operator/second.pub" -x "$T/sig2" -m "$T/medium/SHA256SUMS"
	cp "$T/sig2" "$T/medium/SHA256SUMS.$(key_id "$T/operator/second.pub").minisig"
	must 0 elsewhere verify "$T/medium" --trust "$CONFIG/host.pub" --trust "$T/operator/second.pub"
	must 16 elsewhere verify "$T/medium" --trust "$CONFIG/host.pub"
	error_like "'SHA256SUMS.$(key_id "$T/operator/second.pub").minisig' is signed by key .*, which is not trusted here.*name it with --trust, or take"
	# another's medium is not signed
	printf X | dd of="$T/medium/policy.yaml" bs=1 seek=9 conv=notrunc 2>/dev/null
	must 16 elsewhere sign "$T/medium" --key "$T/operator/second.key" --output "$T/sig3" --trust "$CONFIG/host.pub" --trust "$T/operator/second.pub"
	error_like policy.yaml
	[ ! -e "$T/sig3" ]
}

@test "a host's program does not become the operator's, nor a list that lies" {
	medium_area
	must 0 "$TALLY" export "$T/medium"
	local sums=$T/medium/SHA256SUMS
	resigned() { # FILE: it is as the list says again, which the host's key signs
		sed -i "s|^[0-9a-f]*  $1\$|$(sha256sum "$T/medium/$1" | cut -d' ' -f1)  $1|" "$sums"
		minisign -S -l -W -s "$CONFIG/host.key" -m "$sums" -x "$sums.minisig" </dev/null
	}
	cp -a "$T/medium" "$T/keep"
	echo >>"$T/medium/bin/$TOOL"
	resigned "bin/$TOOL"
	must 0 elsewhere verify "$T/medium" --trust "$CONFIG/host.pub"
	must 16 elsewhere sign "$T/medium" --key "$T/operator/op.key" --output "$T/sig" --trust "$CONFIG/host.pub"
	error_like "'bin/$TOOL' is not the program that this tally would put there"
	[ ! -e "$T/sig" ]
	must 0 elsewhere sign "$T/medium" --key "$T/operator/op.key" --output "$T/sig" --trust "$CONFIG/host.pub" --force
	rm -r "$T/medium" "$T/sig"
	cp -a "$T/keep" "$T/medium"
	sed -i 's/mode=0640/mode=0777/' "$T/medium/files.mtree"
	resigned files.mtree
	must 16 elsewhere sign "$T/medium" --key "$T/operator/op.key" --output "$T/sig" --trust "$CONFIG/host.pub"
	error_like 'files.mtree'
	[ ! -e "$T/sig" ]
}

@test "the program of a medium believes nothing that the host says of itself" {
	medium_area
	must 0 "$TALLY" export "$T/medium" --key "$T/operator/op.key"
	local tool=$T/medium/bin/$TOOL verb
	for verb in check drift status log show history 'explain /' init 'accept --all' 'policy show' verify 'export x'; do
		# shellcheck disable=SC2086 # two words
		must 64 "$tool" $verb
		error_like 'program of a medium.*--baseline and --trust'
	done
	must 64 "$tool" verify "$STATE/baseline.db"
	must 0 "$tool" verify "$T/medium" --trust "$PUB"
	must 0 "$tool" check --baseline "$T/medium" --trust "$PUB"
	must 0 "$tool" --version
	must 0 "$tool" check --help
	must 0 "$tool" key show "$PUB"
}

@test "export says when the signing key alone will not do" {
	medium_area
	must 0 "$TALLY" key generate "$T/third" --no-passphrase
	must 0 "$TALLY" export "$T/medium" --key "$T/third.key"
	has 'who trusts that key alone'
	must 16 elsewhere verify "$T/medium" --trust "$T/third.pub"
	must 0 elsewhere verify "$T/medium" --trust "$T/third.pub" --trust "$PUB"
	must 0 "$TALLY" export "$T/other" --key "$T/operator/op.key"
	lacks 'who trusts that key alone'
}
