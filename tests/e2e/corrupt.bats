#!/usr/bin/env bats
# Damaged and hostile images and archives, as they come from seized disks: a verdict or one line, and never a false "removed".
load lib
load image

setup() {
	image_area
}

# judged A B [argument...]: an exit status of the documented set; whole NDJSON with a summary last, or one line of error
judged() {
	run --separate-stderr timeout 120 "$TALLY" compare --json --policy "$RULES" "$@"
	[ "${TALLY_PRESET-}" != coverage ] || stderr=$(sed '/^profiling:/d' <<<"$stderr")
	case $status in
	[0-9] | 1[0-5])
		jq -es '.[-1].record == "summary" and (.[:-1] | all(.record == "change" or .record == "unexamined"))' \
			<<<"$output" >/dev/null && [ -z "$stderr" ] && return 0
		;;
	65 | 66 | 74 | 78) [ -z "$output" ] && error_like . && return 0 ;;
	esac
	echo "status $status of: $*"
	echo "stdout: ${output:0:2000}"
	echo "stderr: ${stderr:0:2000}"
	return 1
}

# Without root: a folder becomes the image.
small_tree() { # FOLDER
	local i
	mkdir -p "$1/etc" "$1/sub/deep" "$1/many"
	echo root >"$1/etc/passwd"
	echo x >"$1/sub/deep/file"
	echo y >"$1/sub/victim"
	ln -s victim "$1/sub/link"
	for i in {1..60}; do echo "$i" >"$1/many/file-$i"; done
	head -c 300000 /dev/zero | tr '\0' z >"$1/large"
}

# small_image [mkfs argument...]: $IMAGE of 4 MiB, and the same tree in $T/small
small_image() {
	[ -d "$T/small" ] || small_tree "$T/small"
	rm -f "$IMAGE"
	truncate -s 4M "$IMAGE"
	mkfs.ext4 -q -F -b 1024 -d "$T/small" "$@" "$IMAGE"
}

# edited < debugfs commands: $T/evil.img
edited() {
	cp --sparse=always "$IMAGE" "$T/evil.img"
	debugfs -w -f - "$T/evil.img" >/dev/null 2>&1
}

# reasons: one line for each path that was not examined
reasons() {
	jq -r 'select(.record == "unexamined") | "\(.side) \(.path) \(.reason)"' <<<"$output"
}

@test "cut images: a verdict with what is missing, or one line" {
	local bytes
	small_image
	for bytes in 0 1 1024 1536 2048 20000 100000 700000 2000000 4194303; do
		cp --sparse=always "$IMAGE" "$T/cut.img"
		truncate -s "$bytes" "$T/cut.img"
		judged "$IMAGE" "image:$T/cut.img"
		# what was cut off may hold nothing: that it was cut is told all the same
		[ "$status" -ge 16 ] || [ "$(json '.[-1].b.details | join(" ")' | grep -c 'cut short')" -eq 1 ]
		[ "$status" -ge 16 ] || [ "$(json '[.[] | select(.record == "change" and .kind == "removed")] | length')" -eq 0 ]
		[ "$bytes" -gt 700000 ] || [ "$status" -ge 8 ]
		judged "image:$T/cut.img" "image:$T/cut.img"
	done
}

@test "a directory that was damaged: what was in it is neither removed nor, from the other side, added" {
	local block
	small_image -O ^metadata_csum
	cp --sparse=always "$IMAGE" "$T/evil.img"
	block=$(debugfs -R 'blocks /sub' "$IMAGE" 2>/dev/null | tr -d ' \n')
	head -c 1024 /dev/zero | tr '\0' '\377' | dd of="$T/evil.img" bs=1024 seek="$block" conv=notrunc status=none
	judged "$IMAGE" "$T/evil.img"
	[ "$status" -eq 8 ]
	expect_count 0
	expect_unexamined /sub
	judged "$T/evil.img" "$IMAGE"
	[ "$status" -eq 8 ]
	expect_count 0
	expect_unexamined /sub
}

@test "a directory loop" {
	small_image
	edited <<<'link /sub /sub/deep/again'
	judged "$IMAGE" "$T/evil.img"
	[ "$status" -ge 8 ] && [ "$status" -lt 16 ]
	reasons | grep -q '/sub/deep/again.* loop'
}

