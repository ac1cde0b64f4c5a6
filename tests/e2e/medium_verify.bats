#!/usr/bin/env bats
# tally verify MEDIUM, and --baseline MEDIUM: a folder or an ISO file is proved, and whatever is wrong with it is named.

load lib
load medium

# One host, one operator, one medium signed by the operator, for all tests: $GOOD is the folder, $ISO the file.
setup_file() {
	BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR medium_area
	export HOME_T=$T TALLY HOST=$CONFIG/host.pub OPS=$PUB GOOD=$T/good ISO=$T/good.iso
	must 0 elsewhere key generate --no-passphrase "$T/stranger"
	EARLY=$T/early
	export EARLY
	must 0 elsewhere export "$EARLY" --baseline "$T/operator/copy.db" --trust "$HOST" --key "$CONFIG/host.key"
	cp "$STATE/baseline.db" "$T/signed.db"
	must 0 elsewhere export "$GOOD" --baseline "$T/signed.db" --trust "$HOST" --trust "$OPS" --key "$T/operator/op.key"
	must 0 elsewhere export "$ISO" --iso --baseline "$T/signed.db" --trust "$HOST" --trust "$OPS" --key "$T/operator/op.key"
}

setup() {
	T=$BATS_TEST_TMPDIR TREE=$HOME_T/tree CONFIG=$HOME_T/config STATE=$HOME_T/state
	M=$T/m KEY=$HOME_T/operator/op.key
	[ -d "$GOOD" ] && [ -s "$ISO" ]
	cp -a "$GOOD" "$M"
}

# The responder's machine: no configuration, no state.
desk() {
	TALLY_CONFIG=$HOME_T/none TALLY_STATE=$HOME_T/none "$TALLY" "$@"
}

# refused PATTERN [medium [key]]: exit status 16, nothing printed, one line that says which
refused() {
	must 16 desk verify "medium:${2-$M}" --trust "${3-$OPS}" || return 1
	[ -z "$output" ] || { echo "refused, but it says: $output"; return 1; }
	error_like "$1"
}

