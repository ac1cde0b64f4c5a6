#!/usr/bin/env bats
# Images of ext2, ext3 and ext4: what the mounted tree shows, damage in them, partitions, pending journals, bytes that can't be read.
load lib
load image

setup() {
	needs_root 'loop devices and mounts'
	image_area
}

teardown() {
	image_teardown
}

same_as_mounted() { # [OPTIONS]: equal in every attribute, both ways
	mounted "${1-ro,noload}"
	compared 0 "$MOUNT" "$IMAGE"
	[ "$(json '.[-1].attributes_not_compared | length')" -eq 0 ] || return 1
	[ "$(json '.[-1].incomparable')" = null ] || return 1
	[ "$(json '.[-1].examined')" -gt 700 ] || return 1
	compared 0 "$IMAGE" "$MOUNT"
	unmounted
}

@test "ext4: equal to the mounted tree in every attribute, and not a bit of it changed" {
	local before
	ext_image
	before=$(digest "$IMAGE")
	same_as_mounted
	compared 0 "$IMAGE" "$IMAGE"
	[ "$(digest "$IMAGE")" = "$before" ]
}

@test "ext4 with inline data, large inodes, extended attributes in inodes" {
	LONG_VALUE=9000 ext_image -O inline_data,ea_inode -I 512
	same_as_mounted
}

@test "ext4 of small blocks, with 64 bit numbers and checksums; without them; bigalloc" {
	ext_image -b 1024 -O 64bit,metadata_csum
	same_as_mounted
	ext_image -O ^64bit,^metadata_csum,^extents,^flex_bg
	same_as_mounted
	ext_image -O bigalloc -C 65536
	same_as_mounted
}

@test "ext2 and ext3, with inodes of 128 bytes" {
	truncate -s 64M "$IMAGE"
	mkfs.ext2 -q -F -I 128 "$IMAGE"
	mounted noatime
	filled "$MOUNT"
	unmounted
	same_as_mounted ro
	[ "$(json '.[-1].a.details[0]' | grep -c ext2)" -eq 1 ]
	rm "$IMAGE"
	truncate -s 64M "$IMAGE"
	mkfs.ext3 -q -F "$IMAGE"
	mounted noatime
	filled "$MOUNT"
	unmounted
	same_as_mounted
}

@test "an image made by copying a tree: equal but for identity, and that is said" {
	ext_image
	mounted ro,noload
	truncate -s 64M "$T/copy.img"
	mkfs.ext4 -q -F "$T/copy.img"
	mkdir "$T/copy"
	mount -o loop "$T/copy.img" "$T/copy"
	rmdir "$T/copy/lost+found"
	cp -a "$MOUNT/." "$T/copy/"
	umount "$T/copy"
	# cp copies no inode flags
	compared 4 "$IMAGE" "$T/copy.img"
	expect_count 3
	[ "$(json '[.[] | select(.record == "change") | .attributes[]] | unique | join(" ")')" = flags ]
	[ "$(json '.[-1].attributes_not_compared | sort | join(" ")')" = 'btime ctime inode' ]
	[ "$(json '.[-1].remarks | join(" ")' | grep -c 'not known to be one file system: inode, ctime, btime')" -eq 1 ]
	unmounted
}

# planted EXPECTATION... < debugfs commands: in a copy of the image; against the baseline image. Nothing else is found.
planted() {
	cp --sparse=always "$IMAGE" "$T/evil.img"
	debugfs -w -f - "$T/evil.img" >/dev/null 2>&1
	compared "$@" "$IMAGE" "$T/evil.img"
}

