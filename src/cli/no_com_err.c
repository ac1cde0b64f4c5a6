/*
 * no_com_err.c - in the static program only: what libext2fs would print of its own misuse.
 *
 * libext2fs hands warnings to com_err(3), of libcom_err, which prints them to standard error and, when the environment says so
 * (COMERR_DEBUG_FILE), opens a file. What is wrong with an image we say ourselves (extfs/).
 */
void com_err(const char *whoami, long code, const char *format, ...) __attribute__((format(printf, 3, 4)));
void com_err(const char *whoami, long code, const char *format, ...)
{
	(void)whoami;
	(void)code;
	(void)format;
}
