/* caps_text.c - see caps_text.h. */
#include "report/caps_text.h"

#include "base/cleanup.h"

#define REVISION_MASK  0xff000000u
#define REVISION_1     0x01000000u
#define REVISION_2     0x02000000u
#define REVISION_3     0x03000000u
#define FLAG_EFFECTIVE 1u

/* By number: <linux/capability.h>. */
static const char *const names[] = {
	"cap_chown",
	"cap_dac_override",
	"cap_dac_read_search",
	"cap_fowner",
	"cap_fsetid",
	"cap_kill",
	"cap_setgid",
	"cap_setuid",
	"cap_setpcap",
	"cap_linux_immutable",
	"cap_net_bind_service",
	"cap_net_broadcast",
	"cap_net_admin",
	"cap_net_raw",
	"cap_ipc_lock",
	"cap_ipc_owner",
	"cap_sys_module",
	"cap_sys_rawio",
	"cap_sys_chroot",
	"cap_sys_ptrace",
	"cap_sys_pacct",
	"cap_sys_admin",
	"cap_sys_boot",
	"cap_sys_nice",
	"cap_sys_resource",
	"cap_sys_time",
	"cap_sys_tty_config",
	"cap_mknod",
	"cap_lease",
	"cap_audit_write",
	"cap_audit_control",
	"cap_setfcap",
	"cap_mac_override",
	"cap_mac_admin",
	"cap_syslog",
	"cap_wake_alarm",
	"cap_block_suspend",
	"cap_audit_read",
	"cap_perfmon",
	"cap_bpf",
	"cap_checkpoint_restore",
};

struct caps {
	uint64_t permitted, inheritable;
	bool effective, has_root;
	uint32_t root;
};

static bool parse(struct bytes value, struct caps *ret_caps)
{
	struct cursor cursor = { value.data, value.len };
	struct caps caps = { .permitted = 0 };
	uint32_t magic, revision;

	if (!cursor_u32(&cursor, &magic))
		return false;
	revision = magic & REVISION_MASK;
	if (magic & ~(REVISION_MASK | FLAG_EFFECTIVE))
		return false;
	if (revision != REVISION_1 && revision != REVISION_2 && revision != REVISION_3)
		return false;
	for (unsigned word = 0; word < (revision == REVISION_1 ? 1u : 2u); word++) {
		uint32_t permitted, inheritable;

		if (!cursor_u32(&cursor, &permitted) || !cursor_u32(&cursor, &inheritable))
			return false;
		caps.permitted |= (uint64_t)permitted << (32 * word);
		caps.inheritable |= (uint64_t)inheritable << (32 * word);
	}
	caps.effective = magic & FLAG_EFFECTIVE;
	caps.has_root = revision == REVISION_3;
	if (caps.has_root && !cursor_u32(&cursor, &caps.root))
		return false;
	*ret_caps = caps;
	return cursor.len == 0;
}

/* One clause: the capabilities in SET, then "=" and FLAGS. */
static void add_clause(struct buf *out, size_t start, uint64_t set, bool effective, const char *flags)
{
	const char *between = out->len > start ? " " : "";

	if (!set)
		return;
	for (unsigned number = 0; number < 64; number++) {
		if (!(set >> number & 1))
			continue;
		if (number < ARRAY_SIZE(names))
			(void)buf_printf(out, "%s%s", between, names[number]);
		else
			(void)buf_printf(out, "%scap_%u", between, number);
		between = ",";
	}
	(void)buf_printf(out, "=%s%s", effective ? "e" : "", flags);
}

bool caps_text_add(struct buf *out, struct bytes value)
{
	size_t start = out->len;
	struct caps caps;

	if (!parse(value, &caps))
		return false;
	add_clause(out, start, caps.permitted & ~caps.inheritable, caps.effective, "p");
	add_clause(out, start, caps.permitted & caps.inheritable, caps.effective, "ip");
	add_clause(out, start, caps.inheritable & ~caps.permitted, caps.effective, "i");
	if (out->len == start)
		(void)buf_add_byte(out, '=');
	if (caps.has_root)
		(void)buf_printf(out, " [rootid=%u]", caps.root);
	return true;
}
