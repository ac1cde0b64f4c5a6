#!/usr/bin/env bats
# tally policy check|show, and what a policy makes of a tree.

load lib

setup() {
	area
}

@test "a valid policy" {
	must 0 tally policy check
	must 0 tally policy show
	has "$TREE" && has static
	text=$output
	must 0 tally policy show --json
	[ "$(json '.[0] | [.record, .format] | @csv')" = '"policy",1' ]
	[ "$(json '.[0].text')" = "$text" ]
}

@test "what show prints is a policy again" {
	policy <<-EOF
		version: 1
		profiles:
		  mine: [type, mode, content]
		  quiet: {from: static, without: [mtime, ctime]}
		rules:
		  - path: $TREE
		    profile: mine
		  - path: $TREE/*.log
		    only: files
		    severity: low
		  - path: $TREE/q
		    profile: quiet
	EOF
	must 0 tally policy show
	first=$output
	printf '%s\n' "$output" >"$CONFIG/policy.yaml"
	must 0 tally policy check
	must 0 tally policy show
	[ "$output" = "$first" ]
}

@test "every error names file, line, column and what was expected" {
	while IFS='|' read -r where pattern text; do
		printf '%b' "$text" >"$CONFIG/policy.yaml"
		must 78 tally policy check
		error_like "$where"
		[[ $stderr =~ $pattern ]] || { echo "no '$pattern' in: $stderr"; false; }
		must 78 tally policy show
		[ -z "$output" ]
	done <<-'EOF'
		policy.yaml:2:1|rules|version: 1\nrulez: []\n
		policy.yaml:4:5|profile|version: 1\nrules:\n  - path: /etc\n    profil: static\n
		policy.yaml:4:14|static|version: 1\nrules:\n  - path: /etc\n    profile: sttic\n
		policy.yaml:4:15|high|version: 1\nrules:\n  - path: /etc\n    severity: hihg\n
		policy.yaml:3:11|/|version: 1\nrules:\n  - path: etc\n    profile: static\n
		policy.yaml:3:.*|self|version: 1\nrules:\n  - {path: /etc, only: sef}\n
		policy.yaml:3:.*|mtime|version: 1\nprofiles:\n  mine: [type, mtme]\nrules: []\n
		policy.yaml:1:.*|version|version: 7\n
		policy.yaml:.*|version|rules: []\n
		policy.yaml:[23]:.*||version: 1\nrules: [\n
		policy.yaml:3:.*|path|version: 1\nrules:\n  - profile: static\n
	EOF
}

@test "bytes that are no YAML, and YAML that goes too deep" {
	head -c 2000 /dev/urandom >"$CONFIG/policy.yaml"
	must 78 tally policy check
	error_like ''
	{ printf 'version: 1\nrules: '; printf '[%.0s' {1..2000}; } >"$CONFIG/policy.yaml"
	must 78 tally policy check
	error_like ''
	printf 'version: 1\na: &a [x]\nrules: *a\n' >"$CONFIG/policy.yaml"
	must 78 tally policy check
	head -c 2000000 /dev/zero | tr '\0' '#' >"$CONFIG/policy.yaml"
	must '78|65' tally policy check
	error_like ''
}

@test "the last rule that matches decides, policy.d comes after, in C order" {
	mkdir "$CONFIG/policy.d" "$TREE/x"
	touch "$TREE/x/f"
	printf 'version: 1\nrules:\n  - path: %s/x\n    severity: critical\n' "$TREE" >"$CONFIG/policy.d/20-b.yaml"
	printf 'version: 1\nrules:\n  - path: %s/x\n    severity: info\n' "$TREE" >"$CONFIG/policy.d/10-a.yaml"
	must 0 tally init
	echo x >"$TREE/x/f"
	checked 4
	[ "$(json '.[0].severity')" = critical ]
	[ "$(json '.[0].rule')" = policy.d/20-b.yaml:3 ]
}

@test "exclude, only and profiles" {
	policy <<-EOF
		version: 1
		rules:
		  - path: $TREE
		    profile: static
		  - path: $TREE/out
		    exclude: true
		  - path: $TREE/out/kept
		    profile: static
		  - path: $TREE/self
		    only: self
		    profile: owner
		  - path: $TREE/**/*.tmp
		    exclude: true
		  - path: $TREE/conf
		    profile: config
	EOF
	mkdir -p "$TREE/out/kept" "$TREE/self" "$TREE/conf" "$TREE/deep/er"
	touch "$TREE/out/gone" "$TREE/out/kept/f" "$TREE/self/f" "$TREE/conf/c" "$TREE/deep/er/x.tmp"
	must 0 tally init
	must 0 tally show
	lacks out/gone && has out/kept/f && lacks x.tmp
	touch "$TREE/out/another"
	echo x >"$TREE/deep/er/x.tmp"
	touch -d 2001-01-01 "$TREE/conf/c"
	checked 0
	echo x >"$TREE/out/kept/f" && echo x >"$TREE/conf/c"
	checked 4
	expect changed out/kept/f && expect changed conf/c content && expect_count 2
	[ "$(json '.[-1].excluded')" -ge 1 ]
}

@test "a rule whose path runs through a symbolic link gets a warning" {
	mkdir "$TREE/real" && touch "$TREE/real/f" && ln -s "$TREE/real" "$T/via"
	printf '  - path: %s/via/f\n    profile: static\n' "$T" >>"$CONFIG/policy.yaml"
	must 0 tally policy check
	[[ $stderr == *"$T/via"* ]] || [[ $output == *"$T/via"* ]]
}

@test "the default policy is valid" {
	default=$BATS_TEST_DIRNAME/../../conf/policy.yaml
	[ -f "$default" ]
	cp "$default" "$CONFIG/policy.yaml"
	must 0 tally policy check
	for path in /boot/vmlinuz /usr/bin/ls /usr/lib/x86_64-linux-gnu/libc.so.6 /etc/passwd /etc/cron.d/x /etc/systemd/system/x.service \
		/root/.ssh/authorized_keys /home/somebody/.ssh/authorized_keys /home/somebody/.bashrc /root/.profile /var/spool/cron/crontabs/root; do
		must 0 tally explain --json "$path"
		[ "$(json '.[0].in_scope')" = true ] || { echo "$path: $output"; false; }
	done
}
