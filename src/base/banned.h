/*
 * banned.h - included before every source file by the build: what must not be used becomes a compile error.
 *
 * The system headers come first, so that their own declarations are not touched.
 */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

#ifndef _GNU_SOURCE
#error "the build defines _GNU_SOURCE"
#endif

#include <grp.h>
#include <netdb.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>

/* no bound, or a bound that people get wrong */
#pragma GCC poison strcpy strcat sprintf vsprintf gets strncpy strncat stpcpy
/* hidden state, or no error */
#pragma GCC poison strtok atoi atol atoll atof tmpnam mktemp gmtime localtime asctime
/* bytes are not strings: digest_equal(), path_compare() */
#pragma GCC poison strncmp strncasecmp
/* the name service: names come from the examined root's own passwd and group */
#pragma GCC poison getpwnam getpwuid getgrnam getgrgid getpwnam_r getpwuid_r getgrnam_r getgrgid_r getpwent getgrent
#pragma GCC poison gethostbyname getaddrinfo

#endif