@test "an entry named ../x, one with a slash, one with a zero byte" {
	local block name
	small_image -O ^metadata_csum
	block=$(debugfs -R 'blocks /sub' "$IMAGE" 2>/dev/null | tr -d ' \n')
	for name in '../vic' 'vi/tim' 'vict\0m'; do
		cp --sparse=always "$IMAGE" "$T/evil.img"
		python3 - "$T/evil.img" "$block" "$(printf '%s' "$name")" <<-'EOF'
			import sys
			name = sys.argv[3].replace('\\0', '\0').encode()
			at = int(sys.argv[2]) * 1024
			with open(sys.argv[1], 'r+b') as image:
			    image.seek(at)
			    block = image.read(1024)
			    assert b'victim' in block
			    image.seek(at)
			    image.write(block.replace(b'victim', name))
		EOF
		judged "$IMAGE" "$T/evil.img"
		[ "$status" -ge 8 ] && [ "$status" -lt 16 ]
		[ "$(reasons | grep -c 'b /sub .*no file can be called so')" -eq 1 ] || { reasons; return 1; }
		[ "$(json '[.[] | select(.path and (.path | test("\\.\\./|vi/tim")))] | length')" -eq 0 ]
	done
}

@test "names of 255 bytes, and of bytes that are not UTF-8" {
	small_tree "$T/small"
	echo 1 >"$T/small/$(printf 'n%.0s' {1..255})"
	echo 2 >"$T/small/"$'\xff\xfe'
	echo 3 >"$T/small/"$'a\nb\x1b[31m'
	small_image
	judged "$IMAGE" "$IMAGE"
	[ "$status" -eq 0 ]
	judged "$T/small" "$IMAGE"
	[ "$status" -lt 8 ]
	[ "$(json '[.[] | select(.record == "change" and .kind != "changed" and .path != "/lost+found")] | length')" -eq 0 ]
	run "$TALLY" compare --policy "$RULES" "$T" "$IMAGE" # a folder above: all is added
	no_control
}

@test "sizes that cannot be: 2^63, and a directory of 2^31" {
	small_image
	edited <<<'set_inode_field /large size 0x7fffffffffffffff'
	judged "$IMAGE" "$T/evil.img"
	[ "$status" -ge 8 ] && [ "$status" -lt 16 ]
	expect_unexamined /large
	edited <<<'set_inode_field /large size 0xffffffffffffffff'
	judged "$IMAGE" "$T/evil.img"
	[ "$status" -ge 8 ] && [ "$status" -lt 16 ]
	edited <<<'set_inode_field /sub size 0x80000000'
	judged "$IMAGE" "$T/evil.img"
	[ "$(json '[.[] | select(.record == "change" and .kind == "removed")] | length')" -eq 0 ]
}

@test "damaged superblocks" {
	local field
	small_image
	for field in 'inodes_count 0' 'inodes_count 4294967295' 'blocks_count 4294967295' 'log_block_size 31' 'inode_size 0' 'inode_size 65535' \
		'blocks_per_group 0' 'inodes_per_group 0' 'inodes_per_group 4294967295' 'first_ino 4294967295' 'desc_size 65535' \
		'feature_incompat 0xffffffff' 'rev_level 9' 'first_data_block 4294967295' 'first_meta_bg 4294967295' 'journal_inum 4294967295' \
		'reserved_gdt_blocks 65535' 'state 0' 'magic 0'; do
		edited <<<"set_super_value $field"
		judged "$IMAGE" "image:$T/evil.img"
		judged "image:$T/evil.img" "image:$T/evil.img"
	done
}