@test "each kind of damage, planted by debugfs, is found, and nothing else" {
	ext_image
	planted 4 <<<'set_inode_field /small mode 0104755'
	expect_exactly changed /small mode
	expect_exactly changed /hard mode
	expect_count 2
	planted 4 <<<'set_inode_field /large uid 0'
	expect_exactly changed /large owner
	expect_count 1
	planted 4 <<<'set_inode_field /large gid 0'
	expect_exactly changed /large group
	planted 4 <<<'set_inode_field /many/file-7 mtime 20200102030405'
	expect_exactly changed /many/file-7 mtime
	planted 4 <<<'set_inode_field /many/file-7 crtime 20200102030405'
	expect_exactly changed /many/file-7 btime
	expect_count 1
	planted 4 <<<'set_inode_field /many/file-7 ctime 20200102030405'
	expect changed /many/file-7 ctime
	expect_count 1
	planted 4 <<<'set_inode_field /many/file-7 size 1'
	expect_exactly changed /many/file-7 size content
	planted 4 <<<'ea_set /bin/program user.new value'
	expect_exactly changed /bin/program xattrs
	expect_count 1
	planted 4 <<<'ea_rm /bin/program security.capability'
	expect_exactly changed /bin/program caps
	planted 4 <<<'ea_rm /large system.posix_acl_access'
	expect changed /large acl
	planted 4 <<<'set_inode_field /empty flags 0x80010'
	expect_exactly changed /empty flags
	expect_count 1
	planted 4 <<<'set_inode_field /char block[1] 0x0501'
	expect changed /char rdev
	planted 2 <<<'unlink /deep/far'
	expect removed /deep/far
	expect_count 1
	echo evil >"$T/evil"
	planted 1 <<<"write $T/evil /bin/evil"
	expect added /bin/evil
	planted 1 <<<'mkdir /deep/.hidden'
	expect added /deep/.hidden
	planted 4 <<<'set_inode_field /link block[0] 0x66666666'
	expect changed /link target
}

@test "content changed in place, on the raw blocks: only the content tells" {
	local block
	ext_image
	cp --sparse=always "$IMAGE" "$T/evil.img"
	block=$(debugfs -R 'blocks /many/file-300' "$T/evil.img" 2>/dev/null | tr -d ' \n')
	printf 666 | dd of="$T/evil.img" bs=1 seek=$((block * 1024)) conv=notrunc status=none
	compared 4 "$IMAGE" "$T/evil.img"
	expect_exactly changed /many/file-300 content
	expect_count 1
}

@test "a baseline against an image of its own file system, and of a copy" {
	ext_image
	mounted ro,noload
	policy <"$RULES"
	must 0 tally init --from "$MOUNT"
	must 0 "$TALLY" compare "$STATE/baseline.db" "$IMAGE" --trust "$CONFIG/host.pub" --json
	[ "$(json '.[-1].authentic')" = true ]
	[ "$(json '.[-1].examined')" -gt 700 ]
	unmounted
	debugfs -w -R 'set_inode_field /small mode 0104755' "$IMAGE" >/dev/null 2>&1
	must 4 "$TALLY" compare "$STATE/baseline.db" "$IMAGE" --trust "$CONFIG/host.pub" --json
	expect_exactly changed /small mode
	expect_exactly changed /hard mode
	expect_count 2
}

# ---- the pending journal ----

# A live system's image: a file made and a mode set, synced to the journal and nowhere else.
pending() {
	ext_image
	cp --sparse=always "$IMAGE" "$T/before.img"
	mounted commit=300
	echo evil >"$MOUNT/bin/.hidden"
	chmod 4755 "$MOUNT/small"
	rm "$MOUNT/many/file-9"
	sync "$MOUNT/bin/.hidden" "$MOUNT/bin" # fsync: commits, and writes nothing to its place
	cp --sparse=always "$IMAGE" "$T/live.img"
	unmounted
}

