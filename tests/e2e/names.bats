#!/usr/bin/env bats
# Names are bytes: whatever a file system holds is recorded, found again and told without harm.

load lib

setup() {
	area
}

odd_names() {
	printf '%s\0' $'new\nline' $'escape\e[31mred\e]0;title\a' $'latin\xe9' 'pipe|quote"'\''back\slash' ' blank ' '-dash' 'percent%s%n' \
		$'tab\tcr\r' $'\xff\xfe' $'bidi\xe2\x80\xaereversed' 'ünïcode✓' '*?[a]' "$(printf 'n%.0s' {1..255})" '#hash' $'del\x7f' $'c1\xc2\x9b31m'
}

@test "odd names: recorded, nothing false, changes found, no control character told" {
	while LC_ALL=C IFS= read -r -d '' name; do echo x >"$TREE/$name"; done < <(odd_names)
	must 0 tally init
	checked 0
	[ "$(json '.[-1].examined')" = 17 ] || { echo "$output"; tally show; false; }
	while LC_ALL=C IFS= read -r -d '' name; do echo yy >"$TREE/$name"; done < <(odd_names)
	checked 4
	expect_count 16
	no_control
	must 4 tally check
	no_control
	must 0 tally show
	no_control
	must 4 tally check --no-color
	no_control
}

@test "what was escaped comes with its exact bytes" {
	name=$'latin\xe9\n\\'
	echo x >"$TREE/$name"
	echo x >"$TREE/plain"
	must 0 tally init
	echo y >>"$TREE/$name"
	echo y >>"$TREE/plain"
	checked 4
	[ "$(json '.[0].path')" = "$TREE/latin\\xe9\\x0a\\\\" ] || { json '.[0].path'; false; }
	[ "$(json '.[0].path_b64' | base64 -d)" = "$TREE/$name" ]
	[ "$(json '.[1] | has("path_b64")')" = false ]
}

@test "odd link targets and xattr names" {
	ln -s $'target\e[1m\n' "$TREE/l"
	touch "$TREE/x"
	setfattr -n $'user.odd\e|name' -v "$(printf 'v%.0s' {1..200})" "$TREE/x"
	must 0 tally init
	checked 0
	rm "$TREE/l" && ln -s $'other\xff' "$TREE/l"
	setfattr -x $'user.odd\e|name' "$TREE/x"
	checked 4
	expect changed l target
	expect_exactly changed x xattrs
	no_control
	[ "$(json '.[] | select(.path? | . != null and endswith("/l")) | .after.target_b64' | base64 -d | od -An -tx1 | tr -d ' \n')" = 6f74686572ff ]
	must 4 tally check
	no_control
}

@test "a path of more than 4,096 bytes, directories 1,000 deep" {
	python3 - "$TREE" <<-'EOF'
		import os, sys
		os.chdir(sys.argv[1])
		for name, depth in (("d", 1000), ("n" * 250, 20)):
		    here = os.open(".", os.O_RDONLY)
		    for _ in range(depth):
		        os.mkdir(name)
		        os.chdir(name)
		    with open("file", "w") as file:
		        file.write("deep")
		    os.fchdir(here)
	EOF
	must 0 tally init
	checked 0
	[ "$(json '.[-1].examined')" = 1023 ]
	python3 - "$TREE" <<-'EOF'
		import os, sys
		os.chdir(sys.argv[1])
		for name, depth in (("d", 1000), ("n" * 250, 20)):
		    here = os.open(".", os.O_RDONLY)
		    for _ in range(depth):
		        os.chdir(name)
		    with open("file", "w") as file:
		        file.write("DEEP")
		    os.fchdir(here)
	EOF
	checked 4
	expect_count 2
	[ "$(json '[.[] | select(.record == "change") | .path | length] | max')" -gt 4096 ]
	must 0 tally accept --all
	checked 0
}

@test "a directory of many names" {
	(cd "$TREE" && seq -f 'file-%g' 20000 | xargs touch)
	must 0 tally init
	checked 0
	[ "$(json '.[-1].examined')" = 20001 ]
	(cd "$TREE" && seq -f 'file-%g' 7 1000 20000 | xargs rm)
	checked 2
	expect_count 20
}

@test "siblings that sort between a directory and what is in it" {
	mkdir "$TREE/a" "$TREE/a!" "$TREE/a-b" "$TREE/a0"
	touch "$TREE/a/x" "$TREE/a!/x" "$TREE/a-b/x" "$TREE/a0/x" "$TREE/a.x" "$TREE/a/"$'\x01'
	must 0 tally init
	checked 0
	echo 1 >"$TREE/a/x" && echo 1 >"$TREE/a-b/x" && touch "$TREE/a-c"
	checked 5
	expect_count 3
	must 0 tally accept "$TREE/a"
	checked 5
	expect_count 2
}
