# image.bash - what the e2e tests of images share. Load it behind lib.

image_area() {
	area
	IMAGE=$T/disk.img MOUNT=$T/mnt RULES=$T/rules.yaml
	mkdir "$MOUNT"
	printf 'version: 1\nrules:\n  - path: /\n    profile: static\n' >"$RULES"
}

# mounted OPTIONS [IMAGE]: at $MOUNT
mounted() {
	mount -o "loop,$1" "${2-$IMAGE}" "$MOUNT"
}

unmounted() {
	umount "$MOUNT"
}

digest() { # FILE...
	sha256sum "$@"
}

# filled FOLDER: one of everything that a file system can hold; with extended attributes of up to $LONG_VALUE bytes
filled() {
	local to=$1 i
	mkdir -p "$to/etc" "$to/bin" "$to/many" "$to/deep/er/and/deeper"
	printf 'root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n' >"$to/etc/passwd"
	printf 'root:x:0:\nstaff:x:50:\n' >"$to/etc/group"
	echo small >"$to/small"
	: >"$to/empty"
	head -c 3000000 /dev/urandom >"$to/large"
	truncate -s 5M "$to/sparse"
	printf end | dd of="$to/sparse" bs=1 seek=4000000 conv=notrunc status=none
	cp /bin/true "$to/bin/program"
	chmod 4755 "$to/bin/program"
	ln "$to/small" "$to/hard"
	ln -s small "$to/link"
	ln -s "$(printf 'x%.0s' {1..200})" "$to/longlink"
	mkfifo "$to/fifo"
	mknod "$to/char" c 4 300
	mknod "$to/block" b 8 1
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$to/socket"
	chown 1000:50 "$to/large"
	for i in {1..700}; do echo "$i" >"$to/many/file-$i"; done
	echo n >"$to/$(printf 'n%.0s' {1..255})"
	echo b >"$to/"$'not-\xff-utf8'
	echo l >"$to/"$'line\nbreak'
	touch -d '1960-02-03 04:05:06.789' "$to/deep/old"
	touch -d '2300-02-03 04:05:06.789' "$to/deep/far"
	setfattr -n user.short -v x "$to/small"
	setfattr -n user.long -v "$(head -c "${LONG_VALUE-600}" /dev/zero | tr '\0' y)" "$to/large"
	setfattr -n trusted.of -v root "$to/small"
	setfacl -m u:1000:rw,g:50:r "$to/large"
	setfacl -d -m u:1000:rwx "$to/deep"
	setcap cap_net_raw+ep "$to/bin/program"
	chattr +d "$to/empty" 2>/dev/null || true
}

# ext_image [mkfs argument...]: $IMAGE, filled, and unmounted
ext_image() {
	truncate -s 64M "$IMAGE"
	mkfs.ext4 -q -F "$@" "$IMAGE"
	mounted noatime
	filled "$MOUNT"
	chattr +i "$MOUNT/deep/old"
	chattr +a "$MOUNT/deep/far"
	unmounted
}

# partitioned gpt|dos: $T/disk with a root, a /boot and a swap partition; the same trees in $T/root.img, $T/boot.img
partitioned() {
	local table=$1
	truncate -s 24M "$T/root.img"
	mkfs.ext4 -q -F -L rootfs "$T/root.img"
	mounted noatime "$T/root.img"
	mkdir "$MOUNT/boot" "$MOUNT/dev" "$MOUNT/etc" "$MOUNT/proc" "$MOUNT/run"
	mknod "$MOUNT/dev/null" c 1 3
	ln -s /proc/self/fd "$MOUNT/dev/fd"
	echo under >"$MOUNT/boot/under-the-mount"
	echo root >"$MOUNT/etc/hostname"
	unmounted
	truncate -s 16M "$T/boot.img"
	mkfs.ext4 -q -F -L bootfs "$T/boot.img"
	mounted noatime "$T/boot.img"
	echo kernel >"$MOUNT/vmlinuz"
	unmounted
	truncate -s 64M "$T/disk"
	printf 'label: %s\nstart=2048, size=32768\nstart=34816, size=49152\nstart=83968, size=8192\n' "$table" | sfdisk -q "$T/disk"
	dd if="$T/boot.img" of="$T/disk" bs=1M seek=1 conv=notrunc,sparse status=none
	dd if="$T/root.img" of="$T/disk" bs=1M seek=17 conv=notrunc,sparse status=none
	truncate -s 4M "$T/swap"
	mkswap -q "$T/swap"
	dd if="$T/swap" of="$T/disk" bs=1M seek=41 conv=notrunc,sparse status=none
}

# recorded: $T/state/baseline.db of a system that runs on both, made in a root of its own, with their mounts in its table
recorded() {
	local static
	static=$(dirname "$TALLY")/tally-$(uname -m) # tests/run lays it there, beside each build
	[ -x "$static" ] || skip "no static program lies beside the one under test: $static"
	cp -L "$static" "$T/static"
	own_mounts '
		mount -o loop,ro,noload "$1/root.img" "$1/mnt" && mount -o loop,ro,noload "$1/boot.img" "$1/mnt/boot" &&
			mount -t proc none "$1/mnt/proc" && mount -t tmpfs none "$1/mnt/run" && mount -t devtmpfs none "$1/mnt/dev" || exit 99
		mkdir "$1/mnt/run/config" "$1/mnt/run/state"
		cp "$1/static" "$1/mnt/run/tally"
		cp "$1/rules.yaml" "$1/mnt/run/config/policy.yaml"
		chroot "$1/mnt" /run/tally init --config /run/config --state /run/state --quiet || exit 98
		cp "$1/mnt/run/state/baseline.db" "$1/mnt/run/config/host.pub" "$1/"
	' "$T"
}

image_teardown() {
	mountpoint -q "$MOUNT" && umount -l "$MOUNT"
	true
}