@test "a pending journal: the hidden file and the setuid bit are found, marked, and nothing is written" {
	local before
	pending
	before=$(digest "$T/live.img")
	debugfs -R 'ls -p /bin' "$T/live.img" 2>/dev/null | grep -q hidden && skip 'the kernel wrote it to its place at once'
	compared 7 "$T/before.img" "$T/live.img"
	expect added /bin/.hidden
	expect changed /small mode
	expect removed /many/file-9
	[ "$(json '[.[] | select(.record == "change" and .pending_journal)] | length')" -ge 3 ]
	[ "$(json '.[] | select(.path == "/bin/.hidden") | .pending_journal')" = true ]
	[ "$(json '.[-1].notes | join(" ")' | grep -c 'b: the journal of / held what its file system does not show yet')" -eq 1 ]
	[ "$(digest "$T/live.img")" = "$before" ]
	must 7 "$TALLY" compare --policy "$RULES" "$T/before.img" "$T/live.img"
	has 'only with the pending journal'
	[ "$(digest "$T/live.img")" = "$before" ]
}

@test "a pending journal: what is seen is what the kernel makes of it" {
	pending
	cp --sparse=always "$T/live.img" "$T/replayed.img"
	mounted noatime "$T/replayed.img"
	unmounted
	mounted ro,noload "$T/replayed.img"
	compared 0 "$MOUNT" "$T/live.img"
	unmounted
}

# ---- disks with partitions ----

@test "a whole disk is put together by the mount table of the baseline, and what has no place is not examined" {
	for table in gpt dos; do
		rm -f "$T/disk" "$T/root.img" "$T/boot.img" "$T/swap" "$T/baseline.db"
		partitioned "$table"
		recorded
		must 8 "$TALLY" compare "$T/baseline.db" "$T/disk" --trust "$T/host.pub" --json
		expect_count 0
		[ "$(json '.[-1].unexamined')" -eq 2 ]
		unexamined_like /boot '^1 path lies here below its mount point, the first /boot/under-the-mount: not compared'
		unexamined_like / 'partition 3 \(swap, 4.0 MiB\) of .* was not assembled'
		[ "$(json '.[-1].attributes_not_compared | length')" -eq 0 ]
		# the root alone: what the other one held is not examined, and not called removed
		must 8 "$TALLY" compare "$T/baseline.db" "$T/root.img" --trust "$T/host.pub" --json
		expect_count 0
		unexamined_like /boot 'ext4. is not part of .*; 1 path lies here below its mount point, the first /boot/under-the-mount: not compared'
		# damage on either of them
		debugfs -w -R 'set_inode_field /vmlinuz mode 0100777' "$T/disk?offset=$((1 << 20))" >/dev/null 2>&1
		debugfs -w -R 'set_inode_field /etc/hostname uid 7' "$T/disk?offset=$((17 << 20))" >/dev/null 2>&1
		must 12 "$TALLY" compare "$T/baseline.db" "$T/disk" --trust "$T/host.pub" --json
		expect_count 2
		expect_exactly changed /boot/vmlinuz mode
		expect_exactly changed /etc/hostname owner
	done
}

@test "two file systems with one UUID are refused" {
	partitioned gpt
	recorded
	dd if="$T/root.img" of="$T/disk" bs=1M seek=1 count=15 conv=notrunc,sparse status=none
	must 65 "$TALLY" compare "$T/baseline.db" "$T/disk" --trust "$T/host.pub"
	error_like 'one UUID'
}

@test "partitions by number, label and UUID; offsets; one that is not there" {
	for table in gpt dos; do
		rm -f "$T/disk" "$T/root.img" "$T/boot.img" "$T/swap"
		partitioned "$table"
		compared 0 "$T/root.img" "$T/disk@2"
		compared 0 "$T/root.img" "image:$T/disk@LABEL=rootfs"
		compared 0 "$T/boot.img" "image:$T/disk@UUID=$(blkid -p -s UUID -o value "$T/boot.img")"
		compared 0 "$T/disk@2" "$T/root.img"
		compared 0 "$T/disk" "$T/disk" --offset $((17 << 20))
	done
	must 66 "$TALLY" compare "$T/root.img" "$T/disk@7"
	error_like 'has no such partition; it has: 1 \(ext4, 16.0 MiB, label bootfs\), 2 \(ext4, 24.0 MiB, label rootfs\), 3 \(swap'
	must 66 "$TALLY" compare "$T/root.img" "$T/disk"
	error_like 'name one'
	must 65 "$TALLY" compare "$T/root.img" "$T/disk@3"
}

