#!/usr/bin/env bats
# Mount points of one side that the image of the other has nothing for, and what lies in it below mount points.
load lib
load image

setup() {
	needs_root 'loop devices and mounts'
	image_area
}

teardown() {
	image_teardown
}

# stranger: $T/other.img, the root on a file system of another UUID, without what its /boot covers
stranger() {
	cp --sparse=always "$T/root.img" "$T/other.img"
	e2fsck -f -y "$T/other.img" >/dev/null 2>&1 # tune2fs wants one that was just checked
	tune2fs -f -U random "$T/other.img" >/dev/null
	debugfs -w -R 'rm /boot/under-the-mount' "$T/other.img" >/dev/null 2>&1
}

of_baseline() { # STATUS A B
	must "$1" "$TALLY" compare "$2" "$3" --trust "$T/host.pub" --json
}

@test "a file system that the image has not, on a root that is not known: unexamined, and nothing of it removed" {
	partitioned gpt
	recorded
	stranger
	of_baseline 8 "$T/baseline.db" "$T/other.img"
	expect_count 0
	[ "$(json '.[-1].unexamined')" -eq 1 ]
	unexamined_like /boot '^the file system that was mounted here .ext4. is not part of .*/other.img$'
	# the other way round nothing of it was added
	of_baseline 8 "$T/other.img" "$T/baseline.db"
	expect_count 0
	unexamined_like /boot '^the file system that was mounted here .ext4. is not part of .*/other.img$'
	# the only partition that can be the root is taken for it
	truncate -s 40M "$T/whole"
	printf 'label: gpt\nstart=2048, size=49152\n' | sfdisk -q "$T/whole"
	dd if="$T/other.img" of="$T/whole" bs=1M seek=1 conv=notrunc,sparse status=none
	of_baseline 8 "$T/baseline.db" "$T/whole"
	expect_count 0
	[ "$(json '.[-1].notes | join(" ")' | grep -c 'is taken for it')" -eq 1 ]
	expect_unexamined /boot
}

@test "what such an image does have there is told, and what it has not is not called removed" {
	partitioned gpt
	recorded
	stranger
	debugfs -w -R "write $T/rules.yaml /boot/payload" "$T/other.img" >/dev/null 2>&1
	of_baseline '9|13' "$T/baseline.db" "$T/other.img"
	expect added /boot/payload
	[ "$(json '[.[] | select(.kind == "removed")] | length')" -eq 0 ]
	unexamined_like /boot '^the file system that was mounted here .ext4. is not known to be part of .*: 2 paths of it that are not there were not compared$'
	of_baseline '10|14' "$T/other.img" "$T/baseline.db"
	expect removed /boot/payload
	[ "$(json '[.[] | select(.kind == "added")] | length')" -eq 0 ]
	# a copy that holds all of it has nothing that was not examined
	mounted noatime "$T/other.img"
	rm "$MOUNT/boot/payload"
	mkdir "$T/boot"
	mount -o loop,ro "$T/boot.img" "$T/boot"
	cp -a "$T/boot/." "$MOUNT/boot/"
	umount "$T/boot"
	unmounted
	of_baseline 0 "$T/baseline.db" "$T/other.img"
}

@test "files below what was mounted on one side are counted and named; device nodes below /dev and empty places are not" {
	partitioned gpt
	recorded
	debugfs -w -R 'rm /boot/under-the-mount' "$T/root.img" >/dev/null 2>&1
	dd if="$T/root.img" of="$T/disk" bs=1M seek=17 conv=notrunc,sparse status=none
	of_baseline 8 "$T/baseline.db" "$T/disk"
	expect_count 0
	[ "$(json '.[-1].unexamined')" -eq 1 ] # the swap partition
	[ "$(json '.[-1].remarks | join(" ")' | grep -c 'not compared there and below: /dev, /proc, /run$')" -eq 1 ]
	debugfs -w -f - "$T/disk?offset=$((17 << 20))" >/dev/null 2>&1 <<-END
		mkdir /run/folder
		write $T/rules.yaml /run/folder/payload
		write $T/rules.yaml /run/payload
		write $T/rules.yaml /dev/.payload
	END
	of_baseline 8 "$T/baseline.db" "$T/disk"
	expect_count 0
	[ "$(json '.[-1].unexamined')" -eq 3 ]
	unexamined_like /run '^2 paths lie here below its mount point, the first /run/folder/payload: not compared$'
	unexamined_like /dev '^1 path lies here below its mount point, the first /dev/.payload: not compared$'
}

@test "what an archive holds below a mount that the baseline did not cross is no less unexamined" {
	partitioned gpt
	recorded
	debugfs -w -R 'rm /boot/under-the-mount' "$T/root.img" >/dev/null 2>&1
	mounted ro "$T/root.img"
	mkdir "$T/boot" "$T/copy"
	cp -a "$MOUNT/." "$T/copy/"
	unmounted
	mount -o loop,ro "$T/boot.img" "$T/boot"
	cp -a "$T/boot/." "$T/copy/boot/"
	umount "$T/boot"
	bsdtar --format pax -C "$T/copy" -cf "$T/backup.tar" .
	of_baseline 0 "$T/baseline.db" "$T/backup.tar"
	echo evil >"$T/copy/run/payload"
	bsdtar --format pax -C "$T/copy" -cf "$T/backup.tar" .
	of_baseline 8 "$T/baseline.db" "$T/backup.tar"
	expect_count 0
	unexamined_like /run '^1 path lies here below its mount point, the first /run/payload: not compared$'
	of_baseline 8 "$T/backup.tar" "$T/baseline.db"
	unexamined_like /run '^1 path lies here'
}
