#!/usr/bin/env bats
# `tally compare` of the static tally: its parsers, and the process that they are confined in, are those of the other, and take
# nothing from the host but what it was told to compare.
load lib
load static

setup() {
	static_area
	RULES=$T/rules.yaml DISK=$T/disk.img ARCHIVE=$T/archive.tar
	printf 'version: 1\nrules:\n  - path: /\n    profile: static\n' >"$RULES"
	mkdir "$TREE/sub"
	seq 100 >"$TREE/file"
	seq 2000 >"$TREE/sub/other"
	ln -s file "$TREE/link"
	printf 'odd\n' >"$TREE/$(printf 'odd\nname \xff')"
	truncate -s 16M "$DISK"
	mkfs.ext4 -q -F -d "$TREE" "$DISK"
	tar -C "$TREE" -cf "$ARCHIVE" .
	debugfs -w -R 'set_inode_field /file mode 0104755' "$DISK" >/dev/null 2>&1
	chmod 600 "$TREE/sub/other"
	: >"$TREE/new"
}

# recorded: a baseline of $TREE, seen from its own root, as BASELINE and PUB
recorded() {
	policy <"$RULES"
	must 0 tally init --from "$TREE"
	BASELINE=$STATE/baseline.db PUB=$CONFIG/host.pub
}

# partitioned: $T/disk, the image as its second partition
partitioned() {
	truncate -s 32M "$T/disk"
	printf 'label: gpt\nstart=2048, size=2048\nstart=4096, size=32768\n' | sfdisk -q "$T/disk"
	dd if="$DISK" of="$T/disk" bs=1M seek=2 conv=notrunc,sparse status=none
}

@test "of trees, images and archives it says what the other says, byte for byte" {
	local packed
	same 7 compare --policy "$RULES" "$TREE" "$DISK"
	same 7 compare --policy "$RULES" "$DISK" "$TREE"
	same 7 compare --policy "$RULES" --json "$DISK" "$TREE"
	same 5 compare --policy "$RULES" "$ARCHIVE" "$TREE"
	same 5 compare --policy "$RULES" --json "$ARCHIVE" "$TREE"
	same 0 compare --policy "$RULES" "$DISK" "$DISK" --hash-image
	same 0 compare --policy "$RULES" --json "$DISK" "$DISK" --hash-image
	for packed in gzip bzip2 xz zstd; do
		"$packed" -q -k -c "$ARCHIVE" >"$ARCHIVE.$packed"
		same 0 compare --policy "$RULES" --json "$ARCHIVE" "$ARCHIVE.$packed"
	done
	(cd "$TREE" && find . -mindepth 1 -name '*.*' -prune -o -print0 | cpio -0 -o -H newc --quiet >"$T/archive.cpio" && zip -q -r -y "$T/archive.zip" file sub link)
	same '[0-7]' compare --policy "$RULES" --json "$ARCHIVE" "$T/archive.cpio"
	same '[0-7]' compare --policy "$RULES" --json "$ARCHIVE" "$T/archive.zip"
	partitioned
	same 0 compare --policy "$RULES" --json "$DISK" "$T/disk@2"
	same 0 compare --policy "$RULES" --json "$T/disk" "$T/disk" --offset $((2 << 20))
	recorded
	same 7 compare --json --trust "$PUB" "$BASELINE" "$DISK"
	same 7 compare --trust "$PUB" "$DISK" "$BASELINE"
	same 0 compare --trust "$PUB" "$BASELINE" "$TREE"
}

@test "what it refuses, it refuses with the words of the other" {
	local file
	head -c 70000 /dev/urandom >"$T/noise"
	head -c 5000 "$ARCHIVE" >"$T/cut.tar"
	gzip -c "$ARCHIVE" | head -c 300 >"$T/cut.tar.gz"
	head -c 4000000 "$DISK" >"$T/cut.img"
	printf 'LUKS\272\276\000\001' >"$T/luks"
	truncate -s 20M "$T/luks"
	for file in noise cut.tar cut.tar.gz cut.img luks missing disk.img@9; do
		run --separate-stderr tally compare --json --policy "$RULES" "$TREE" "$T/$file"
		one=$(said)$stderr code=$status
		static "$code" compare --json --policy "$RULES" "$TREE" "$T/$file"
		[ "$one" = "$(said)$stderr" ] || { diff <(echo "$one") <(said; echo "$stderr"); return 1; }
	done
}

@test "an E01 is named and refused: it brings no libewf" {
	ewfacquire -u -t "$T/evidence" -f encase6 -c none "$DISK" >/dev/null 2>&1
	must 0 tally compare --policy "$RULES" "$DISK" "$T/evidence.E01"
	static 65 compare --policy "$RULES" "$DISK" "$T/evidence.E01"
	error_like "is an E01 image and this program was built without libewf: use the installed tally, or make it raw with 'ewfexport"
}