# flip FILE OFFSET: another byte there
flip() {
	local byte
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	# shellcheck disable=SC2059 # the format is the byte
	printf "\\x$(printf %02x $((byte ^ 1 << $2 % 8)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# list_again KEY...: makes the list anew as the files are, signed by KEY as SHA256SUMS.minisig and by the others beside it
list_again() {
	local head key id
	head=$(head -n 1 "$M/SHA256SUMS")
	rm -f "$M"/SHA256SUMS*
	(cd "$M" && LC_ALL=C && { echo "$head"; find . -type f ! -name 'SHA256SUMS*' -printf '%P\n' | sort | xargs -d '\n' sha256sum; } >"$T/list")
	mv "$T/list" "$M/SHA256SUMS"
	signed SHA256SUMS.minisig "$1"
	for key in "${@:2}"; do
		id=$(key_id "${key%.key}.pub")
		signed "SHA256SUMS.$id.minisig" "$key"
	done
}

# signed NAME KEY: minisign's signature over the list as it is; the keys here bear no passphrase
signed() {
	rm -f "$M/$1"
	minisign -S -l -s "$2" -m "$M/SHA256SUMS" -x "$M/$1" -t 'by hand' </dev/null >/dev/null
}

# iso_of FOLDER FILE [option...]: as tally export has it written, but for the options
iso_of() {
	local date
	date=$(sed -n 's/^created: //p' "$M/statement.txt" | tr -d 'TZ:-')00
	xorriso -no_rc -as mkisofs -quiet -r -iso-level 3 -V TALLYSTICK -sysid LINUX --set_all_file_dates "$date" \
		"--modification-date=$date" "${@:3}" -o "$2" "$1" 2>"$T/xorriso"
}

@test "a medium is proved as a folder and as an ISO file" {
	local what fingerprint
	fingerprint=$(desk key show "$OPS" | awk '/^fingerprint/ {print $2}')
	for what in "$GOOD" "medium:$GOOD" "$GOOD/" "$ISO" "medium:$ISO"; do
		must 0 desk verify "$what" --trust "$OPS"
		has 'AUTHENTIC  the medium is whole' && has "$fingerprint" && has "$OPS" && has 'generation 1 of'
		has "$(sed -n 's/^root: //p' "$GOOD/statement.txt")" && no_control
	done
	must 0 desk verify "$ISO" --trust "$OPS" --quiet
	[ "${#lines[@]}" = 1 ]
	for what in "$GOOD" "$ISO"; do
		must 0 desk verify "$what" --trust "$OPS" --json
		[ "$(json 'map([.record, .what, .format, .sequence, .files, .trusted] | map(tostring) | join(" "))[]')" = \
			"verify medium 1 1 $(find "$GOOD" -type f | wc -l) true" ]
		[ "$(json '.[0].bytes')" = "$(find "$GOOD" -type f -printf '%s\n' | awk '{n += $1} END {print n}')" ]
		[ "$(json '.[0].list_signers[0].fingerprint')" = "$fingerprint" ]
		[ "$(json '.[0].signers[0].name')" = "$OPS" ]
		[ "$(json '.[0].root')" = "$(sed -n 's/^root: //p' "$GOOD/statement.txt")" ]
	done
	must 0 desk verify "$GOOD" --trust "$OPS" --min-sequence 1 --generation 1
	must 16 desk verify "$GOOD" --trust "$OPS" --min-sequence 2
	error_like 'at least 2'
	must 66 desk verify "$GOOD" --trust "$OPS" --generation 2
}

@test "the keys to trust must be named, and a medium's own are no reason" {
	must 64 desk verify "$GOOD"
	must 64 desk verify "$ISO"
	must 64 desk check --baseline "$GOOD"
	must 16 desk verify "$GOOD" --trust "$HOME_T/stranger.pub"
	error_like 'no signature by a trusted key'
	cp "$HOME_T/stranger.pub" "$M/keys/$(key_id "$HOME_T/stranger.pub").pub"
	list_again "$HOME_T/stranger.key"
	refused 'SHA256SUMS.*no signature by a trusted key'
}

# own_key MEDIUM KEY: whichever verb stands on the medium, its own key is refused
own_key() {
	local verb
	for verb in "verify $1" "verify --baseline $1" "check --baseline $1" "show --baseline $1 $TREE/one" "history --baseline $1" \
		"explain --baseline $1 $TREE/one" "compare medium:$1 dir:$TREE" "compare dir:$TREE medium:$1" \
		"sign medium:$1 --key $KEY --output $T/own.sig" "export $T/own --baseline $1 --key $KEY"; do
		# shellcheck disable=SC2086 # words, and none of them has a space
		must 64 desk $verb --trust "$2" || return 1
		[ -z "$output" ] && error_like "the key '[^']*' lies on the medium itself.*name one brought from elsewhere" || return 1
	done
	[ ! -e "$T/own.sig" ] && [ ! -e "$T/own" ]
}

@test "a medium's own key is never a reason to trust it, by whichever way it is named" {
	local key
	key=keys/$(key_id "$OPS").pub
	own_key "$M" "$M/$key"
	ln -s "$M" "$T/cdrom"
	own_key "$M" "$T/cdrom/$key"
	own_key "$T/cdrom" "$M/$key"
	(cd "$M/keys" && own_key .. "${key#keys/}")
	must 64 desk verify "$M" --trust "$OPS" --trust "$M/$key"
	# its baseline named by itself, beside them
	local verb
	for verb in 'verify M' 'check --baseline M' 'show --baseline M' 'compare baseline:M dir:/' "sign M --key $KEY --output $T/own.sig"; do
		# shellcheck disable=SC2086 # words, and none of them has a space
		must 64 desk ${verb/M/"$M/baseline.db"} --trust "$T/cdrom/$key"
		error_like "lies on the medium itself"
	done
	[ ! -e "$T/own.sig" ]
	cd "$M"
	must 64 desk verify baseline.db --trust "$key"
	must 0 desk verify baseline.db --trust "$OPS"
	# the same bytes from elsewhere are another file
	cp "$M/$key" "$T/brought.pub"
	must 0 desk verify "$M" --trust "$T/brought.pub"
	# nor is another medium of this operator what is judged
	must 0 desk verify "$M" --trust "$GOOD/$key"
}

@test "nor is one on a mount of it" {
	local key
	needs_root 'mounts an ISO file'
	key=keys/$(key_id "$OPS").pub
	mkdir "$T/cdrom"
	LOOP=$(losetup --find --show --read-only "$ISO") || skip "no loop device here"
	if ! mount -t iso9660 -o ro "$LOOP" "$T/cdrom"; then
		losetup -d "$LOOP"
		skip "the kernel mounts no ISO file here"
	fi
	own_key "$T/cdrom" "$T/cdrom/$key" && own_key "$ISO" "$T/cdrom/$key" && own_key "$LOOP" "$T/cdrom/$key" &&
		must 0 desk verify "$ISO" --trust "$OPS" && must 0 desk verify "$T/cdrom" --trust "$OPS"
	status=$?
	umount "$T/cdrom"
	losetup -d "$LOOP"
	[ "$status" -eq 0 ]
}

@test "any byte of any file changed is told, with the name of the file" {
	local file size offset count=0
	for file in $(cd "$GOOD" && find . -type f -printf '%P\n'); do
		size=$(stat -c %s "$GOOD/$file")
		for offset in 0 $((size / 2)) $((size - 1)) $((RANDOM * 32768 % (size + 1))) $((RANDOM % (size + 1))); do
			[ "$offset" -ge 0 ] && [ "$offset" -lt "$size" ] || continue
			flip "$M/$file" "$offset"
			refused "'(${file//./\\.}|SHA256SUMS)'" || { echo "byte $offset of $file"; return 1; }
			cp -p "$GOOD/$file" "$M/$file"
			count=$((count + 1))
		done
		printf x >>"$M/$file"
		refused "'(${file//./\\.}|SHA256SUMS)'"
		cp -p "$GOOD/$file" "$M/$file"
	done
	[ "$count" -ge 40 ]
	must 0 desk verify "$M" --trust "$OPS"
}

@test "a file added or removed is told" {
	local file
	for file in $(cd "$GOOD" && find . -type f -printf '%P\n'); do
		mv "$M/$file" "$T/away"
		case $file in SHA256SUMS*) refused 'SHA256SUMS' ;; *) refused "'${file//./\\.}' is missing|'bin' is one too many" ;; esac
		mv "$T/away" "$M/$file"
	done
	for file in baseline.db-wal baseline.db-journal .hidden bin/x keys/x.pub new 'a b' SHA256SUMS~ SHA256SUMS.old.minisig \
		bin/SHA256SUMS.sh keys/SHA256SUMS.minisig SHA256SUMS.txt; do
		: >"$M/$file"
		refused "'$file' is one file too many"
		rm "$M/$file"
	done
	for file in lost+found empty; do
		mkdir "$M/$file"
		refused "folder '${file//+/\\+}' is one too many"
		rmdir "$M/$file"
	done
	must 0 desk verify "$M" --trust "$OPS"
}

