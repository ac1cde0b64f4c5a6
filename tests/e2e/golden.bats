#!/usr/bin/env bats
# tally init --from: a baseline of a disk image or an archive, as of a folder.

load lib
load image

setup() {
	image_area
	needs_root 'devices, and owners of files'
	cp "$RULES" "$CONFIG/policy.yaml"
	filled "$TREE"
}

# began STATUS TREE: a first generation of it, in a state folder that holds nothing
began() {
	local want=$1
	shift
	rm -rf "$STATE"
	mkdir "$STATE"
	must "$want" tally init --from "$@"
}

# agrees SUBJECT [argument...]: no difference to the baseline, and nothing unexamined
agrees() {
	must 0 tally compare --json "baseline:$STATE/baseline.db" "$@" --trust "$CONFIG/host.pub"
	[ "$(json '.[-1] | "\(.added) \(.removed) \(.changed) \(.unexamined)"')" = '0 0 0 0' ]
}

@test "of an image: what the mounted tree holds, and a folder made of it" {
	truncate -s 64M "$IMAGE"
	mkfs.ext4 -q -O ea_inode "$IMAGE"
	mounted rw
	cp -a "$TREE/." "$MOUNT/"
	unmounted
	digest "$IMAGE" >"$T/sum"
	began 0 "$IMAGE"
	must 0 sha256sum -c "$T/sum"
	agrees "$IMAGE"
	mounted ro
	agrees "$MOUNT"
	local digest
	digest=$(sha256sum <"$MOUNT/large" | cut -d ' ' -f 1)
	unmounted
	must 0 tally show --json /large
	[ "$(json '.[0] | "\(.digest) \(.uid) \(.size)"')" = "sha256:$digest 1000 3000000" ]
	# and a change is one
	debugfs -w -R 'set_inode_field /bin/program mode 0100777' "$IMAGE" 2>/dev/null
	must 4 tally compare --json "baseline:$STATE/baseline.db" "$IMAGE" --trust "$CONFIG/host.pub"
	expect_exactly changed /bin/program mode
	expect_count 1
}

@test "of an archive: what it can't give is not recorded, and named" {
	# a tar has no sockets, and times before 1970 with fractions in two ways
	rm "$TREE/socket" "$TREE/deep/old"
	bsdtar --format pax --xattrs --acls -C "$TREE" -cf "$T/golden.tar" .
	began 0 "$T/golden.tar"
	agrees "$TREE"
	[[ $(json '.[-1].attributes_not_compared | join(" ")') == *inode* ]]
	# times of whole seconds would be wrong ones
	bsdtar --format ustar -C "$TREE" -cf "$T/golden.ustar" small hard bin
	began 0 "archive:$T/golden.ustar"
	must 0 tally show --json /small
	[ "$(json '.[0] | has("mtime")')" = false ]
	must 1 tally compare --json "baseline:$STATE/baseline.db" "$TREE" --trust "$CONFIG/host.pub"
	[ "$(json '.[-1].changed')" = 0 ]
}

# refused STATUS PATTERN TREE: one line, and no baseline
refused() {
	began "$1" "$3"
	error_like "$2"
	[ ! -e "$STATE/baseline.db" ]
	[ ! -e "$STATE/seen" ]
}

@test "half a tree is no baseline" {
	truncate -s 64M "$IMAGE"
	mkfs.ext4 -q -d "$TREE" "$IMAGE"
	cp --sparse=always "$IMAGE" "$T/damaged.img"
	# what has an entry is recorded as what could not be examined, as on a live system
	debugfs -w -R 'set_inode_field /deep block[0] 0' "$T/damaged.img" 2>/dev/null
	began 8 "$T/damaged.img"
	must 0 tally show --json /deep
	[ "$(json '.[0].failed | length > 0')" = true ]
	cp --sparse=always "$IMAGE" "$T/cut.img"
	truncate -s 40M "$T/cut.img"
	refused 65 'a baseline is made of a whole tree only' "$T/cut.img"
	bsdtar --format pax -C "$TREE" -cf "$T/whole.tar" .
	head -c 2000000 "$T/whole.tar" >"$T/cut.tar"
	refused 65 'a baseline is made of a whole tree only' "$T/cut.tar"
}

@test "a file system that its fstab puts where the root has no folder makes no baseline that nobody could read" {
	mkdir "$T/root" "$T/root/etc" "$T/data"
	echo x >"$T/data/file"
	printf 'UUID=%s %s ext4 defaults 0 0\n' 11111111-1111-4111-8111-111111111111 / 22222222-2222-4222-8222-222222222222 /srv/data \
		>"$T/root/etc/fstab"
	truncate -s 16M "$T/1" "$T/2"
	mkfs.ext4 -q -U 11111111-1111-4111-8111-111111111111 -d "$T/root" "$T/1"
	mkfs.ext4 -q -U 22222222-2222-4222-8222-222222222222 -d "$T/data" "$T/2"
	truncate -s 40M "$IMAGE"
	printf 'label: gpt\nstart=2048,size=32768\nstart=34816,size=32768\n' | sfdisk -q "$IMAGE"
	dd if="$T/1" of="$IMAGE" bs=512 seek=2048 conv=notrunc status=none
	dd if="$T/2" of="$IMAGE" bs=512 seek=34816 conv=notrunc status=none
	began 65 "$IMAGE"
	[[ $stderr == *"/srv/data: the folder above it is not there"* ]]
	[ ! -e "$STATE/baseline.db" ]
	# with the folder it is one tree
	mkdir -p "$T/root/srv/data"
	mkfs.ext4 -q -F -U 11111111-1111-4111-8111-111111111111 -d "$T/root" "$T/1"
	dd if="$T/1" of="$IMAGE" bs=512 seek=2048 conv=notrunc status=none
	began 0 "$IMAGE"
	[[ $stderr == *'the image'"'"'s own word'* ]]
	must 0 tally show --json /srv/data/file
	[ "$(json '.[0].size')" = 2 ]
	agrees "$IMAGE"
}

@test "what is no tree, or not only one" {
	refused 66 'cannot open' "$T/absent"
	refused 65 '' /bin/true
	refused 66 'directory' dir:/bin/true
	refused 64 'no kind of tree' nothing:/
	began 0 "$TREE"
	cp "$STATE/baseline.db" "$T/copy.db"
	refused 64 'is a baseline already' "$T/copy.db"
	truncate -s 160M "$IMAGE"
	mkfs.btrfs -q -f "$IMAGE"
	refused 64 'read by mounting it only' "$IMAGE"
}
