/* channel.c - see channel.h. */
#include "extfs/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ext2fs_open2() hands a name to the manager's open() and nothing else. */
static _Thread_local struct cache *opening;

static errcode_t channel_close(io_channel channel)
{
	if (--channel->refcount > 0)
		return 0;
	free(channel->name);
	free(channel);
	return 0;
}

static errcode_t set_blksize(io_channel channel, int block_bytes)
{
	channel->block_size = block_bytes;
	return 0;
}

static errcode_t read_blk64(io_channel channel, unsigned long long block, int count, void *data)
{
	uint64_t block_bytes = (uint64_t)channel->block_size;
	uint64_t len = count < 0 ? (uint64_t) - (int64_t)count : (uint64_t)count * block_bytes; /* negative: bytes */
	int r;

	if (block > (UINT64_MAX - len) / block_bytes)
		return ERANGE;
	r = cache_read(channel->private_data, block * block_bytes, data, (size_t)len);
	return r < 0 ? -r : 0;
}

static errcode_t read_blk(io_channel channel, unsigned long block, int count, void *data)
{
	return read_blk64(channel, block, count, data);
}

static errcode_t write_blk64(io_channel channel, unsigned long long block, int count, const void *data)
{
	(void)channel, (void)block, (void)count, (void)data;
	return EROFS;
}

static errcode_t write_blk(io_channel channel, unsigned long block, int count, const void *data)
{
	return write_blk64(channel, block, count, data);
}

static errcode_t write_byte(io_channel channel, unsigned long offset, int count, const void *data)
{
	return write_blk64(channel, offset, count, data);
}

static errcode_t flush(io_channel channel)
{
	(void)channel;
	return 0;
}

static errcode_t channel_begin(const char *name, int flags, io_channel *ret_channel);

static struct struct_io_manager manager = {
	.magic = EXT2_ET_MAGIC_IO_MANAGER,
	.name = "image",
	.open = channel_begin,
	.close = channel_close,
	.set_blksize = set_blksize,
	.read_blk = read_blk,
	.write_blk = write_blk,
	.flush = flush,
	.write_byte = write_byte,
	.read_blk64 = read_blk64,
	.write_blk64 = write_blk64,
};

static errcode_t channel_begin(const char *name, int flags, io_channel *ret_channel)
{
	io_channel channel;

	if (flags & IO_FLAG_RW)
		return EROFS;
	channel = calloc(1, sizeof(*channel));
	if (!channel)
		return EXT2_ET_NO_MEMORY;
	channel->name = strdup(name);
	if (!channel->name) {
		free(channel);
		return EXT2_ET_NO_MEMORY;
	}
	channel->magic = EXT2_ET_MAGIC_IO_CHANNEL;
	channel->manager = &manager;
	channel->block_size = 1024;
	channel->refcount = 1;
	channel->private_data = opening;
	*ret_channel = channel;
	return 0;
}

errcode_t channel_open(struct extfs *extfs, ext2_filsys *ret_fs)
{
	errcode_t code;

	opening = &extfs->cache;
	code = ext2fs_open2("image", NULL, EXT2_FLAG_64BITS, 0, 0, &manager, ret_fs);
	opening = NULL;
	return code;
}