@test "a signature that nobody asked for is a file added, whoever made it and whatever it says" {
	local name
	name=SHA256SUMS.$(key_id "$HOME_T/stranger.pub").minisig
	signed "$name" "$HOME_T/stranger.key"
	refused "'$name' is signed by key .* not trusted here"
	sed -i 's/by hand/whatever somebody likes to have printed/' "$M/$name" # now the signature over it is not valid either
	refused "'$name' is signed by key .* not trusted here"
	signed "$name" "$HOME_T/stranger.key"
	must 0 desk verify "$M" --trust "$OPS" --trust "$HOME_T/stranger.pub"
	rm "$M/$name"
	must 0 desk verify "$M" --trust "$OPS"
}

@test "a file is a file: no link to a good copy, no FIFO, no folder" {
	mv "$M/README.txt" "$T/copy"
	ln -s "$T/copy" "$M/README.txt"
	refused "'README.txt' is a symbolic link"
	rm "$M/README.txt"
	mkfifo "$M/README.txt"
	refused "'README.txt' is a FIFO"
	rm "$M/README.txt"
	mkdir "$M/README.txt"
	refused "'README.txt' is one too many"
	rmdir "$M/README.txt"
	mv "$T/copy" "$M/README.txt"
	mv "$M/keys" "$T/keys"
	ln -s "$T/keys" "$M/keys"
	refused "'keys' is a symbolic link"
	rm "$M/keys"
	mv "$T/keys" "$M/keys"
	# the medium itself may be named through one
	ln -s "$M" "$T/cdrom"
	must 0 desk verify "$T/cdrom" --trust "$OPS"
}

