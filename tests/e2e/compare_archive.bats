#!/usr/bin/env bats
# Archives beside the tree they were made of: equal but for what they cannot hold, each damage found and nothing else, also when
# they are cut, damaged or forged. All of it passes through the confined parser: a system call too many would kill it.
load lib

setup() {
	area
	DIR=$T/dir ARCHIVE=$T/archive RULES=$T/rules.yaml
	printf 'version: 1\nrules:\n  - path: /\n    profile: static\n' >"$RULES"
	filled
}

filled() {
	local i
	mkdir -p "$DIR/etc/ssh" "$DIR/usr/bin" "$DIR/empty"
	for i in $(seq 60); do seq "$i" $((i * 40)) >"$DIR/usr/bin/tool$i"; done
	chmod 755 "$DIR"/usr/bin/*
	printf '\177ELF and more' >"$DIR/usr/bin/elf"
	echo 'root:x:0:0::/:/bin/sh' >"$DIR/etc/passwd"
	echo 'Port 22' >"$DIR/etc/ssh/config"
	ln -s ../etc/passwd "$DIR/usr/link"
	ln "$DIR/usr/bin/tool3" "$DIR/usr/bin/tool3-again"
	: >"$DIR/etc/nothing"
	truncate -s 2M "$DIR/sparse"
	printf x | dd of="$DIR/sparse" bs=1 seek=1000000 conv=notrunc status=none
	echo odd >"$DIR/$(printf 'odd\nname \xff')"
	echo composed >"$DIR/$(printf '\xc3\xa9')"
	echo decomposed >"$DIR/$(printf 'e\xcc\x81')"
	touch -d '2001-02-03 04:05:06.789012345' "$DIR/etc/passwd" "$DIR/empty"
	if setfattr -n user.note -v text "$DIR/etc/passwd" 2>/dev/null; then
		setfacl -m u:4711:r,g:4712:rw "$DIR/etc/ssh/config"
		setfacl -d -m u:4711:rx "$DIR/etc/ssh"
		XATTRS=yes
	fi
	[ "$(id -u)" -ne 0 ] || setcap cap_net_raw+ep "$DIR/usr/bin/elf" 2>/dev/null || true
}

# not_compared WORDS: exactly these attributes of everything; examined in all
not_compared() {
	local found
	found=$(json '.[-1].attributes_not_compared | sort | join(" ")')
	[ "$found" = "$1" ] || { echo "not compared: $found, where '$1' was expected"; return 1; }
	[ "$(json '.[-1].examined')" -eq "$(find "$DIR" -printf x | wc -c)" ]
}

# both WORDS: the folder and the archive are equal, both ways, but for these attributes
both() {
	compared 0 "$DIR" "$ARCHIVE" && not_compared "$1" && compared 0 "$ARCHIVE" "$DIR" && not_compared "$1"
}

# packed PROGRAM...: the folder as a pax archive with all that tar has, through the compressor
packed() {
	tar --format=pax --xattrs --xattrs-include='*' --acls -c -C "$DIR" . | "${@-cat}" >"$ARCHIVE"
}

damaged() {
	sed -i s/22/23/ "$DIR/etc/ssh/config"
	chmod 4755 "$DIR/usr/bin/tool1"
	rm "$DIR/usr/bin/tool2"
	echo new >"$DIR/etc/new"
	ln -sfn ../etc/shadow "$DIR/usr/link"
	touch -d '2003-01-01' "$DIR/usr/bin/tool9"
	mv "$DIR/usr/bin/tool50" "$DIR/moved"
	# same size, and the time put back
	printf 'toor' | dd of="$DIR/etc/passwd" bs=1 conv=notrunc status=none
	touch -d '2001-02-03 04:05:06.789012345' "$DIR/etc/passwd"
}

# found: what damaged() did, with the archive as a
found() {
	expect changed /etc/ssh/config content
	expect changed /usr/bin/tool1 mode
	expect removed /usr/bin/tool2
	expect added /etc/new
	expect changed /usr/link target
	expect changed /usr/bin/tool9 mtime
	expect moved /moved
	expect_exactly changed /etc/passwd content
	expect_count 8
}

@test "pax: equal in all but identity and flags, plain and through each compressor; damage is found" {
	local program lacks='btime ctime flags inode links'
	[ -n "${XATTRS-}" ] || lacks='acl btime caps ctime flags inode links selinux xattrs'
	if [ -n "${XATTRS-}" ]; then # nobody has a label, so nobody knows whether the writer looked
		lacks='btime ctime flags inode links selinux'
		[ "$(id -u)" -eq 0 ] || lacks='btime caps ctime flags inode links selinux'
	fi
	for program in cat gzip bzip2 xz zstd; do
		packed "$program"
		both "$lacks"
		lacks 'to the second'
	done
	damaged
	compared 7 "$ARCHIVE" "$DIR"
	found
	compared 7 "$DIR" "$ARCHIVE"
	expect_count 8
	expect added /usr/bin/tool2
}

@test "extended attributes, access lists and capabilities that were planted" {
	needs_root 'capabilities'
	[ -n "${XATTRS-}" ] || skip 'no extended attributes here'
	packed
	setfattr -n user.note -v other "$DIR/etc/passwd"
	setfacl -m u:4711:rwx "$DIR/etc/ssh/config"
	setfacl -d -x u:4711 "$DIR/etc/ssh"
	setcap cap_setuid+ep "$DIR/usr/bin/tool5"
	compared 4 "$ARCHIVE" "$DIR"
	expect_exactly changed /etc/passwd xattrs
	expect changed /etc/ssh/config acl
	expect changed /etc/ssh acl
	expect_exactly changed /usr/bin/tool5 caps
	expect_count 4
}

# packed_inside: packed(), as on the system whose etc/passwd and etc/group the folder has
packed_inside() {
	unshare --mount bash -c 'mount --bind "$0/etc/passwd" /etc/passwd && mount --bind "$0/etc/group" /etc/group &&
		tar --format=pax --acls -c -C "$0" . >"$1"' "$DIR" "$ARCHIVE"
	[ "$(grep -ac ':jane:' "$ARCHIVE")" -ge 1 ]
}

@test "access lists by name, as GNU tar writes them: the archive's own passwd and group have the numbers" {
	needs_root 'mounts of its own'
	[ -n "${XATTRS-}" ] || skip 'no extended attributes here'
	printf 'root:x:0:0::/:/bin/sh\njane:x:5555:5::/:/bin/sh\ndaemon:x:6666:6::/:/bin/sh' >"$DIR/etc/passwd"
	printf 'root:x:0:\nadm:x:7777:jane\n' >"$DIR/etc/group"
	setfacl -m u:5555:rw,u:6666:r,g:7777:x,u:8888:r "$DIR/etc/ssh/config"
	setfacl -d -m g:7777:rx "$DIR/etc/ssh"
	find "$DIR" -depth -exec touch -h -d '2001-02-03 04:05:06' {} + # mkfs keeps no fractions
	packed_inside
	compared 0 "$DIR" "$ARCHIVE"
	[ "$(json '.[-1].remarks | map(select(test("etc/passwd and etc/group"))) | length')" -eq 1 ]
	compared 0 "$ARCHIVE" "$DIR"
	truncate -s 16M "$T/image"
	must 0 mkfs.ext4 -q -F -d "$DIR" "$T/image"
	compared 2 "$T/image" "$ARCHIVE"
	expect removed /lost+found
	expect_count 1
	setfacl -m u:5555:r "$DIR/etc/ssh/config"
	setfacl -d -m g:7777:x "$DIR/etc/ssh"
	compared 4 "$ARCHIVE" "$DIR"
	expect_exactly changed /etc/ssh/config acl
	expect_exactly changed /etc/ssh acl
	expect_count 2
	# bsdtar writes numbers
	bsdtar --format=pax --xattrs --acls -cf "$ARCHIVE" -C "$DIR" .
	compared 0 "$DIR" "$ARCHIVE"
	[ "$(json '.[-1].remarks | map(select(test("etc/passwd and etc/group"))) | length')" -eq 0 ]
	# nobody in the archive knows the name: this machine, which does, is not asked
	packed_inside
	tar --delete -f "$ARCHIVE" ./etc/passwd
	compared 10 "$DIR" "$ARCHIVE"
	expect_unexamined /etc/ssh/config
	has "an access list that names 'jane', of whom the archive's own etc/passwd gives no number"
}

@test "ustar, GNU tar, cpio: equal to the second; damage is found" {
	local lacks='acl btime caps ctime flags inode links selinux xattrs'
	tar --format=gnu -S -cf "$ARCHIVE" -C "$DIR" .
	both "$lacks"
	has 'times compared to the second'
	tar --format=ustar -cf "$ARCHIVE" -C "$DIR" .
	both "$lacks"
	(cd "$DIR" && find . -print0 | cpio --quiet -0 -o -H newc >"$ARCHIVE")
	both "$lacks"
	(cd "$DIR" && find . -depth -print0 | cpio --quiet -0 -o -H crc | xz >"$ARCHIVE")
	both "$lacks"
	damaged
	compared 7 "$ARCHIVE" "$DIR"
	found
}

@test "zip: the root is no member, and only its type is known" {
	(cd "$DIR" && zip -qry "$ARCHIVE.zip" .)
	ARCHIVE=$ARCHIVE.zip
	both 'acl btime caps ctime flags inode links selinux xattrs'
	[ "$(json '.[-1].incomparable.mode')" -eq 1 ]
	damaged
	compared 7 "$ARCHIVE" "$DIR"
	found
	# written where nothing but names and contents is kept; directories are implied
	python3 - "$ARCHIVE" "$DIR/usr/bin" <<-'EOF'
		import os, sys, zipfile
		with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as archive:
		    for name in os.listdir(sys.argv[2]):
		        info = zipfile.ZipInfo("deep/er/" + name)
		        info.create_system = 0
		        archive.writestr(info, open(sys.argv[2] + "/" + name, "rb").read(), zipfile.ZIP_DEFLATED)
	EOF
	mkdir -p "$T/other/deep"
	cp -a "$DIR/usr/bin" "$T/other/deep/er"
	compared 0 "$T/other" "$ARCHIVE"
	found=$(json '.[-1].attributes_not_compared | join(" ")')
	[ "$found" = 'mode owner group mtime ctime btime inode links xattrs acl caps selinux flags' ] || { echo "$found"; return 1; }
	echo x >>"$T/other/deep/er/tool7"
	compared 4 "$T/other" "$ARCHIVE"
	expect_exactly changed /deep/er/tool7 content size
}

@test "with a baseline, both ways; with another archive; --at" {
	policy <"$RULES"
	must 0 tally init --from "$DIR"
	packed gzip
	must 0 "$TALLY" compare --json "$STATE/baseline.db" "$ARCHIVE" --trust "$CONFIG/host.pub"
	[ "$(json '.[-1].authentic')" = true ]
	(cd "$DIR" && find . -print0 | cpio --quiet -0 -o -H newc >"$T/cpio")
	must 0 "$TALLY" compare --json "$ARCHIVE" "$T/cpio" --policy "$RULES"
	damaged
	packed zstd
	must 7 "$TALLY" compare --json "$STATE/baseline.db" "$ARCHIVE" --trust "$CONFIG/host.pub"
	found
	must 7 "$TALLY" compare --json "$ARCHIVE" "$STATE/baseline.db" --trust "$CONFIG/host.pub"
	expect removed /etc/new
	tar --format=pax -cf "$ARCHIVE" -C "$DIR/etc" .
	compared 0 "$DIR" "$ARCHIVE" --at /etc
	[ "$(json '.[-1].examined')" -eq "$(find "$DIR/etc" -printf x | wc -c)" ]
}

@test "named by a prefix, or by what it begins with" {
	packed
	compared 0 "$DIR" "archive:$ARCHIVE"
	[ "$(json '.[-1].b.kind')" = archive ]
	must 65 "$TALLY" compare --policy "$RULES" "$DIR" "image:$ARCHIVE"
	must 65 "$TALLY" compare --policy "$RULES" "$DIR" "archive:$RULES"
	error_like 'neither tar nor cpio nor zip'
	must 66 "$TALLY" compare --policy "$RULES" "$DIR" "archive:$T/missing"
	seq 100 | gzip >"$T/no-archive"
	must 65 "$TALLY" compare --policy "$RULES" "$DIR" "$T/no-archive"
	error_like 'what is in it is no archive'
}

@test "a cut archive: what is there is compared, what is missing is not called removed" {
	packed
	truncate -s 30000 "$ARCHIVE"
	compared 8 "$DIR" "$ARCHIVE"
	expect_count 0
	jq -es 'any(.record == "unexamined" and .side == "b" and (.reason | test("paths? of the other side not compared")))' <<<"$output"
	packed gzip
	truncate -s 5000 "$ARCHIVE"
	compared 8 "$DIR" "$ARCHIVE"
	expect_count 0
	compared 8 "$ARCHIVE" "$DIR"
	expect_count 0
}

@test "names that lead outside are told, hostile ones do no harm" {
	python3 - "$ARCHIVE" <<-'EOF'
		import io, sys, tarfile
		with tarfile.open(sys.argv[1], "w") as archive:
		    for name in ("../../outside", "/etc/absolute", "a/../../b", "twice", "twice"):
		        info = tarfile.TarInfo(name)
		        info.size = len(name)
		        archive.addfile(info, io.BytesIO(name.encode()))
		    for name, target in (("hard", "../../../etc/shadow"), ("gone", "nowhere"), ("loop", "loop")):
		        info = tarfile.TarInfo(name)
		        info.type, info.linkname = tarfile.LNKTYPE, target
		        archive.addfile(info)
	EOF
	mkdir "$T/none"
	compared 9 "$T/none" "$ARCHIVE"
	expect added /etc/absolute
	expect added /twice
	[ "$(json 'map(select(.record == "unexamined")) | length')" -eq 5 ]
	must 9 "$TALLY" compare --policy "$RULES" "$T/none" "$ARCHIVE"
	has "leads out of the archive's root"
	no_control
	[ ! -e "$T/outside" ]
}

@test "no character set is loaded, and no system call is too many" {
	[ "${TALLY_PRESET-dev}" = dev ] || skip "strace and the sanitizers' own files do not go together, nor the counters of a coverage build"
	packed xz
	(cd "$DIR" && zip -qry "$T/zip.zip" .)
	for ARCHIVE in "$ARCHIVE" "$T/zip.zip"; do
		must 0 strace -f -y -e trace=%file,execve -o "$T/trace" -E TZ "$TALLY" compare --policy "$RULES" "$DIR" "$ARCHIVE"
		must 1 grep -E 'gconv|SIGSYS' "$T/trace"
	done
}

@test "a small archive whose names imply gigabytes of directories: no more than is sensible is kept, and that is said" {
	python3 - "$ARCHIVE" <<-EOF
		import sys, tarfile
		with tarfile.open(sys.argv[1], "w:gz", format=tarfile.PAX_FORMAT) as archive:
		    archive.add("/dev/null", "first")
		    for i in range(3):
		        archive.addfile(tarfile.TarInfo(str(i) + "/a" * 30000))
	EOF
	mkdir "$T/empty"
	must 9 "$TALLY" compare --json --policy "$RULES" "$T/empty" "$ARCHIVE"
	[ "$(json 'map(select(.record == "unexamined").reason) | join(";")' | grep -c 'too many directories that are no members')" -eq 1 ]
}
