/*
 * page.h - a page of labelled lines for a terminal of 80 columns. Private to report/.
 */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "report/text.h"

enum { PAGE_WIDTH = 80 };

/*
 * "label      words words words", the words broken at spaces before the 80th column and indented below the first line; a word that is
 * longer than a line stands on one of its own. BODY has been escaped already and is emptied. Nothing for an empty body.
 */
void page_line(struct text *text, const char *label, enum text_color color, struct buf *body);

/* The same with the label in colour, and two spaces behind it: the first line of a page. */
void page_title(struct text *text, const char *label, enum text_color color, struct buf *body);

#endif