@test "the operator's signature stripped, the list signed again by another key" {
	list_again "$CONFIG/host.key"
	refused 'SHA256SUMS.*no signature by a trusted key'
	must 0 desk verify "$M" --trust "$HOST"
	list_again "$HOME_T/stranger.key"
	refused 'SHA256SUMS.*no signature by a trusted key' "$M" "$HOST"
	# both have signed: each alone will do, and the other is named
	list_again "$CONFIG/host.key" "$KEY"
	must 0 desk verify "$M" --trust "$OPS"
	has 'unknown key'
	must 0 desk verify "$M" --trust "$OPS" --trust "$HOST"
	lacks 'unknown key'
	rm "$M"/SHA256SUMS*.minisig
	refused 'SHA256SUMS.minisig. is missing'
}

@test "what lies beside baseline.db is what it holds, whoever signed the list" {
	local file
	for file in policy.yaml files.sha256 files.mtree files.bodyfile; do
		echo '# more' >>"$M/$file"
		list_again "$KEY"
		refused "'$file' is not what baseline.db (holds|gives)"
		cp -p "$GOOD/$file" "$M/$file"
	done
	file=$(cd "$M" && find . -name 'statement.txt.*.minisig' -printf '%P\n' | head -n 1)
	mv "$M/$file" "$T/away"
	list_again "$KEY"
	refused "it has no '$file'"
	mv "$T/away" "$M/$file"
	cp "$M/$file" "$M/statement.txt.0011223344556677.minisig"
	list_again "$KEY"
	refused "'statement.txt.0011223344556677.minisig' is no signature that baseline.db holds"
	rm "$M/statement.txt.0011223344556677.minisig"
	sed -i 's/^tool: .*/tool: another/' "$M/statement.txt"
	list_again "$KEY"
	refused "'statement.txt' is not what baseline.db holds"
	cp -p "$GOOD/statement.txt" "$M/statement.txt"
	cp "$HOME_T/stranger.pub" "$M/keys/0011223344556677.pub"
	list_again "$KEY"
	refused "'keys/0011223344556677.pub' holds key"
	rm "$M/keys/0011223344556677.pub"
	rm "$M/README.txt"
	list_again "$KEY"
	refused "it has no 'README.txt'"
	cp -p "$GOOD/README.txt" "$M/README.txt"
	list_again "$KEY"
	must 0 desk verify "$M" --trust "$OPS"
	sed -i '1s/ 1 blake/ 2 blake/' "$M/SHA256SUMS"
	list_again "$KEY"
	refused "the sequence in 'SHA256SUMS' is not that of baseline.db"
	sed -i '1s/1 [0-9a-f]\{32\} 2 /1 00112233445566778899aabbccddeeff 1 /' "$M/SHA256SUMS"
	list_again "$KEY"
	refused "the host-id in 'SHA256SUMS' is not that of baseline.db"
}

@test "the baseline of another host, or an older one, under a list that says otherwise" {
	mkdir "$T/c" "$T/s"
	cp "$CONFIG/policy.yaml" "$T/c"
	must 0 env TALLY_CONFIG="$T/c" TALLY_STATE="$T/s" "$TALLY" init
	cp "$T/s/baseline.db" "$M/baseline.db"
	list_again "$KEY"
	refused "host-id in 'SHA256SUMS'"
}

@test "a statement that only the host signed is not the operator's, though he signed the list" {
	must 0 desk verify "$EARLY" --trust "$HOST"
	rm -r "$M"
	cp -a "$EARLY" "$M"
	refused "'SHA256SUMS': no signature by a trusted key"
	list_again "$KEY"
	refused "'baseline.db'.*no signature by a trusted key"
	must 0 desk verify "$M" --trust "$HOST" --trust "$OPS"
	# nor does a signature stripped from the database agree with itself
	cp "$GOOD/baseline.db" "$M/baseline.db"
	sqlite3 "$M/baseline.db" "delete from signature where key_id != '$(key_id "$HOST")'"
	list_again "$KEY"
	refused 'its signatures are not those that were stored'
}

