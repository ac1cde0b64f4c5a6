/*
 * no_plugins.c - in the static program only: the C library's doors to code and tables of the host, walled up.
 *
 * Parts of the static libraries call dlopen(3) (SQLite, for extensions that store/db.c never allows) and iconv_open(3)
 * (libarchive, for names that the ISO reader never converts). What they would get stands here instead, so no shared
 * object and no conversion table of the examined host can come in through them, whatever a later version of those
 * libraries does. dlopen has another name here (--wrap in the link line): the linker warns of the C library's even then.
 */
#include <dlfcn.h>
#include <errno.h>
#include <iconv.h>
#include <stddef.h>

void *__wrap_dlopen(const char *file, int mode);
void *__wrap_dlopen(const char *file, int mode)
{
	(void)file;
	(void)mode;
	return NULL;
}

void *dlsym(void *restrict handle, const char *restrict name)
{
	(void)handle;
	(void)name;
	return NULL;
}

int dlclose(void *handle)
{
	(void)handle;
	return -1;
}

char *dlerror(void)
{
	static char words[] = "this program loads nothing";

	return words;
}

iconv_t iconv_open(const char *to, const char *from)
{
	(void)to;
	(void)from;
	errno = EINVAL;
	return (iconv_t)-1;
}

size_t iconv(iconv_t conversion, char **restrict in, size_t *restrict in_left, char **restrict out,
	     size_t *restrict out_left)
{
	(void)conversion;
	(void)in;
	(void)in_left;
	(void)out;
	(void)out_left;
	errno = EBADF;
	return (size_t)-1;
}

int iconv_close(iconv_t conversion)
{
	(void)conversion;
	errno = EBADF;
	return -1;
}