@test "no socket is made, by it or by the confined process: it runs where socket(2) kills" {
	local side
	recorded
	partitioned
	for side in "$DISK" "$ARCHIVE" "$T/disk@2"; do
		must '5|7' "$BATS_TEST_DIRNAME/no_socket.py" "$TALLY_STATIC" compare --policy "$RULES" "$side" "$TREE"
		must '[0-7]' "$BATS_TEST_DIRNAME/no_socket.py" "$TALLY_STATIC" compare --trust "$PUB" "$BASELINE" "$side"
	done
}

@test "nothing in a hostile environment changes a word of it" {
	local before side one
	partitioned
	hostile
	environment+=(LIBBLKID_DEBUG=all BLKID_FILE="$T/evil/blkid" BLKID_CONF="$T/evil/blkid" COMERR_DEBUG=3 COMERR_DEBUG_FILE="$T/evil/comerr"
		EXT2FS_NO_MTAB_OK=1 BLKID_SKIP_CHECK_MDRAID=1 MKE2FS_CONFIG="$T/evil/blkid")
	before=$(find "$T/evil" -type f -printf '%p %s %T@ %A@\n' -o -printf '%p %T@\n' | sort)
	for side in "$DISK" "$ARCHIVE" "$T/disk@2"; do
		must '5|7' tally compare --policy "$RULES" "$side" "$TREE"
		one=$(said)
		must "$status" env "${environment[@]}" "$TALLY_STATIC" compare --policy "$RULES" "$side" "$TREE"
		[ "$one" = "$(said)" ] || { diff <(echo "$one") <(said); return 1; }
		[ -z "$stderr" ]
	done
	[ "$before" = "$(find "$T/evil" -type f -printf '%p %s %T@ %A@\n' -o -printf '%p %T@\n' | sort)" ]
}

# touches ALLOWED...: what the run in $T/trace named is one of these (extended regular expressions), or what every run names
touches() {
	local allowed
	allowed=$(printf '|%s' /proc/self/exe /proc/self/ns/user '/proc/self/fd/[0-9]+' /proc/self/mountinfo '/proc/(self|[0-9]+)/status' /dev/disk/by-uuid \
		/dev/null '\./(pipe:\[[0-9]+\]|tally-scratch)' "$@")
	must 1 grep -E 'socket|connect|O_WRONLY|O_RDWR|O_CREAT' "$T/trace"
	[ "$(grep -c execve "$T/trace")" -eq 1 ]
	must 0 "$BATS_TEST_DIRNAME/touched.py" "$T/trace"
	! grep -vE "^(opened|named) (${allowed:1})$" <<<"$output"
}

@test "strace: it opens the two sides, the policy or the key, and nothing else" {
	local settings=() setting side above='' part
	recorded
	partitioned
	hostile
	for setting in "${environment[@]}"; do settings+=(-E "$setting"); done
	# where a folder really lies is found link by link
	for part in $(tr / ' ' <<<"$TREE"); do above+="${above:+|}${above##*|}/$part"; done
	for side in "$DISK" "$ARCHIVE" "$T/disk@2"; do
		must '5|7' strace -f -y -e trace=%file,%network,memfd_create,execve -o "$T/trace" "${settings[@]}" \
			"$TALLY_STATIC" compare --policy "$RULES" "$side" "$TREE"
		touches /etc/passwd / "$above" "$TREE(/.*)?" '\./.*' "$RULES" "${side%@2}" "$side" "$T/(archive|disk)\.[a-z0-9]+"
		grep -q "^opened ${side%@2}$" <<<"$output"
		must '[0-7]' strace -f -y -e trace=%file,%network,memfd_create,execve -o "$T/trace" "${settings[@]}" \
			"$TALLY_STATIC" compare --trust "$PUB" "$BASELINE" "$side"
		touches "$T" "$BASELINE(-journal|-wal|-shm)?" "$PUB" "${side%@2}" "$side" "$T/(archive|disk)\.[a-z0-9]+"
	done
}

@test "in an empty chroot it compares an image with an archive, a baseline with either, and two folders" {
	needs_root 'chroot(2)'
	local root=$T/root
	recorded
	mkdir "$root" "$root/a" "$root/b"
	cp "$TALLY_STATIC" "$root/tally"
	cp "$DISK" "$ARCHIVE" "$BASELINE" "$PUB" "$RULES" "$root"
	must 6 chroot "$root" /tally compare --policy /rules.yaml /disk.img /archive.tar
	must 0 chroot "$root" /tally compare --policy /rules.yaml /archive.tar /archive.tar
	must 7 chroot "$root" /tally compare --trust /host.pub /baseline.db /disk.img
	must 6 chroot "$root" /tally compare --trust /host.pub /baseline.db /archive.tar
	must 66 chroot "$root" /tally compare --policy /rules.yaml /a /b
	error_like "what is mounted cannot be told: cannot open '/proc/self/mountinfo'"
}
