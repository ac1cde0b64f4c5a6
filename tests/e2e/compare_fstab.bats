#!/usr/bin/env bats
# A disk with several file systems and no mount table beside it: put together as the image's own fstab says, which is said; or not at all.
load lib
load image

setup() {
	needs_root 'loop devices and mounts'
	image_area
	partitioned gpt
	mounted noatime "$T/root.img"
	rm "$MOUNT/boot/under-the-mount"
	unmounted
	BOOT=$(blkid -p -s UUID -o value "$T/boot.img") ROOT=$(blkid -p -s UUID -o value "$T/root.img")
}

teardown() {
	image_teardown
}

# fstab [ROOT.IMG]: standard input becomes etc/fstab of the root in $T/disk
fstab() {
	cat >"$T/fstab"
	mounted noatime "$T/root.img"
	cp "$T/fstab" "$MOUNT/etc/fstab"
	unmounted
	dd if="$T/root.img" of="$T/disk" bs=1M seek=17 conv=notrunc,sparse status=none
}

claimed() { # the assembly stands in the head, as what it is
	json '.[-1].notes | join(" ")' | grep -q '/etc/fstab on partition 2 says: the image.s own word, which may be forged'
}

whole() { # $T/whole: what the system sees
	mounted ro,noload "$T/root.img"
	cp -a "$MOUNT/." "$T/whole/"
	unmounted
	mounted ro,noload "$T/boot.img"
	cp -a "$MOUNT/." "$T/whole/boot/"
	unmounted
}

@test "image against folder, against image, and below a path: assembled by UUID, label or PARTUUID" {
	local spec
	mkdir "$T/whole"
	for spec in "UUID=$BOOT" LABEL=bootfs "PARTUUID=$(sfdisk --part-uuid "$T/disk" 1)"; do
		fstab <<-END
			# a comment
			UUID=$ROOT / ext4 errors=remount-ro 0 1
			$spec /boot ext4 defaults 0 2
			UUID=0000-0000 none swap sw 0 0
		END
		rm -rf "$T/whole"
		mkdir "$T/whole"
		whole
		compared 8 "$T/whole" "$T/disk"
		expect_count 0
		claimed
		[ "$(json '.[-1].unexamined')" -eq 1 ]
		unexamined_like / 'partition 3 .swap.* was not assembled'
	done
	cp --sparse=always "$T/disk" "$T/evil"
	debugfs -w -R 'set_inode_field /vmlinuz mode 0100777' "$T/evil?offset=$((1 << 20))" >/dev/null 2>&1
	compared 12 "$T/disk" "$T/evil"
	expect_exactly changed /boot/vmlinuz mode
	expect_count 1
	mkdir -p "$T/above/srv"
	mv "$T/whole" "$T/above/srv/vm"
	compared 8 "$T/above" "$T/disk" --at /srv/vm
	expect_count 0
	claimed
	# a named partition wins, and is all there is
	compared 0 "$T/root.img" "$T/disk@2"
	[ "$(json '.[-1].notes | length')" -eq 0 ]
}

@test "a baseline's mount table wins over a forged fstab" {
	recorded
	fstab <<-END
		UUID=$BOOT / ext4
		UUID=$ROOT /boot ext4
	END
	must '9|13' "$TALLY" compare "$T/baseline.db" "$T/disk" --trust "$T/host.pub" --json
	expect added /etc/fstab
	[ "$(json '[.[] | select(.record == "change" and (.path | startswith("/boot")))] | length')" -eq 0 ]
	[ "$(json '.[-1].notes | length')" -eq 0 ]
}

refused() { # nothing tells which is the root
	must 66 "$TALLY" compare --policy "$RULES" "$T/root.img" "$T/disk"
	error_like 'has several file systems, and no mount table tells which is the root: name one by its number'
}

@test "two that call themselves the root, none that does, labels of two: refused" {
	printf 'UUID=%s / ext4\n' "$ROOT" | fstab
	mounted noatime "$T/boot.img"
	mkdir "$MOUNT/etc"
	printf 'LABEL=bootfs / ext4\n' >"$MOUNT/etc/fstab"
	unmounted
	dd if="$T/boot.img" of="$T/disk" bs=1M seek=1 conv=notrunc,sparse status=none
	refused
	printf 'UUID=%s / ext4\nUUID=%s /boot ext4\n' "$BOOT" "$ROOT" | fstab
	debugfs -w -R 'rm /etc/fstab' "$T/disk?offset=$((1 << 20))" >/dev/null 2>&1
	refused
	e2label "$T/boot.img" rootfs
	dd if="$T/boot.img" of="$T/disk" bs=1M seek=1 conv=notrunc,sparse status=none
	debugfs -w -R 'rm /etc/fstab' "$T/disk?offset=$((1 << 20))" >/dev/null 2>&1
	printf 'LABEL=rootfs / ext4\n' | fstab
	refused
}

@test "a hostile fstab: too long, binary, a link, a folder, mount points that are none" {
	{
		printf 'UUID=%s / ext4\n' "$ROOT"
		head -c 10M /dev/zero | tr '\0' '#'
	} | fstab
	refused
	head -c 60000 /dev/urandom | fstab
	refused
	debugfs -w -f - "$T/disk?offset=$((17 << 20))" >/dev/null 2>&1 <<-END
		rm /etc/fstab
		write $T/rules.yaml /etc/other
		symlink /etc/fstab other
	END
	refused
	mounted noatime "$T/root.img"
	rm "$MOUNT/etc/fstab"
	mkdir "$MOUNT/etc/fstab"
	printf 'UUID=%s / ext4\n' "$ROOT" >"$MOUNT/etc/fstab/fstab"
	unmounted
	dd if="$T/root.img" of="$T/disk" bs=1M seek=17 conv=notrunc,sparse status=none
	refused
	mounted noatime "$T/root.img"
	rm -r "$MOUNT/etc/fstab"
	unmounted
	fstab <<-END
		UUID=$BOOT /../../etc ext4
		UUID=$BOOT relative ext4
		LABEL=boot\\040fs /boot ext4
		LABEL=bootfs\\057.. /boot ext4
		UUID=$ROOT / ext4
		UUID=$ROOT /boot ext4
		UUID=$BOOT / ext4
	END
	compared 8 "$T/root.img" "$T/disk"
	expect_count 0
	claimed
	unexamined_like / 'partition 1 .ext4.* was not assembled: nothing tells where it belongs'
}
