/* test_evidence_fstab.c - which lines of an image's fstab are taken for what, and that a hostile one is only that. */
#include "evidence/fstab.h"

#include <stdlib.h>

#include "evidence_fixture.h"

static const struct row {
	const char *text;
	const char *want; /* "SPEC PATH\n" of each that is taken */
} rows[] = {
	{ "", "" },
	{ "UUID=a-b / ext4 defaults 0 1\nLABEL=boot\t/boot ext4\n", "UUID=a-b /\nLABEL=boot /boot\n" },
	{ "PARTUUID=0102-01 /home ext4 ro,noatime", "PARTUUID=0102-01 /home\n" },
	{ "# UUID=a / ext4\n\n   # x\n UUID=b / ext4 rw\n", "UUID=b /\n" },
	{ "/dev/sda1 / ext4\nproc /proc proc\nUUID=s none swap sw\ntmpfs /tmp tmpfs\n", "" },
	{ "UUID= / ext4\nLABEL= / ext4\nUUID /x ext4\nID=3 /y ext4\n", "" },
	{ "UUID=a /a/../b ext4\nUUID=a /a/./b ext4\nUUID=a //a ext4\nUUID=a /a/ ext4\nUUID=a a ext4\nUUID=a .. ext4\n",
	  "" },
	{ "UUID=a /mnt/usb ext4 noauto,user\nUUID=b /mnt/disk ext4 nofail\n", "UUID=b /mnt/disk\n" },
	{ "LABEL=two\\040words /with\\040space ext4\n", "LABEL=two words /with space\n" },
	{ "LABEL=a\\012b /x ext4\nUUID=c /x\\057..\\057y ext4\n", "LABEL=a\nb /x\nUUID=c /x\\057..\\057y\n" },
	{ "UUID=a", "" },
	{ "UUID=a\n/ ext4\n", "" },
	{ "\x7f\x45\x4c\x46\xff\xfe\x01UUID=a / ext4\n\x80\x81\n", "" },
};

static void check(struct bytes text, const char *want)
{
	CLEANUP(freep) struct fstab *fstab = calloc(1, sizeof(*fstab));
	CLEANUP(buf_done) struct buf got = BUF_INIT;
	struct err err = ERR_INIT;

	assert_non_null(fstab);
	assert_int_equal(fstab_parse(text, fstab, &err), 0);
	for (size_t i = 0; i < fstab->count; i++) {
		assert_true(fstab_row_valid(&fstab->rows[i]));
		(void)buf_printf(&got, "%s %s\n", fstab->rows[i].spec, fstab->rows[i].path);
	}
	assert_string_equal(got.len ? buf_str(&got) : "", want);
}

static void lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		check(bytes_of(rows[i].text), rows[i].want);
}

/* A NUL ends it; a line that is too long is no line, and the next one is. */
static void binary(void **state)
{
	static const unsigned char nuls[] = "UUID=a /a ext4\nUUID=b\0 /b ext4\nUUID=c /c ext4\n";
	CLEANUP(buf_done) struct buf text = BUF_INIT;

	(void)state;
	check((struct bytes){ nuls, sizeof(nuls) - 1 }, "UUID=a /a\n");
	(void)buf_printf(&text, "UUID=a /%0600d ext4\nUUID=%0600d /b ext4\nUUID=%09000d /c ext4\nUUID=d /d ext4\n", 1,
			 2, 3);
	check((struct bytes){ text.data, text.len }, "UUID=d /d\n");
}

static void many(void **state)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT;
	CLEANUP(freep) struct fstab *fstab = calloc(1, sizeof(*fstab));
	struct err err = ERR_INIT;

	(void)state;
	for (int i = 0; i < 5000; i++)
		(void)buf_printf(&text, "UUID=%d /%d ext4\n", i, i);
	assert_int_equal(fstab_parse((struct bytes){ text.data, text.len }, fstab, &err), 0);
	assert_int_equal(fstab->count, FSTAB_ROWS_MAX);
}

/* What a child that was taken over may write: the reader takes only what the parser could have given. */
static void wire(void **state)
{
	static const struct {
		const char *spec, *path;
		bool taken;
	} claims[] = { { "UUID=a", "/", true }, { "UUID=a", "/a/b", true }, { "UUID=a", "/a/../b", false },
		       { "UUID=a", "", false }, { "UUID=", "/", false },    { "DISK=a", "/", false },
		       { "UUID=a", "b", false } };
	CLEANUP(freep) struct fstab *fstab = calloc(1, sizeof(*fstab));
	CLEANUP(buf_done) struct buf out = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(claims); i++) {
		buf_clear(&out);
		(void)buf_add_u32(&out, 1);
		wire_text(&out, bytes_of(claims[i].spec));
		wire_text(&out, bytes_of(claims[i].path));
		assert_int_equal(wire_take_fstab((struct cursor){ out.data, out.len }, fstab), claims[i].taken);
		assert_false(wire_take_fstab((struct cursor){ out.data, out.len - 1 }, fstab));
		(void)buf_add_byte(&out, 0);
		assert_false(wire_take_fstab((struct cursor){ out.data, out.len }, fstab));
	}
	buf_clear(&out);
	(void)buf_add_u32(&out, FSTAB_ROWS_MAX + 1);
	assert_false(wire_take_fstab((struct cursor){ out.data, out.len }, fstab));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(lines), cmocka_unit_test(binary), cmocka_unit_test(many),
					    cmocka_unit_test(wire) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
