/* extents.c - the blocks of an inode by its tree of extents (Documentation/filesystems/ext4/ifork.rst of Linux). */
#include "extfs/runs_inner.h"

#include <errno.h>
#include <string.h>

#include "extfs/little.h"

enum {
	EXTENT_MAGIC = 0xf30a,
	NODE_HEAD = 12,
	NODE_ROW = 12, /* an extent or an index: the same size */
	WRITTEN_MAX = 32768 /* longer: reserved, not written, this much less */
};

struct node {
	const unsigned char *next; /* the next row */
	unsigned left; /* rows */
	uint64_t above; /* where the last child begins, + 1 */
};

/* DATA is a node of DEPTH with room for ROOM rows. */
static int open_node(struct mapping *mapping, const unsigned char *data, size_t room, unsigned depth,
		     struct node *ret_node)
{
	unsigned rows = little_16(data + 2), max = little_16(data + 4);

	if (little_16(data) != EXTENT_MAGIC)
		return mapping_damaged(mapping, "no node of extents where one should be");
	if (max > room || rows > max)
		return mapping_damaged(mapping, "a node of extents with more rows than it has room for");
	if (little_16(data + 6) != depth)
		return mapping_damaged(mapping, "a node of extents of the wrong depth");
	if (depth > 0 && rows == 0)
		return mapping_damaged(mapping, "a node of extents that leads nowhere");
	*ret_node = (struct node){ data + NODE_HEAD, rows, 0 };
	return 0;
}

static int read_node(struct mapping *mapping, uint64_t number, unsigned depth, unsigned level, struct node *ret_node)
{
	struct extfs *extfs = mapping->extfs;
	unsigned char *data = extfs->levels[level];
	int r = mapping_load(mapping, number, data);

	if (r == 0)
		r = open_node(mapping, data, (extfs->block_bytes - NODE_HEAD) / NODE_ROW, depth, ret_node);
	if (r < 0)
		return r;
	/* the checksum lies behind the room for rows, which is within the block: seen above */
	if (extfs_has_checksums(extfs) && !ext2fs_extent_block_csum_verify(extfs->fs, mapping->inode->number,
									   (struct ext3_extent_header *)(void *)data))
		return mapping_damaged(mapping, "the checksum of a node of extents is wrong");
	return 0;
}

static int add_rows(struct mapping *mapping, struct node *leaf)
{
	int r;

	for (; leaf->left > 0; leaf->left--, leaf->next += NODE_ROW) {
		uint64_t logical = little_32(leaf->next), length = little_16(leaf->next + 4);
		uint64_t physical = (uint64_t)little_16(leaf->next + 6) << 32 | little_32(leaf->next + 8);

		if (length == 0)
			return mapping_damaged(mapping, "an extent of no blocks");
		if (length > WRITTEN_MAX) { /* zeros, as long as nothing has been written there */
			if (logical < mapping->next)
				return mapping_damaged(mapping, "one of them is said to be in two places");
			mapping->next = logical + length - WRITTEN_MAX;
			continue;
		}
		r = mapping_add(mapping, logical, length, physical);
		if (r < 0)
			return r;
	}
	return 0;
}

/* The child that the next row names, into nodes[level + 1]. Children begin ever further on, so there is an end. */
static int next_child(struct mapping *mapping, struct node *nodes, unsigned level, unsigned depth)
{
	struct node *node = &nodes[level];
	uint64_t logical = little_32(node->next);
	uint64_t number = (uint64_t)little_16(node->next + 8) << 32 | little_32(node->next + 4);

	if (logical < node->above || logical < mapping->next)
		return mapping_damaged(mapping, "nodes of extents that are not in order");
	node->above = logical + 1;
	node->left--;
	node->next += NODE_ROW;
	if (logical >= mapping->blocks) {
		node->left = 0;
		nodes[level + 1].left = 0;
		return 0;
	}
	return read_node(mapping, number, depth - 1, level, &nodes[level + 1]);
}

int extents_read(struct mapping *mapping)
{
	const unsigned char *root = mapping->inode->pointers;
	struct node nodes[TREE_DEPTH + 1];
	unsigned depth = little_16(root + 6), level = 0;
	int r;

	if (depth > TREE_DEPTH)
		return mapping_damaged(mapping, "a tree of extents that is too deep");
	r = open_node(mapping, root, (INODE_BLOCK_BYTES - NODE_HEAD) / NODE_ROW, depth, &nodes[0]);
	while (r == 0) {
		if (level == depth)
			r = add_rows(mapping, &nodes[level]);
		if (r < 0)
			break;
		if (nodes[level].left == 0) {
			if (level == 0)
				break;
			level--;
			continue;
		}
		r = next_child(mapping, nodes, level, depth - level);
		level++;
	}
	return r;
}
