/* line.c - see line.h. */
#include "extfs/line.h"

#include <stdarg.h>
#include <stdio.h>

void line_set(struct line *line, const char *format, ...)
{
	va_list arguments;

	if (line->text[0])
		return;
	va_start(arguments, format);
	(void)vsnprintf(line->text, sizeof(line->text), format, arguments);
	va_end(arguments);
}
