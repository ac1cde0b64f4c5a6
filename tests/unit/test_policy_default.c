/* test_policy_default.c - what the default policy says of paths that matter, on Debian and on Fedora. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/policy.h"

enum { FILE_, DIR_ };

static const struct {
	const char *path;
	int is_dir;
	const char *profile; /* NULL: not in scope */
	enum severity severity;
} rows[] = {
	/* programs, libraries, modules */
	{ "/usr", DIR_, "directory", SEVERITY_HIGH },
	{ "/usr/bin", DIR_, "static", SEVERITY_HIGH },
	{ "/usr/bin/ls", FILE_, "static", SEVERITY_HIGH },
	{ "/usr/bin/sudo", FILE_, "static", SEVERITY_CRITICAL },
	{ "/usr/local/bin/x", FILE_, "static", SEVERITY_HIGH },
	{ "/bin", FILE_, "static", SEVERITY_HIGH },
	{ "/lib64", FILE_, "static", SEVERITY_HIGH },
	{ "/usr/lib/x86_64-linux-gnu/libz.so.1", FILE_, "static", SEVERITY_HIGH },
	{ "/usr/lib/x86_64-linux-gnu/libc.so.6", FILE_, "static", SEVERITY_CRITICAL },
	{ "/usr/lib64/libc.so.6", FILE_, "static", SEVERITY_CRITICAL },
	{ "/usr/lib64/ld-linux-x86-64.so.2", FILE_, "static", SEVERITY_CRITICAL },
	{ "/usr/lib/x86_64-linux-gnu/security/pam_unix.so", FILE_, "static", SEVERITY_CRITICAL },
	{ "/usr/lib64/security/pam_unix.so", FILE_, "static", SEVERITY_CRITICAL },
	{ "/usr/lib/modules/6.1.0/kernel/x.ko", FILE_, "static", SEVERITY_CRITICAL },
	{ "/usr/share/doc/x/copyright", FILE_, "static", SEVERITY_LOW },
	{ "/usr/share/gdb/python/__pycache__/a.cpython-311.pyc", FILE_, "volatile", SEVERITY_LOW },
	{ "/usr/lib/python3/dist-packages/apt/__pycache__/a.pyc", FILE_, "static", SEVERITY_HIGH },
	{ "/usr/lib64/python3.12/__pycache__/os.pyc", FILE_, "static", SEVERITY_HIGH },
	{ "/usr/lib64/python3.12/__pycache__", DIR_, "directory", SEVERITY_HIGH },
	{ "/usr/lib/sysimage/rpm/rpmdb.sqlite", FILE_, "owner", SEVERITY_MEDIUM },
	{ "/usr/lib/sysimage/rpm/rpmdb.sqlite-wal", FILE_, "volatile", SEVERITY_MEDIUM },
	{ "/opt/app/bin/app", FILE_, "config", SEVERITY_HIGH },
	{ "/opt/app/log/app.log", FILE_, "growing-log", SEVERITY_LOW },
	/* boot */
	{ "/boot/vmlinuz-6.1.0", FILE_, "config", SEVERITY_CRITICAL },
	{ "/boot/efi/EFI/debian/shimx64.efi", FILE_, "config", SEVERITY_CRITICAL },
	{ "/boot/grub/grubenv", FILE_, "owner", SEVERITY_CRITICAL },
	{ "/boot/grub2/grub.cfg", FILE_, "config", SEVERITY_CRITICAL },
	{ "/boot/efi/loader/random-seed", FILE_, "volatile", SEVERITY_CRITICAL },
	{ "/boot/loader/random-seed", FILE_, "volatile", SEVERITY_CRITICAL },
	/* configuration */
	{ "/etc", DIR_, "directory", SEVERITY_MEDIUM },
	{ "/etc/hosts", FILE_, "config", SEVERITY_MEDIUM },
	{ "/etc/machine-id", FILE_, "config", SEVERITY_MEDIUM },
	{ "/etc/alternatives/editor", FILE_, "config", SEVERITY_MEDIUM },
	{ "/etc/shadow", FILE_, "config", SEVERITY_CRITICAL },
	{ "/etc/passwd-", FILE_, "config", SEVERITY_CRITICAL },
	{ "/etc/sudoers.d/x", FILE_, "config", SEVERITY_CRITICAL },
	{ "/etc/pam.d/sshd", FILE_, "config", SEVERITY_CRITICAL },
	{ "/etc/ld.so.preload", FILE_, "config", SEVERITY_CRITICAL },
	{ "/etc/ssh/sshd_config", FILE_, "config", SEVERITY_CRITICAL },
	{ "/etc/cron.d/x", FILE_, "config", SEVERITY_HIGH },
	{ "/etc/crontab", FILE_, "config", SEVERITY_HIGH },
	{ "/etc/systemd/system/x.service", FILE_, "config", SEVERITY_HIGH },
	{ "/etc/rc3.d/S01x", FILE_, "config", SEVERITY_HIGH },
	{ "/etc/tallystick/policy.yaml", FILE_, "config", SEVERITY_CRITICAL },
	{ "/etc/resolv.conf", FILE_, "owner", SEVERITY_LOW },
	{ "/etc/adjtime", FILE_, "volatile", SEVERITY_LOW },
	{ "/etc/lvm/archive/vg_00001.vg", FILE_, "volatile", SEVERITY_LOW },
	{ "/etc/cups/subscriptions.conf.O", FILE_, "volatile", SEVERITY_LOW },
	/* jobs, homes */
	{ "/var/spool/cron/crontabs/root", FILE_, "config", SEVERITY_HIGH },
	{ "/var/spool/cron/root", FILE_, "config", SEVERITY_HIGH },
	{ "/var/spool/anacron/cron.daily", FILE_, NULL, 0 },
	{ "/root", DIR_, "directory", SEVERITY_HIGH },
	{ "/root/notes", FILE_, "volatile", SEVERITY_MEDIUM },
	{ "/root/.bashrc", FILE_, "config", SEVERITY_HIGH },
	{ "/root/.bash_history", FILE_, "volatile", SEVERITY_INFO },
	{ "/root/.ssh/authorized_keys", FILE_, "config", SEVERITY_CRITICAL },
	{ "/root/.ssh/known_hosts", FILE_, "volatile", SEVERITY_LOW },
	{ "/home", DIR_, "directory", SEVERITY_MEDIUM },
	{ "/home/u", DIR_, "directory", SEVERITY_MEDIUM },
	{ "/home/u/letter", FILE_, NULL, 0 },
	{ "/home/u/.cache/x", FILE_, NULL, 0 },
	{ "/home/u/.ssh/authorized_keys", FILE_, "config", SEVERITY_CRITICAL },
	{ "/home/u/.bash_profile", FILE_, "config", SEVERITY_HIGH },
	{ "/home/u/.bash_login", FILE_, "config", SEVERITY_HIGH },
	{ "/home/u/.bash_logout", FILE_, "config", SEVERITY_HIGH },
	{ "/home/u/.bash_history", FILE_, "volatile", SEVERITY_INFO },
	{ "/home/u/.profile", FILE_, "config", SEVERITY_HIGH },
	{ "/home/u/.zshrc", FILE_, "config", SEVERITY_HIGH },
	{ "/home/u/.zlogin", FILE_, "config", SEVERITY_HIGH },
	{ "/home/u/.zcompdump", FILE_, NULL, 0 },
	{ "/home/u/.tcshrc", FILE_, "config", SEVERITY_HIGH },
	{ "/home/u/.login", FILE_, "config", SEVERITY_HIGH },
	{ "/home/u/.config/fish/config.fish", FILE_, "config", SEVERITY_HIGH },
	{ "/home/u/.config/autostart/x.desktop", FILE_, "config", SEVERITY_HIGH },
	{ "/home/u/.config/systemd/user/x.service", FILE_, "config", SEVERITY_HIGH },
	{ "/home/u/.xprofile", FILE_, "config", SEVERITY_HIGH },
	{ "/home/u/.pam_environment", FILE_, "config", SEVERITY_HIGH },
	{ "/home/u/.rhosts", FILE_, "config", SEVERITY_CRITICAL },
	{ "/var/lib/postgresql/.ssh/authorized_keys", FILE_, "config", SEVERITY_CRITICAL },
	/* the rest of /var */
	{ "/var/www/html/index.html", FILE_, "config", SEVERITY_HIGH },
	{ "/var/lib/dpkg/info/x.postinst", FILE_, "config", SEVERITY_MEDIUM },
	{ "/var/lib/apt/lists/x", FILE_, NULL, 0 },
	{ "/var/log/syslog", FILE_, "growing-log", SEVERITY_LOW },
	{ "/var/log/wtmp", FILE_, "growing-log", SEVERITY_LOW },
	{ "/var/log", DIR_, "owner", SEVERITY_LOW },
	{ "/var/log/syslog.1", FILE_, "rotated-log", SEVERITY_LOW },
	{ "/var/log/apt/history.log.12.gz", FILE_, "rotated-log", SEVERITY_LOW },
	{ "/var/log/messages-20260131", FILE_, "rotated-log", SEVERITY_LOW },
	{ "/var/log/messages-20260131.zst", FILE_, "rotated-log", SEVERITY_LOW },
	{ "/var/log/journal/0123/system.journal", FILE_, "volatile", SEVERITY_INFO },
	{ "/var/log/lastlog", FILE_, "volatile", SEVERITY_INFO },
	{ "/var/lib/tallystick/baseline.db", FILE_, NULL, 0 },
	/* out of scope */
	{ "/", DIR_, NULL, 0 },
	{ "/tmp/x", FILE_, NULL, 0 },
	{ "/run/x", FILE_, NULL, 0 },
	{ "/proc/1", DIR_, NULL, 0 },
	{ "/var/cache/man/x", FILE_, NULL, 0 },
};

