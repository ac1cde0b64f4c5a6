#!/usr/bin/env bats
# tally show: recorded entries.

load lib

setup() {
	area
	mkdir "$TREE/d"
	echo hello >"$TREE/d/f" && chmod 640 "$TREE/d/f"
	ln -s f "$TREE/d/l"
	must 0 tally init
}

@test "every entry, in path order" {
	must 0 tally show
	has "$TREE/d/f" && has "$TREE/d/l"
	must 0 tally show --json
	[ "$(json '[.[] | select(.record == "entry") | .path] | . == sort')" = true ]
	[ "$(json '[.[] | select(.record == "entry")] | length')" = 4 ]
}

@test "one entry with every attribute" {
	must 0 tally show "$TREE/d/f"
	has "$(sha256sum <"$TREE/d/f" | cut -d' ' -f1)" && has 0640 && has rw-r-----
	must 0 tally show --json "$TREE/d/f"
	[ "$(json '.[0] | (.entry? // .) | [.type, .mode, .size, .uid, .links] | @csv')" = "\"file\",\"0640\",6,$(id -u),1" ]
	[ "$(json '.[0] | (.entry? // .) | .inode')" = "$(stat -c %i "$TREE/d/f")" ]
	[ "$(json '.[0] | (.entry? // .) | .mtime' | cut -c1-19)" = "$(TZ=UTC date -d "@$(stat -c %Y "$TREE/d/f")" +%Y-%m-%dT%H:%M:%S)" ]
	must 0 tally show --json "$TREE/d/l"
	[ "$(json '.[0] | (.entry? // .) | .target')" = f ]
}

@test "what lies below the path asked for is a list" {
	must 0 tally show "$TREE/d/f"
	[ "${#lines[@]}" -gt 3 ]
	detail=${#lines[@]}
	must 0 tally show "$TREE/d"
	has "$TREE/d/f" && has "$TREE/d/l" && lacks "$(sha256sum <"$TREE/d/f" | cut -d' ' -f1)"
	[ "$(grep -c "  $TREE/d/[fl]" <<<"$output")" -eq 2 ]
	must 0 tally show "$TREE/d/f" "$TREE/d/l"
	[ "${#lines[@]}" -eq 2 ] && [ "$detail" -gt 2 ]
}

@test "what it shows is what was recorded, not what is there" {
	rm -r "$TREE/d"
	must 0 tally show "$TREE/d/f"
	must 66 tally show "$TREE/nothing"
	error_like ''
}

@test "plain sqlite3 can read it" {
	run stored '.tables'
	has entry && has generation && has signature
	[ "$(stored 'pragma application_id')" -ne 0 ]
	[ "$(stored 'pragma user_version')" -ge 1 ]
	[ "$(stored 'pragma journal_mode')" = delete ]
	[ "$(stored 'pragma integrity_check')" = ok ]
	[ "$(stored 'select count(*) from entry')" = 4 ]
	view=$(stored "select name from sqlite_master where type='view' limit 1")
	[ -n "$view" ]
	stored "select * from $view" | grep -q "$(sha256sum <"$TREE/d/f" | cut -d' ' -f1)"
}
