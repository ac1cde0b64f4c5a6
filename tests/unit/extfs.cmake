tally_unit(extfs_replay ROOMS extfs crypto base LIBRARIES PkgConfig::ext2fs)
