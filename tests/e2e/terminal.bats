#!/usr/bin/env bats
# What only a terminal gets: progress and colour.

load lib

setup() {
	area
	command -v script >/dev/null || skip "script(1), of bsdutils, makes the terminal"
}

# colored: $output has a colour sequence (what wipes the progress line is none)
colored() {
	grep -q $'\e\[[0-9;]*m' <<<"$output"
}

# on_terminal WORDS: tally with these words on a terminal, what it shows in $output
on_terminal() {
	run script -qec "\"$TALLY\" $*" /dev/null </dev/null
}

@test "progress while reading, wiped at the end" {
	truncate -s 3G "$TREE/large"
	on_terminal init
	[ "$status" -eq 0 ]
	[[ $output == *$'\r'* && $output == *' read'* ]] || { cat -v <<<"$output"; false; }
	on_terminal check
	[ "$status" -eq 0 ]
	has 'NO DIFFERENCE'
}

@test "colour, unless it is not wanted" {
	touch "$TREE/f"
	must 0 tally init
	chmod 777 "$TREE/f"
	on_terminal check
	[ "$status" -eq 4 ]
	colored
	on_terminal check --no-color
	[ "$status" -eq 4 ]
	run ! colored
	NO_COLOR=1 on_terminal check
	run ! colored
	on_terminal check --json
	run ! colored
}

@test "a passphrase is asked for without echo, twice" {
	[ "${TALLY_PRESET-dev}" = dev ] || skip "seconds of scrypt each time: the dev build runs it"
	run python3 - "$TALLY" "$T/k" <<-'EOF'
		import os, pty, sys, termios, time
		pid, fd = pty.fork()
		if pid == 0:
		    os.execv(sys.argv[1], [sys.argv[1], "key", "generate", sys.argv[2]])
		shown = b""
		for _ in range(2):
		    while not shown.rstrip().endswith(b":"):
		        shown += os.read(fd, 1000)
		    while termios.tcgetattr(fd)[3] & termios.ECHO: # what is typed before the echo is off is thrown away
		        time.sleep(0.05)
		    os.write(fd, b"open sesame\n")
		    shown += b"|"
		    time.sleep(0.2)
		while True:
		    try:
		        part = os.read(fd, 1000)
		    except OSError:
		        break
		    if not part:
		        break
		    shown += part
		sys.stdout.write(shown.decode())
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	EOF
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	lacks sesame
	echo text >"$T/m"
	echo 'open sesame' | minisign -S -l -s "$T/k.key" -m "$T/m" >/dev/null
	minisign -V -p "$T/k.pub" -m "$T/m"
}

@test "an export asks for the passphrase of the key that signs it" {
	[ "${TALLY_PRESET-dev}" = dev ] || skip "seconds of scrypt each time: the dev build runs it"
	must 0 tally init
	must 0 "$TALLY" key generate "$T/op" --passphrase-fd 9 9<<<'open sesame'
	run python3 - "$TALLY" export "$T/medium" --key "$T/op.key" <<-'EOF'
		import os, pty, sys, termios, time
		pid, fd = pty.fork()
		if pid == 0:
		    os.execv(sys.argv[1], sys.argv[1:])
		shown = b""
		try:
		    while not shown.rstrip().endswith(b":"):
		        shown += os.read(fd, 1000)
		    while termios.tcgetattr(fd)[3] & termios.ECHO: # what is typed before the echo is off is thrown away
		        time.sleep(0.05)
		    os.write(fd, b"open sesame\n")
		    while data := os.read(fd, 1000):
		        shown += data
		except OSError:
		    pass
		print(shown.decode())
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	EOF
	[ "$status" -eq 0 ] || { echo "$output"; false; }
	has passphrase
	has EXPORTED
	lacks sesame
	must 0 minisign -V -p "$T/op.pub" -m "$T/medium/SHA256SUMS"
}
