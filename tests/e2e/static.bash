# static.bash - what the e2e tests of the static program share. Load it behind lib.
#
# $TALLY_STATIC names it; tests/run builds it, and gives it to the dev build's tests only: it is no other under another preset.

static_area() {
	[ -n "${TALLY_STATIC-}" ] || skip "no static program is given (TALLY_STATIC): tests/run gives it to the dev build's tests"
	area
}

# static STATUS [argument...]; said: its words without the seconds that it took
static() {
	must "$1" "$TALLY_STATIC" "${@:2}"
}

said() {
	sed -E 's/ in [0-9.]+ s$/ in S s/; s/ in [0-9.]+ s;/ in S s;/; s/[0-9]+ [a-z]+ ago/AGO/; s/"seconds":[0-9.e-]+/"seconds":S/' <<<"$output"
}

# same STATUS [argument...]: both programs say the same
same() {
	local one
	must "$1" tally "${@:2}"
	one=$(said)
	static "$@"
	[ -n "$one" ] || return 1
	[ "$one" = "$(said)" ] || { diff <(echo "$one") <(said); echo "not the same: ${*:2}"; return 1; }
}

# hostile: an environment that would lead other programs astray, as `env` takes it
hostile() {
	local evil=$T/evil
	mkdir -p "$evil/config/trusted.d" "$evil/state" "$evil/C.UTF-8" "$evil/de_DE.UTF-8/LC_MESSAGES"
	echo 'version: nonsense' >"$evil/config/policy.yaml"
	echo nonsense | tee "$evil/config/host.pub" "$evil/config/trusted.d/require" "$evil/state/seen" "$evil/state/baseline.db" \
		"$evil/openssl.cnf" "$evil/nsswitch.conf" "$evil/gconv-modules" "$evil/Zone" "$evil/evil.so" >/dev/null
	chmod 755 "$evil/evil.so"
	environment=(TALLY_CONFIG="$evil/config" TALLY_STATE="$evil/state" TMPDIR="$evil" TZ=Zone TZDIR="$evil"
		OPENSSL_CONF="$evil/openssl.cnf" OPENSSL_MODULES="$evil" OPENSSL_ENGINES="$evil"
		LOCPATH="$evil" LC_ALL=de_DE.UTF-8 LANG=de_DE.UTF-8 LANGUAGE=de NLSPATH="$evil/%N" GCONV_PATH="$evil" CHARSET=UTF-7
		LD_PRELOAD="$evil/evil.so" LD_AUDIT="$evil/evil.so" LD_LIBRARY_PATH="$evil" LD_DEBUG=all LD_DEBUG_OUTPUT="$evil/debug"
		GLIBC_TUNABLES=glibc.malloc.check=3:glibc.malloc.perturb=165 MALLOC_CHECK_=3 MALLOC_PERTURB_=165 MALLOC_TRACE="$evil/trace"
		MALLOC_ARENA_MAX=1 SQLITE_TMPDIR="$evil" HOSTALIASES="$evil/nsswitch.conf" RES_OPTIONS=debug HOME="$evil" PATH="$evil"
		POSIXLY_CORRECT=1 GETCONF_DIR="$evil" XDG_CONFIG_HOME="$evil")
}
