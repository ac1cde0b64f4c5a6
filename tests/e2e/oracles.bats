#!/usr/bin/env bats
# Other programs agree with check about planted changes: aide, mtree and sha256sum -c.

load lib

setup() {
	area
	RANDOM=${TALLY_SEED:-$$}
	echo "seed ${TALLY_SEED:-$$} (TALLY_SEED repeats it)"
	for dir in a b c/d c/e/f; do
		mkdir -p "$TREE/$dir"
		for i in {1..40}; do head -c $((RANDOM % 9000 + 1)) /dev/urandom >"$TREE/$dir/$i"; done
	done
}

plant() {
	local path
	while IFS= read -r path; do
		case $((RANDOM % 5)) in
		0) rm "$path" ;;
		1) echo more >>"$path" ;;
		2) printf '\xff\x00\xff' | dd of="$path" conv=notrunc status=none ;;
		3) chmod 4711 "$path" ;;
		4) head -c 500 /dev/urandom >"$path.new" ;;
		esac
	done < <(find "$TREE" -type f | sort | awk -v start=$((RANDOM % 7)) 'NR % 7 == start')
}

# found KIND...: paths of our changes of these kinds, from the tree
found() {
	jq -r --arg tree "$TREE/" --args 'select(.record == "change" and (.kind as $k | $ARGS.positional | index($k))) | .path | ltrimstr($tree)' "$@" <<<"$output" | sort
}

@test "sha256sum -c" {
	(cd "$TREE" && find . -type f -printf '%P\0' | sort -z | xargs -0 sha256sum >"$T/sums")
	must 0 tally init
	plant
	run --separate-stderr tally check --json
	ours=$(jq -r --arg tree "$TREE/" 'select(.record == "change" and (.kind == "removed" or (.kind == "changed" and (.attributes | index("content"))))) |
		.path | ltrimstr($tree)' <<<"$output" | sort)
	theirs=$(cd "$TREE" && LC_ALL=C sha256sum -c --quiet "$T/sums" 2>/dev/null | sed -E 's/: FAILED.*//' | sort)
	[ -n "$theirs" ]
	[ "$ours" = "$theirs" ] || { diff <(echo "$ours") <(echo "$theirs"); false; }
	# and the recorded digests are sha256sum's
	must 0 tally show --json
	jq -r --arg tree "$TREE/" '(.path as $path | (.entry? // .) | select(.digest) | "\(.digest | ltrimstr("sha256:"))  \($path | ltrimstr($tree))")' <<<"$output" |
		sort | diff - <(sort "$T/sums")
}

@test "mtree" {
	mtree -c -K type,mode,uid,gid,size,link,sha256 -p "$TREE" >"$T/spec"
	must 0 tally init
	plant
	run --separate-stderr tally check --json
	mtree -f "$T/spec" -p "$TREE" >"$T/theirs" || true
	[ "$(found added)" = "$(sed -n 's/^extra: //p' "$T/theirs" | sed 's|^\./||' | sort)" ]
	[ "$(found removed)" = "$(sed -n 's/^missing: //p' "$T/theirs" | sed 's|^\./||' | sort)" ]
	# directories aside: their times only follow from what is in them
	theirs=$(grep -E '^[^ \t].*:[ \t]' "$T/theirs" | grep -vE '^(extra|missing): |^\.' | sed -E 's/:[ \t].*//' |
		while read -r path; do [ -d "$TREE/$path" ] || echo "$path"; done | sort)
	[ -n "$theirs" ]
	[ "$(found changed)" = "$theirs" ] || { diff <(found changed) <(echo "$theirs"); cat "$T/theirs"; false; }
}

@test "aide" {
	cat >"$T/aide.conf" <<-EOF
		database_in=file:$T/aide.db
		database_out=file:$T/aide.db.new
		gzip_dbout=no
		report_url=stdout
		report_level=list_entries
		$TREE p+i+n+u+g+s+m+c+acl+xattrs+ftype+sha256
	EOF
	aide -c "$T/aide.conf" --init >/dev/null
	mv "$T/aide.db.new" "$T/aide.db"
	must 0 tally init
	plant
	run --separate-stderr tally check --json
	aide -c "$T/aide.conf" --check >"$T/theirs" || true
	for kind in Added Removed Changed; do
		# directories aside: their times only follow from what is in them
		theirs=$(awk -v kind="$kind" '/entries:$/ { on = ($1 == kind) } on && /^f/ { sub(/^[^:]*: /, ""); print }' "$T/theirs" |
			sed "s|^$TREE/||" | sort)
		ours=$(found "${kind,,}")
		[ "$ours" = "$theirs" ] || { echo "$kind:"; diff <(echo "$ours") <(echo "$theirs"); false; }
	done
}
