#!/usr/bin/env bats
# tally check --quick: reads nothing that the inode shows to be as it was, and calls itself unverified.

load lib

setup() {
	area
	for i in {1..20}; do echo "$i" >"$TREE/$i"; done
	sleep 0.2 # past the clock's grain: what is younger is always read
}

@test "it finds what metadata shows, and says what it is" {
	must 0 tally init
	checked 0 --quick
	must 0 tally check --quick
	[[ ${lines[0]} == *UNVERIFIED* ]]
	echo seven >"$TREE/7"
	checked 4 --quick
	expect changed 7 content size
	rm "$TREE/8"
	touch "$TREE/new"
	checked 7 --quick
}

@test "it does not read what is unchanged" {
	truncate -s 2G "$TREE/large"
	sleep 0.2
	must 0 tally init
	must 0 python3 - "$TALLY" check --quick --json <<-'EOF'
		import os, subprocess, sys
		child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
		os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
		with open(f"/proc/{child.pid}/io") as io:
		    print(dict(line.split(": ") for line in io.read().splitlines())["rchar"])
		sys.exit(child.wait())
	EOF
	[ "$output" -lt 100000000 ] || { echo "read $output bytes"; false; }
}

@test "what was recorded within the clock's grain is read all the same" {
	for i in {1..20}; do
		rm -rf "$STATE" "$TREE"
		mkdir "$STATE" "$TREE"
		echo aaaa >"$TREE/f"
		must 0 tally init
		printf 'bbbb\n' >"$TREE/f"
		checked 4 --quick
		expect changed f content
		rm -f "$CONFIG"/host.*
	done
}

@test "the quick verdict says how old the last full read is" {
	must 0 tally init
	must 0 tally check
	must 0 tally check --quick
	[[ $output =~ 'last full read '.*' ago' ]] || { echo "$output"; false; }
}
