tally_unit(disk_read ROOMS disk base)
