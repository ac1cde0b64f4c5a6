#!/usr/bin/env bats
# Files that moved are recognised by their content.

load lib

setup() {
	area
	mkdir "$TREE/d"
	for name in a b c; do echo "content of $name" >"$TREE/$name"; done
	: >"$TREE/empty"
}

@test "a renamed file is one move" {
	must 0 tally init
	mv "$TREE/a" "$TREE/d/renamed"
	checked 4
	expect moved d/renamed
	expect_count 1
	[ "$(json '.[0].from')" = "$TREE/a" ]
	[ "$(json '.[-1] | [.moved, .added, .removed] | @csv')" = 1,0,0 ]
	[ "$(json '.[0].before.digest == .[0].after.digest')" = true ]
	must 4 tally check
	has "$TREE/a" && has d/renamed
}

@test "copies and empty files are no moves" {
	cp "$TREE/a" "$TREE/a-copy"
	must 0 tally init
	mv "$TREE/a" "$TREE/d/a"
	mv "$TREE/empty" "$TREE/d/empty"
	rm "$TREE/a-copy"
	checked 3
	[ "$(json '.[-1].moved')" = 0 ]
	expect_count 5
}

@test "a moved directory: its files are moves" {
	mkdir "$TREE/old"
	for i in 1 2 3; do echo "file $i" >"$TREE/old/$i"; done
	must 0 tally init
	mv "$TREE/old" "$TREE/new"
	checked 7
	[ "$(json '.[-1] | [.moved, .added, .removed] | @csv')" = 3,1,1 ]
}

@test "a move that also changed the mode says so" {
	must 0 tally init
	mv "$TREE/b" "$TREE/d/b" && chmod 4755 "$TREE/d/b"
	checked 4
	expect moved d/b mode
}