@test "what a mount point hides on the disk is not compared, and that is said; nor is nothing called no difference" {
	partitioned gpt
	mounted ro,noload "$T/root.img"
	mount -t tmpfs none "$MOUNT/etc"
	compared 8 "$MOUNT" "$T/root.img"
	expect_count 0
	unexamined_like /etc '^1 path lies here below its mount point, the first /etc/hostname: not compared'
	[ "$(json '.[-1].remarks | join(";")' | grep -c 'mounted over on one side, so not compared there and below: /etc$')" -eq 1 ]
	umount "$MOUNT/etc"
	compared 0 "$MOUNT" "$T/root.img"
	[ "$(json '.[-1].remarks | join(";")' | grep -c 'mounted over')" -eq 0 ]
	unmounted
	cp "$T/root.img" "$T/bad.img"
	debugfs -w -R 'sif <2> mode 0100644' "$T/bad.img" 2>/dev/null
	must 8 "$TALLY" compare --policy "$RULES" "$T/root.img" "$T/bad.img"
	has 'NOTHING EXAMINED  0 paths examined, 1 could not be examined'
}

@test "partitions that are not assembled are unexamined, also with --at" {
	partitioned gpt
	mkdir -p "$T/whole/srv/vm"
	mounted ro,noload "$T/root.img"
	cp -a "$MOUNT/." "$T/whole/srv/vm/"
	unmounted
	dd if="$T/swap" of="$T/disk" bs=1M seek=1 conv=notrunc status=none
	compared 8 "$T/root.img" "$T/disk"
	[ "$(json 'map(select(.record == "unexamined")) | length')" -eq 2 ]
	compared 8 "$T/whole" "$T/disk" --at /srv/vm
	[ "$(json 'map(select(.record == "unexamined" and .side == "b")) | length')" -eq 2 ]
	[ "$(json '.[-1].b.name')" = "$T/disk" ]
}

@test "split images, and images as block devices" {
	local device
	ext_image
	split -b 20M -d -a 3 --numeric-suffixes=1 "$IMAGE" "$T/disk."
	split -b 20M -a 2 "$IMAGE" "$T/letters."
	compared 0 "$IMAGE" "$T/disk.001"
	compared 0 "$IMAGE" "$T/letters.aa"
	device=$(losetup --find --show --read-only "$IMAGE")
	run -0 "$TALLY" compare --json --policy "$RULES" "$IMAGE" "image:$device"
	losetup -d "$device"
}

@test "--hash-image: the SHA-256 of the image; of a split one, of all its parts" {
	ext_image
	split -b 20M -d -a 3 --numeric-suffixes=1 "$IMAGE" "$T/disk."
	compared 0 "$IMAGE" "$T/disk.001" --hash-image
	[ "$(json '.[-1].a.details | join(" ")' | grep -c "$(sha256sum <"$IMAGE" | cut -d' ' -f1)")" -eq 1 ]
	[ "$(json '.[-1].b.details | join(" ")' | grep -c "$(sha256sum <"$IMAGE" | cut -d' ' -f1)")" -eq 1 ]
}