static struct policy *parsed(void)
{
	struct policy *policy = NULL;
	struct err err = ERR_INIT;

	if (policy_parse(&policy_default, 1, &policy, &err) < 0)
		fail_msg("%s", err.message);
	return policy;
}

static void test_decisions(void **state)
{
	CLEANUP(policy_freep) struct policy *policy = parsed();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct decision decision;

		policy_decide(policy, bytes_of(rows[i].path), rows[i].is_dir, &decision);
		if (decision.in_scope != (rows[i].profile != NULL))
			fail_msg("%s: in scope: %d", rows[i].path, decision.in_scope);
		if (!rows[i].profile)
			continue;
		if (strcmp(decision.profile->name, rows[i].profile) != 0 || decision.severity != rows[i].severity)
			fail_msg("%s: %s %s by %s", rows[i].path, decision.profile->name,
				 severity_name(decision.severity), decision.rule->origin);
	}
}

/* Not the whole system is walked, and nothing but disks. */
static void test_roots(void **state)
{
	CLEANUP(policy_freep) struct policy *policy = parsed();

	(void)state;
	for (size_t i = 0; i < policy_root_count(policy); i++)
		assert_string_not_equal(policy_root(policy, i), "/");
	assert_false(policy_names_below(policy, bytes_of("/proc")));
	assert_false(policy_names_below(policy, bytes_of("/run")));
	assert_true(policy_names_below(policy, bytes_of("/boot/efi")));
}

/* The source is called what the file is called, and is that file's text. */
static void test_embedded(void **state)
{
	(void)state;
	assert_string_equal(policy_default.name, "policy.yaml");
	assert_true(policy_default.len > 1000);
	assert_memory_equal(policy_default.text, "# Tallystick's default policy", 29);
	assert_int_equal(policy_default.text[policy_default.len - 1], '\n');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decisions),
		cmocka_unit_test(test_roots),
		cmocka_unit_test(test_embedded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
