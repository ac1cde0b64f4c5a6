tally_unit(disk_read ROOMS disk base)
tally_unit(disk_partitions ROOMS disk base)