@test "bytes flipped over the metadata, by a seed: always a verdict or one line, and the image is left as it is" {
	local seed before
	small_image
	for seed in {1..40}; do
		cp --sparse=always "$IMAGE" "$T/evil.img"
		python3 - "$T/evil.img" "$seed" <<-'EOF'
			import random, sys
			seed = random.Random(int(sys.argv[2]))
			with open(sys.argv[1], 'r+b') as image:
			    data = bytearray(image.read(400 << 10)) # superblock, descriptors, bitmaps, inodes, the first directories
			    for _ in range(1 << seed.randrange(10)):
			        data[seed.randrange(1024, len(data))] = seed.choice([0, 255, seed.randrange(256)])
			    image.seek(0)
			    image.write(data)
		EOF
		before=$(digest "$T/evil.img")
		judged "$IMAGE" "image:$T/evil.img"
		[ "$(digest "$T/evil.img")" = "$before" ]
	done
}

# ---- partition tables ----

# divided gpt|dos: $T/disk with $IMAGE as partition 1 and 2
divided() {
	rm -f "$T/disk"
	truncate -s 16M "$T/disk"
	printf 'label: %s\nstart=2048, size=8192\nstart=12288, size=8192\n' "$1" | sfdisk -q "$T/disk"
	dd if="$IMAGE" of="$T/disk" bs=1M seek=1 conv=notrunc,sparse status=none
	dd if="$IMAGE" of="$T/disk" bs=1M seek=6 conv=notrunc,sparse status=none
}

@test "GPT: the first copy damaged, the second, both" {
	small_image
	divided gpt
	judged "$IMAGE" "$T/disk@1"
	[ "$status" -eq 0 ]
	cp --sparse=always "$T/disk" "$T/first"
	head -c 512 /dev/urandom | dd of="$T/first" bs=512 seek=1 conv=notrunc status=none
	judged "$IMAGE" "$T/first@1"
	[ "$status" -eq 0 ]
	[ "$(json '.[-1].notes | length')" -ge 1 ] # the damage is told
	cp --sparse=always "$T/disk" "$T/second"
	head -c 512 /dev/urandom | dd of="$T/second" bs=512 seek=32767 conv=notrunc status=none
	judged "$IMAGE" "$T/second@1"
	[ "$status" -eq 0 ]
	cp --sparse=always "$T/first" "$T/both"
	head -c 512 /dev/urandom | dd of="$T/both" bs=512 seek=32767 conv=notrunc status=none
	judged "$IMAGE" "$T/both@1"
	[ "$status" -ge 16 ]
	judged "$IMAGE" "$T/both"
	[ "$status" -ge 8 ]
}

@test "two file systems of one UUID and label: a number has to be named" {
	small_image -L twin
	divided dos
	judged "$IMAGE" "$T/disk@LABEL=twin"
	[ "$status" -eq 65 ]
	error_like 'name one by its number'
	judged "$IMAGE" "$T/disk@UUID=$(blkid -p -s UUID -o value "$IMAGE")"
	[ "$status" -eq 65 ]
	judged "$IMAGE" "$T/disk@2"
	[ "$status" -eq 0 ]
}

@test "partitions that overlap, that lie behind the end, that go round in circles" {
	small_image
	divided dos
	python3 - "$T" <<-'EOF'
		import struct, sys
		disk = open(sys.argv[1] + '/disk', 'rb').read()
		def table(name, rows):
		    data = bytearray(disk)
		    data[446:510] = bytes(64)
		    for i, (kind, start, count) in enumerate(rows):
		        data[446 + 16 * i:462 + 16 * i] = struct.pack('<B3sB3sII', 0, b'', kind, b'', start, count)
		    open(sys.argv[1] + '/' + name, 'wb').write(data)
		    return data
		table('overlap', [(0x83, 2048, 8192), (0x83, 2048, 20000), (0x83, 4096, 8192)])
		table('behind', [(0x83, 2048, 8192), (0x83, 4000000000, 4000000000)])
		data = table('circle', [(0x83, 2048, 8192), (5, 12288, 8192)])
		at = 12288 * 512
		data[at + 510:at + 512] = b'\x55\xaa'
		data[at + 446:at + 462] = struct.pack('<B3sB3sII', 0, b'', 0x83, b'', 63, 100)
		data[at + 462:at + 478] = struct.pack('<B3sB3sII', 0, b'', 5, b'', 0, 8192)
		open(sys.argv[1] + '/circle', 'wb').write(data)
	EOF
	for name in overlap behind circle; do
		judged "$IMAGE" "$T/$name@1"
		[ "$status" -eq 0 ]
		judged "$IMAGE" "$T/$name"
		[ "$status" -ge 8 ]
		judged "$IMAGE" "$T/$name@2"
	done
}

