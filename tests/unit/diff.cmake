tally_unit(diff_attr ROOMS diff)