@test "an ISO file with a second name tree, a boot catalogue or another session" {
	iso_of "$GOOD" "$T/i.iso"
	must 0 desk verify "$T/i.iso" --trust "$OPS"
	iso_of "$GOOD" "$T/j.iso" -J
	refused 'Joliet' "$T/j.iso"
	iso_of "$GOOD" "$T/b.iso" -b README.txt -no-emul-boot
	refused 'El Torito' "$T/b.iso"
	iso_of "$GOOD" "$T/p.iso" -partition_offset 16
	refused 'sector 0 belongs to no file' "$T/p.iso"
	cp "$ISO" "$T/s.iso"
	chmod u+w "$T/s.iso"
	xorriso -no_rc -dev "$T/s.iso" -map "$CONFIG/policy.yaml" /new -commit 2>"$T/xorriso"
	refused '' "$T/s.iso"
	ln -s README.txt "$M/link"
	iso_of "$M" "$T/l.iso"
	refused "'link' is a symbolic link" "$T/l.iso"
	rm "$M/link"
	touch "$M/new"
	iso_of "$M" "$T/n.iso"
	refused "'new' is one file too many" "$T/n.iso"
	rm "$M/new" "$M/README.txt"
	iso_of "$M" "$T/n.iso"
	refused "'README.txt' is missing" "$T/n.iso"
}

@test "an ISO file with a byte changed in each file and each directory record, cut off, or longer" {
	local iso=$T/i.iso at name
	cp "$ISO" "$iso"
	chmod u+w "$iso"
	# PATH OFFSET: somewhere in each file; in each of its directory records
	python3 - "$ISO" >"$T/places" <<-'EOF'
		import random, struct, sys
		data = open(sys.argv[1], 'rb').read()
		def walk(sector, size, above):
		    at = 0
		    while at < size:
		        where = sector * 2048 + at
		        length = data[where]
		        if length == 0:
		            at = (at // 2048 + 1) * 2048
		            continue
		        record = data[where:where + length]
		        first, = struct.unpack('<I', record[2:6])
		        bytes_, = struct.unpack('<I', record[10:14])
		        mark = record.find(b'NM', 33 + record[32])
		        name = record[mark + 5:mark + record[mark + 2]].decode() if mark > 0 else '.'
		        for _ in range(4):
		            print('record', above + name, where + random.randrange(length))
		        if mark > 0 and record[25] & 2:
		            walk(first, bytes_, above + name + '/')
		        elif mark > 0 and bytes_:
		            print('file', above + name, first * 2048 + random.randrange(bytes_))
		            print('file', above + name, first * 2048 + bytes_ - 1)
		        at += length
		root = 16 * 2048 + 156
		walk(*struct.unpack('<I', data[root + 2:root + 6]), *struct.unpack('<I', data[root + 10:root + 14]), '')
		for at in (0, 20000, 16 * 2048, 16 * 2048 + 40, 16 * 2048 + 820, 17 * 2048 + 6, 17 * 2048 + 2000):
		    print('image', '-', at)
	EOF
	[ "$(grep -c '^file' "$T/places")" -ge 24 ]
	[ "$(grep -c '^record' "$T/places")" -ge 48 ]
	while read -r kind name at; do
		flip "$iso" "$at"
		case $kind in
		file) refused "'(${name//./\\.}|SHA256SUMS)'" "$iso" ;;
		*) refused '' "$iso" ;;
		esac || { echo "$kind $name, byte $at"; return 1; }
		flip "$iso" "$at"
	done <"$T/places"
	must 0 desk verify "$iso" --trust "$OPS"
	for at in 40000 100000 $(($(stat -c %s "$ISO") - 1)); do
		truncate -s "$at" "$iso"
		refused 'cut off' "$iso"
	done
	truncate -s 0 "$iso"
	refused 'cut off' "$iso"
	cp "$ISO" "$iso"
	truncate -s +2048 "$iso"
	must 0 desk verify "$iso" --trust "$OPS"
	printf x >>"$iso"
	refused 'behind the end' "$iso"
	: >"$T/e"
	must '65' desk verify "$T/e" --trust "$OPS"
}