@test "a partition or an offset that is not there: what there is, said once" {
	small_image
	judged "$IMAGE" "$IMAGE@7"
	[ "$status" -eq 66 ]
	error_like 'disk.img@7. has no such partition; it is not divided into partitions \(ext4, 4.0 MiB'
	judged "$IMAGE" "$IMAGE" --offset 99999999999
	[ "$status" -eq 66 ]
	error_like 'holds no file system; nothing was found in it'
}

@test "a disk with one file system that is mounted only: --mount is named" {
	small_image
	command -v mkfs.vfat >/dev/null || skip 'no mkfs.vfat here'
	truncate -s 8M "$T/disk"
	printf 'label: dos\nstart=2048\n' | sfdisk -q "$T/disk"
	mkfs.vfat --offset 2048 "$T/disk" 7000 >/dev/null 2>&1 || mkfs.vfat --offset 2048 "$T/disk" >/dev/null
	must 64 "$TALLY" compare "$IMAGE" "$T/disk"
	error_like 'partition 1 .*--mount'
}

# ---- archives ----

@test "an image behind gzip, or named an archive, is no archive without members" {
	small_image
	small_tree "$T/folder"
	gzip -k "$IMAGE"
	judged "$T/folder" "$IMAGE.gz"
	[ "$status" -eq 65 ]
	error_like 'no member: if it is a disk image, unpack it'
	judged "$T/folder" "archive:$IMAGE"
	[ "$status" -eq 65 ]
	error_like 'no member: if it is a disk image, name it image:'
	judged "$T/folder" "image:$IMAGE.gz"
	[ "$status" -eq 65 ]
}

@test "cut archives: what was not read is not removed, and no position is made up" {
	local type
	small_tree "$T/folder"
	tar -C "$T/folder" -cf "$T/a.tar" etc many sub
	gzip -k "$T/a.tar"
	xz -k "$T/a.tar"
	zstd -q "$T/a.tar"
	for type in '' .gz .xz .zst; do
		head -c $(($(stat -c %s "$T/a.tar$type") / 2 + 100)) "$T/a.tar$type" >"$T/cut.tar$type"
		judged "$T/folder" "$T/cut.tar$type"
		[ "$status" -ge 8 ]
		[ "$status" -ge 16 ] || [ "$(json '[.[] | select(.record == "change" and .kind == "removed")] | length')" -eq 0 ]
		[[ $output$stderr != *18446744073* ]]
	done
}

# ---- the child that parses ----

@test "a parser that is killed: how far it came, nothing removed behind it, no process left" {
	local from child=''
	needs_root 'as whom else the child runs'
	small_tree "$T/folder"
	truncate -s 60G "$T/folder/large.zeros" # in the midst of which it is killed; more lies behind
	truncate -s 16M "$IMAGE"
	mkfs.ext4 -q -F -d "$T/folder" "$IMAGE"
	rm "$T/folder/large.zeros"
	"$TALLY" compare --json --policy "$RULES" "$T/folder" "$IMAGE" >"$T/verdict" 2>"$T/words" 3>&- &
	from=$!
	until_reads() { # two come one after the other: the one that says what there is ends at once, the other has a minute's work
		child=$(pgrep -P "$from" | tail -n 1)
		[ -n "$child" ] && [ "$(awk '{ print $14 }' "/proc/$child/stat" 2>/dev/null || echo 0)" -ge 30 ]
	}
	until until_reads; do
		kill -0 "$from" || { cat "$T/words"; return 1; }
		sleep 0.02
	done
	kill -SEGV "$child"
	status=0
	wait "$from" || status=$?
	[ ! -e "/proc/$child" ]
	output=$(cat "$T/verdict")
	grep -q 'killed by signal 11' "$T/verdict"
	[ "$status" -ge 8 ] && [ "$status" -lt 16 ]
	[ "$(json '[.[] | select(.record == "change" and .kind == "removed")] | length')" -eq 0 ]
	[ "$(json '.[-1].unexamined')" -ge 1 ]
}
