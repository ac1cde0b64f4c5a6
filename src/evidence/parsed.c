/* parsed.c - the tree of a file system: its child's entries as they come. See evidence.h. */
#include <stdlib.h>

#include "evidence/evidence_inner.h"

struct parsed {
	struct tree tree; /* first */
	struct evidence *evidence;
	struct claim claim;
};

static int parsed_next(struct tree *tree, const struct entry **ret_entry, struct err *err)
{
	struct parsed *parsed = (struct parsed *)tree;
	int r = evidence_next(parsed->evidence, &parsed->claim, err);

	*ret_entry = &parsed->claim.entry;
	return r;
}

static void parsed_free(struct tree *tree)
{
	free(tree);
}

int evidence_tree(struct evidence *evidence, struct tree **ret_tree, struct err *err)
{
	struct parsed *parsed;

	if (evidence->job.kind == EVIDENCE_ARCHIVE)
		return members_tree(evidence, ret_tree, err);
	if (evidence->job.kind != EVIDENCE_EXTFS)
		return err_set(err, ERR_INTERNAL, "this evidence is no tree");
	parsed = calloc(1, sizeof(*parsed));
	if (!parsed)
		return err_nomem(err);
	parsed->tree = (struct tree){ "image", evidence->job.source->name, ATTR_ALL, parsed_next, parsed_free };
	parsed->evidence = evidence;
	*ret_tree = &parsed->tree;
	return 0;
}