@test "an E01: compared, its stored digests held against it, and damage in it said" {
	command -v ewfacquire >/dev/null || skip 'no ewfacquire here'
	ext_image
	ewfacquire -u -q -t "$T/case" -f encase6 -d sha1 -C 1 -D d -E 1 -e e -N n "$IMAGE" </dev/null >/dev/null
	compared 0 "$IMAGE" "$T/case.E01" --hash-image
	[ "$(json '.[-1].b.details | join(" ")' | grep -c "the MD5 that the image states of itself is right")" -eq 1 ]
	[ "$(json '.[-1].b.details | join(" ")' | grep -c "$(sha256sum <"$IMAGE" | cut -d' ' -f1)")" -eq 1 ]
	printf XXXX | dd of="$T/case.E01" bs=1 seek=$(($(stat -c %s "$T/case.E01") / 2)) conv=notrunc status=none
	run "$TALLY" compare --json --policy "$RULES" "$IMAGE" "$T/case.E01" --hash-image
	[[ $status =~ ^(8|9|1[0-5]|65)$ ]]
}

@test "a first superblock that is damaged: a copy is found, the commands that are named read by it, and a mended copy is equal" {
	local command sha
	ext_image
	cp "$IMAGE" "$T/damaged"
	dd if=/dev/zero of="$T/damaged" bs=4096 count=1 conv=notrunc status=none
	sha=$(sha256sum <"$T/damaged")
	must 65 "$TALLY" compare --policy "$RULES" "$IMAGE" "$T/damaged"
	error_like 'no file system that is known; but a copy of an ext2, ext3 or ext4 superblock'
	grep -o '`[^`]*`' <<<"$stderr" | tr -d '`' >"$T/commands"
	[ "$(wc -l <"$T/commands")" -eq 2 ]
	# the same within a disk, where its place has to be named
	truncate -s "$(($(stat -c %s "$IMAGE") + (4 << 20)))" "$T/disk"
	printf 'label: gpt\nstart=2048,size=%s\n' "$(($(stat -c %s "$IMAGE") / 512))" | sfdisk -q "$T/disk"
	dd if="$T/damaged" of="$T/disk" bs=1M seek=1 conv=notrunc status=none
	must 65 "$TALLY" compare --policy "$RULES" "$IMAGE" "$T/disk@1"
	grep -o '`[^`]*`' <<<"$stderr" | tr -d '`' | sed 's/IMAGE/DISK/' >>"$T/commands"
	[ "$(wc -l <"$T/commands")" -eq 4 ]
	while read -r command; do
		command=${command/DISK/$T/disk}
		run bash -c "${command/IMAGE/$T/damaged}"
		[[ $status -le 4 && $output =~ ([0-9]+/[0-9]+ files|Filesystem UUID) ]] || { echo "$command: $output"; return 1; }
	done <"$T/commands"
	[ "$(sha256sum <"$T/damaged")" = "$sha" ]
	run e2fsck -fy -b "$(grep -o 'superblock=[0-9]*' "$T/commands" | head -1 | cut -d = -f 2)" -B \
		"$(grep -o 'blocksize=[0-9]*' "$T/commands" | head -1 | cut -d = -f 2)" "$T/damaged"
	must 0 "$TALLY" compare --policy "$RULES" "$IMAGE" "$T/damaged"
}

@test "LUKS and LVM are named and refused, with the command that opens them read-only" {
	ext_image
	truncate -s 20M "$T/luks" "$T/lvm"
	printf 'LUKS\272\276\000\001' | dd of="$T/luks" conv=notrunc status=none
	must 64 "$TALLY" compare "$IMAGE" "$T/luks"
	error_like 'is encrypted: .losetup --read-only.*cryptsetup open --readonly'
	python3 - "$T/lvm" <<-'EOF2'
		import sys, zlib, struct
		sector = bytearray(512)
		sector[0:8] = b"LABELONE"; sector[8:16] = struct.pack("<Q", 1)
		sector[20:24] = struct.pack("<I", 32); sector[24:32] = b"LVM2 001"
		sector[32:64] = b"A" * 32
		def crc(data, value=0xf597a6cf):
		    for byte in data:
		        value ^= byte
		        for _ in range(8): value = (value >> 1) ^ (0xedb88320 if value & 1 else 0)
		    return value
		sector[16:20] = struct.pack("<I", crc(sector[20:512]))
		with open(sys.argv[1], "r+b") as disk: disk.seek(512); disk.write(sector)
	EOF2
	must 64 "$TALLY" compare "$IMAGE" "$T/lvm"
	error_like 'belongs to LVM: .losetup --read-only.*vgchange'
}

