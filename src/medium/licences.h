/*
 * licences.h - the terms of everything that is linked into the static program, in one text: they travel with it.
 *
 * Made by embed.cmake from LICENSE and packaging/licences. UTF-8, no terminating NUL, about 280 kB.
 */
#ifndef MEDIUM_LICENCES_H
#define MEDIUM_LICENCES_H

#include <stddef.h>

extern const unsigned char licences_text[];
extern const size_t licences_text_len;

#endif
