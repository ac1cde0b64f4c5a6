#!/usr/bin/env bats
# The running system beside the device that it runs on: what is hidden from programs, what is merely in flight.
load lib
load image

setup() {
	needs_root 'loop devices and mounts'
	image_area
	truncate -s 64M "$IMAGE"
	mkfs.ext4 -q -F "$IMAGE"
	DEVICE=$(losetup --find --show "$IMAGE")
	mount "$DEVICE" "$MOUNT"
	filled "$MOUNT"
	sync -f "$MOUNT"
}

teardown() {
	[ -z "${WRITER-}" ] || dismiss "$WRITER"
	image_teardown
	losetup -d "$DEVICE"
}

# hider: a library that hides names with "rootkit" in them from the program that loads it
hider() {
	[[ $TALLY_PRESET == @(dev|release) ]] || skip 'a preloaded library and this build do not go together'
	gcc -shared -fPIC -o "$T/hide.so" "$BATS_TEST_DIRNAME/aux/hide.c" -ldl
}

@test "what runs and what its disk holds are equal in every attribute, at one look" {
	compared 0 live:/ "image:$DEVICE"
	[ "$(json '.[-1].examined')" -gt 700 ]
	[ "$(json '.[-1].attributes_not_compared | length')" -eq 0 ]
	[ "$(json '.[-1].b.details | join(" ")' | grep -c "this device is mounted on $MOUNT: read past the page cache")" -eq 1 ]
	compared 0 "image:$DEVICE" live:/
}

@test "what else the system has mounted is not compared with it" {
	mount -t tmpfs none "$MOUNT/deep"
	touch "$MOUNT/deep/in-memory"
	compared 0 live:/ "image:$DEVICE"
	umount "$MOUNT/deep"
}

@test "a hidden file and a hidden folder are found; a fresh one was in flight; one that is written all the time is said so" {
	hider
	mkdir "$MOUNT/many/rootkit.d"
	echo evil >"$MOUNT/many/rootkit.d/payload"
	echo evil >"$MOUNT/bin/rootkit.ko"
	sync -f "$MOUNT"
	(
		exec 3>&-
		while sleep 0.02; do echo line >>"$MOUNT/busy"; done
	) &
	WRITER=$!
	until [ -s "$MOUNT/busy" ]; do sleep 0.1; done
	sync -f "$MOUNT"
	echo fresh >"$MOUNT/fresh"
	export TALLY_PLAIN=$TALLY
	printf '#!/bin/sh\nLD_PRELOAD=%s exec "$TALLY_PLAIN" "$@"\n' "$T/hide.so" >"$T/tally"
	chmod +x "$T/tally"
	TALLY=$T/tally compared 9 live:/ "image:$DEVICE"
	expect_count 3
	expect added "$MOUNT/bin/rootkit.ko"
	expect added "$MOUNT/many/rootkit.d"
	expect added "$MOUNT/many/rootkit.d/payload"
	[ "$(json '[.[] | select(.path == "'"$MOUNT"'/bin/rootkit.ko")][0].after.digest')" = "sha256:$(printf 'evil\n' | sha256sum | cut -d' ' -f1)" ]
	expect_unexamined "$MOUNT/busy"
	[ "$(json '.[-1].notes | join(" ")' | grep -c 'differences were in flight')" -eq 1 ]
	[ "$(json '.[-1].remarks | join(" ")' | grep -c 'added: on the disk, and this running system does not show it')" -eq 1 ]
}