@test "other file systems: refused without --mount, compared with it, and not a bit changed" {
	local type before
	command -v mkfs.xfs >/dev/null || skip 'no mkfs.xfs here'
	ext_image
	mkdir "$T/full"
	filled "$T/full"
	for type in squashfs xfs; do
		rm -f "$T/other.img"
		if [ $type = squashfs ]; then
			mksquashfs "$T/full" "$T/other.img" -quiet -no-progress >/dev/null
		else
			truncate -s 400M "$T/other.img"
			mkfs.xfs -q "$T/other.img"
			mounted noatime "$T/other.img"
			cp -a "$T/full/." "$MOUNT/"
			unmounted
		fi
		before=$(digest "$T/other.img")
		must 64 "$TALLY" compare --policy "$RULES" "$T/full" "$T/other.img"
		error_like "$type.*--mount"
		must '[04]' "$TALLY" compare --json --policy "$RULES" "$T/full" "$T/other.img" --mount
		# squashfs has no nanoseconds and no ACLs, XFS shows an ACL as trusted.SGI_ACL_FILE once more
		[ "$(json '[.[] | select(.record == "change") | .attributes[]] | unique - ["mtime", "acl", "flags", "xattrs"] | join(" ")')" = '' ] || { changes | grep -v ' mtime$'; return 1; }
		[ "$(json '.[-1].examined')" -gt 700 ]
		[ "$(digest "$T/other.img")" = "$before" ]
	done
}

# ---- hostile and broken images ----

@test "a truncated image: what can't be read is said, path by path" {
	ext_image
	cp "$IMAGE" "$T/cut.img"
	truncate -s 9M "$T/cut.img"
	must '8|9|1[0-5]|65' "$TALLY" compare --json --policy "$RULES" "$IMAGE" "$T/cut.img"
	[ "$status" -eq 65 ] || [ "$(json '.[-1].unexamined')" -gt 0 ]
}

@test "bytes that can't be read: survived, listed, and the paths unexamined" {
	local device
	ext_image
	cp "$IMAGE" "$T/bad.img"
	device=$(losetup --find --show "$T/bad.img")
	truncate -s 6M "$T/bad.img" # the device stays as long as it was: reading behind it fails
	run "$TALLY" compare --json --policy "$RULES" "$IMAGE" "image:$device"
	losetup -d "$device"
	[ "$status" -ge 8 ] && [ "$status" -lt 16 ]
	[ "$(json '[.[] | select(.record == "unexamined")] | length')" -gt 0 ]
	[ "$(json '.[-1].notes | join(" ")' | grep -c 'could not be read')" -eq 1 ]
	[ "$(json '.[-1].b.details | join(" ")' | grep -c 'unreadable: bytes')" -ge 1 ]
}

@test "a pending journal that cannot be had is unexamined, not equal" {
	truncate -s 8M "$T/journal"
	mke2fs -q -F -O journal_dev -b 4096 "$T/journal"
	truncate -s 32M "$IMAGE"
	local device
	device=$(losetup --find --show "$T/journal")
	mkfs.ext4 -q -F -b 4096 -J device="$device" "$IMAGE"
	losetup -d "$device"
	compared 0 "$IMAGE" "$IMAGE"
	cp "$IMAGE" "$T/pending.img"
	debugfs -w -R 'feature needs_recovery' "$T/pending.img" >/dev/null 2>&1
	compared 8 "$IMAGE" "$T/pending.img"
	[ "$(json 'map(select(.record == "unexamined" and .side == "b" and .path == "/").reason) | join(";")' | grep -c 'on another device')" -eq 1 ]
}
