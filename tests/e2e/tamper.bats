#!/usr/bin/env bats
# A baseline that somebody laid hands on either reads exactly as before or is 16 or 65, never another verdict.

load lib

setup() {
	area
	mkdir "$TREE/d"
	for i in 1 2 3 4 5; do echo "$i" >"$TREE/d/$i"; done
	setfattr -n user.x -v y "$TREE/d/1"
	ln -s 1 "$TREE/d/l"
	must 0 tally init
	DB=$STATE/baseline.db
	cp "$DB" "$T/good.db"
	cp "$STATE/seen" "$T/good.seen"
}

# refused: check and verify say 16 or 65 on one line, and no verdict
refused() {
	must '16|65' tally check --json || return 1
	[ -z "$output" ] || { echo "a verdict all the same: $output"; return 1; }
	error_like '' || return 1
	must '16|65' tally verify
}

# sql TEXT: changes the installed baseline
sql() {
	sqlite3 "$DB" "$1"
	[ "$(sha256sum <"$DB")" != "$(sha256sum <"$T/good.db")" ] || { echo "nothing was changed by: $1"; return 1; }
}

restore() {
	rm -f "$STATE"/*
	cp "$T/good.db" "$DB"
	cp "$T/good.seen" "$STATE/seen"
}

verdict() {
	jq -cS 'del(.seconds)' <<<"$output"
}

# flip FILE OFFSET: one byte, one bit or all of them
flip() {
	local byte mask=${3-1}
	byte=$(od -An -tu1 -j "$2" -N 1 "$1")
	# shellcheck disable=SC2059
	printf "$(printf '\\x%02x' $((byte ^ mask)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

@test "any one byte flipped" {
	RANDOM=${TALLY_SEED:-$$}
	echo "seed ${TALLY_SEED:-$$} (TALLY_SEED repeats it)"
	checked 0
	good=$(verdict)
	size=$(stat -c %s "$DB")
	caught=0 same=0
	rounds=400
	[ "${TALLY_PRESET-dev}" = dev ] || rounds=160 # the sanitizers look at the parsing, the dev build at the verdicts
	for ((round = 0; round < rounds; round++)); do
		offset=$(((RANDOM * 32768 + RANDOM) % size))
		[ "$round" -ge 100 ] || offset=$round # all of the header
		flip "$DB" "$offset" $((1 + RANDOM % 255))
		run --separate-stderr timeout 60 "$TALLY" check --json
		case $status in
		16 | 65)
			[ -z "$output" ] || { echo "offset $offset: a verdict beside status $status: $output"; false; }
			error_like '' || { echo "offset $offset"; false; }
			caught=$((caught + 1))
			;;
		0)
			[ "$(verdict)" = "$good" ] || { echo "offset $offset: another verdict: $output"; false; }
			same=$((same + 1))
			;;
		*)
			echo "offset $offset: status $status: $output $stderr"
			false
			;;
		esac
		cp "$T/good.db" "$DB"
	done
	echo "$caught caught, $same unused"
	[ "$caught" -gt 20 ]
}

@test "every byte of a statement, a signature's value, a policy and a row" {
	# one flipped byte of each stored text, at several places, must be caught: these bytes are all used
	for needle in 'tallystick-baseline: 1' 'host-id: ' 'sequence: ' 'entries: ' 'root: ' 'policy: '; do
		offset=$(grep -abo "$needle" "$DB" | head -n 1 | cut -d: -f1)
		[ -n "$offset" ] || { echo "no '$needle' in the file"; false; }
		for add in 0 3 $((${#needle} + 0)); do
			flip "$DB" $((offset + add))
			refused || { echo "$needle +$add"; false; }
			restore
		done
	done
}

@test "rows deleted, inserted, swapped, changed" {
	path="cast('$TREE/d/1' as blob)"
	other="cast('$TREE/d/2' as blob)"
	[ "$(stored "select count(*) from entry where path=$path")" = 1 ]
	sql "delete from entry where path=$path"
	refused
	restore
	sql "delete from entry"
	refused
	restore
	columns=$(stored "select group_concat(name) from pragma_table_info('entry') where name<>'path'")
	sql "insert into entry(path,$columns) select cast('$TREE/d/9' as blob),$columns from entry where path=$path"
	refused
	restore
	sql "update entry set path=cast('tmp' as blob) where path=$path; update entry set path=$path where path=$other;
		update entry set path=$other where path=cast('tmp' as blob)"
	refused
	restore
	for column in ${columns//,/ }; do
		cp "$DB" "$T/try.db"
		case $(stored "select typeof($column) from entry where path=$path") in
		integer) change="$column=$column+1" ;;
		null) change="$column=1" ;;
		text) change="$column=$column||'x'" ;;
		*) change="$column=cast($column||x'00' as blob)" ;;
		esac
		sqlite3 "$DB" "update entry set $change where path=$path" || continue
		must '16|65' tally check --json || { echo "column $column"; false; }
		[ -z "$output" ]
		restore
		# a value of another type that would convert to the same
		sqlite3 "$DB" "update entry set $column=cast($column as text) where path=$path and typeof($column)='integer'" || continue
		[ "$(stored "select typeof($column) from entry where path=$path")" = text ] || { restore; continue; }
		must '16|65' tally check --json || { echo "column $column as text"; false; }
		restore
	done
}

@test "a table replaced by a view, a trigger, an index, another table" {
	sql 'alter table entry rename to hidden; create view entry as select * from hidden'
	refused
	restore
	sql 'create trigger t after update on entry begin delete from entry; end'
	refused
	restore
	sql 'create table more(x)'
	refused
	restore
	sql 'create index i on entry(size)' || sql 'create index i on generation(statement)'
	refused
	restore
	sql 'pragma user_version=99'
	must '16|65' tally check
	error_like 'newer tally'
	restore
	sql 'pragma application_id=1'
	refused
}

@test "a planted -wal or -journal" {
	for suffix in -wal -journal; do
		head -c 4096 /dev/urandom >"$DB$suffix"
		refused
		rm "$DB$suffix"
		: >"$DB$suffix"
		must '0|16|65' tally check --json
		rm -f "$DB$suffix"
	done
	# a real one: a copy in WAL mode with a change that only the -wal holds
	cp "$DB" "$T/w.db"
	sqlite3 "$T/w.db" 'pragma journal_mode=wal' >/dev/null
	python3 - "$T/w.db" <<-'EOF'
		import os, sqlite3, sys
		db = sqlite3.connect(sys.argv[1])
		db.execute("delete from entry where cast(path as text) like '%/1'")
		db.commit()
		os._exit(0)
	EOF
	[ -s "$T/w.db-wal" ]
	cp "$T/w.db" "$DB" && cp "$T/w.db-wal" "$DB-wal"
	refused
	rm "$DB-wal"
	must '0|16|65' tally check --json
}

@test "a signature removed, replaced, made by an unknown key" {
	sql 'delete from signature'
	refused
	restore
	sql "update signature set minisig='nothing'"
	refused
	restore
	minisign -G -W -f -p "$T/evil.pub" -s "$T/evil.key" >/dev/null
	statement 1 "$T/s"
	minisign -S -l -s "$T/evil.key" -m "$T/s" -x "$T/s.sig" >/dev/null
	sql "update signature set minisig=cast(readfile('$T/s.sig') as text)"
	refused
	restore
	# beside the good one it is listed and ignored
	sql "insert into signature select sequence, x'0102030405060708', cast(readfile('$T/s.sig') as text) from signature limit 1" ||
		sql "insert into signature select sequence, '0102030405060708', cast(readfile('$T/s.sig') as text) from signature limit 1"
	must '0|65' tally check --json
}

@test "an invalid signature by a trusted key beside a good one" {
	mkdir -p "$CONFIG/trusted.d"
	minisign -G -W -f -p "$CONFIG/trusted.d/ops.pub" -s "$T/ops.key" >/dev/null
	statement 1 "$T/s"
	minisign -S -l -s "$T/ops.key" -m "$T/s" -x "$T/s.sig" >/dev/null
	must 0 tally sign --add "$T/s.sig"
	checked 0
	[ "$(json '.[-1].signers | length')" = 2 ]
	echo other >"$T/other"
	minisign -S -l -s "$T/ops.key" -m "$T/other" -x "$T/other.sig" >/dev/null
	sqlite3 "$DB" "update signature set minisig=cast(readfile('$T/other.sig') as text) where minisig=cast(readfile('$T/s.sig') as text)"
	cmp -s "$T/good.db" "$DB" && false
	must 16 tally check --json
	[ -z "$output" ]
}

@test "the policy in the baseline" {
	table=$(stored "select name from sqlite_master where name like 'policy%' limit 1")
	[ -n "$table" ]
	sql "delete from $table"
	refused
}

@test "files that are no baseline" {
	: >"$DB"
	refused
	head -c 100000 /dev/urandom >"$DB"
	refused
	head -c 5000 "$T/good.db" >"$DB"
	refused
	rm "$DB" && sqlite3 "$DB" 'create table entry(path)'
	refused
	rm "$DB" && mkdir "$DB"
	must '16|65|66|74' tally check --json
	[ -z "$output" ]
	rmdir "$DB" && mkfifo "$DB"
	must '16|65|66|74' timeout 20 "$TALLY" check --json
}

@test "an older generation put back" {
	echo x >"$TREE/d/1"
	must 0 tally accept --all
	cp "$DB" "$T/second.db"
	cp "$T/good.db" "$DB"
	must 16 tally check --json
	[ -z "$output" ]
	error_like ''
	cp "$T/second.db" "$DB"
	checked 0
	# off the host there is no memory, but --min-sequence
	must 16 tally check --json --baseline "$T/good.db" --trust "$CONFIG/host.pub" --min-sequence 2
	checked 4 --baseline "$T/good.db" --trust "$CONFIG/host.pub" --min-sequence 1
}

@test "another statement of the same sequence" {
	mkdir "$T/twin"
	cp "$STATE"/* "$T/twin"
	echo x >"$TREE/d/1"
	must 0 tally accept --all --reason one
	must 0 tally accept --all --reason two --state "$T/twin"
	cp "$T/twin/baseline.db" "$DB"
	must 16 tally check
	[ -z "$output" ]
}

@test "the memory of the highest sequence" {
	for text in '' 'garbage' "$(head -c 300 /dev/zero | tr '\0' x)"; do
		printf '%s' "$text" >"$STATE/seen"
		must '16|65' tally check
		[ -z "$output" ]
	done
}

@test "the wrong host key, and none" {
	minisign -G -W -f -p "$CONFIG/host.pub" -s "$T/x.key" >/dev/null
	must 16 tally check
	rm "$CONFIG/host.pub"
	must '16|66' tally check
	echo garbage >"$CONFIG/host.pub"
	must '16|65' tally check
}

@test "--min-sequence counts what a trusted key signed, not what others put behind it" {
	must 0 tally key generate --no-passphrase "$T/ops"
	must 0 tally sign "$DB" --force --key "$T/ops.key" --output "$T/sig"
	mkdir "$CONFIG/trusted.d" && cp "$T/ops.pub" "$CONFIG/trusted.d/"
	must 0 tally sign --add "$T/sig"
	for i in 1 2; do
		echo "$i$i" >"$TREE/d/1"
		must 0 tally accept --all
	done
	must 16 tally check --baseline "$DB" --trust "$T/ops.pub" --min-sequence 3
	must 16 tally verify "$DB" --trust "$T/ops.pub" --min-sequence 3
	must 16 tally check --baseline "$DB" --trust "$T/ops.pub" --min-sequence 3 --generation 1
	must 4 tally check --baseline "$DB" --trust "$T/ops.pub" --min-sequence 1
	must 4 tally check --baseline "$DB" --trust "$CONFIG/host.pub" --min-sequence 3 --generation 1
}

@test "looking at one generation does not make a stranger's later one the newest seen" {
	cp -r "$CONFIG" "$T/evil"
	rm "$T/evil/host.key" "$T/evil/host.pub"
	must 0 tally key generate --no-passphrase "$T/evil/host"
	cp "$CONFIG/host.pub" "$T/evil/trusted.pub" && mkdir "$T/evil/trusted.d" && mv "$T/evil/trusted.pub" "$T/evil/trusted.d/host.pub"
	echo evil >"$TREE/d/1"
	must 0 tally accept --all --config "$T/evil"
	cp "$T/good.seen" "$STATE/seen"
	must 16 tally check
	must 4 tally check --generation 1
	cp "$T/good.db" "$DB"
	must 4 tally check
}
