/*
 * no_plugins.c - in the static program only: the C library's door to code of the host, walled up.
 *
 * SQLite calls dlopen(3), for extensions that store/db.c never allows. What it would get stands here instead, so no shared
 * object of the examined host can come in, whatever a later version does. dlopen has another name here (--wrap in the link
 * line): the linker warns of the C library's even then.
 */
#include <dlfcn.h>
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