@test "an ISO file takes no memory for a baseline before that is proved" {
	truncate -s 64M "$M/baseline.db"
	iso_of "$M" "$T/large.iso"
	# what is held in memory counts as a file here: the good one has room
	limited() { TALLY_CONFIG=$T/none TALLY_STATE=$T/none bash -c 'ulimit -f 8192; exec "$@"' - "$TALLY" verify "$1" --trust "$OPS"; }
	must 16 limited "$T/large.iso"
	error_like "'baseline.db' is not as SHA256SUMS says"
	must 0 limited "$ISO"
	has AUTHENTIC
}

# interrupted SIGNAL VERB...: status 130 and nothing printed, while a file is read that has no end to speak of
interrupted() {
	local pid status=0
	TALLY_CONFIG=$T/none TALLY_STATE=$T/none "$TALLY" "${@:2}" --trust "$OPS" >"$T/out" 2>"$T/err" 3>&- &
	pid=$!
	reading "$pid" files.mtree
	kill "-$1" "$pid"
	wait "$pid" || status=$?
	[ "$status" -eq 130 ] || { cat "$T/err"; echo "status $status: $*"; return 1; }
	[ ! -s "$T/out" ]
	grep -q interrupted "$T/err" || { cat "$T/err"; return 1; }
}

@test "a medium with a file of any size can be interrupted" {
	truncate -s 200G "$M/files.mtree" || skip "no sparse file of that size here"
	interrupted TERM verify "$M"
	interrupted INT verify "$M"
	interrupted TERM check --baseline "$M"
	interrupted INT check --baseline "$M"
	interrupted TERM explain --baseline "$M" "$TREE/one"
	interrupted INT show --baseline "$M"
	interrupted TERM history --baseline "$M"
	interrupted INT history --baseline "$M" "$TREE/one"
	interrupted TERM export --baseline "$M" --key "$KEY" "$T/exported"
	[ ! -e "$T/exported" ]
}

@test "check, show, explain and history stand on a medium" {
	local what
	for what in "$GOOD" "$ISO" "medium:$ISO"; do
		must 0 desk check --baseline "$what" --trust "$OPS" --json
		[ "$(json '.[-1].a.kind')" = medium ]
		must 0 desk show --baseline "$what" --trust "$OPS" "$TREE/one"
		must 0 desk explain --baseline "$what" --trust "$OPS" "$TREE/one"
		must 0 desk history --baseline "$what" --trust "$OPS"
		must 0 desk verify --baseline "$what" --trust "$OPS"
		has 'the medium is whole'
	done
	printf 'ONE\n' >"$TREE/one"
	must 4 desk check --baseline "$ISO" --trust "$OPS"
	has "$TREE/one"
	# it is proved whole first
	touch "$M/baseline.db-wal"
	must 16 desk check --baseline "$M" --trust "$OPS"
	error_like 'baseline.db-wal'
	rm "$M/baseline.db-wal"
	flip "$(find "$M/bin" -type f | head -n 1)" 0
	must 16 desk show --baseline "$M" --trust "$OPS"
	error_like 'bin/'
	# but its baseline alone is a file like any other
	must '0|4' desk check --baseline "baseline:$M/baseline.db" --trust "$OPS" --json
	[ "$(json '.[-1].a.kind')" = baseline ]
}

@test "what is no medium" {
	mkdir "$T/d"
	must 16 desk verify "$T/d" --trust "$OPS"
	error_like "'SHA256SUMS' is missing"
	must 66 desk verify "$T/d"
	must 66 desk verify "medium:$T/none" --trust "$OPS"
	must 65 desk verify medium:/dev/null --trust "$OPS"
	must 16 desk verify "medium:$STATE/baseline.db" --trust "$OPS"
	error_like 'no ISO 9660 image|cut off'
	must 64 desk verify "$GOOD" --baseline "$ISO" --trust "$OPS"
}
