tally_unit(diff_attr ROOMS diff)
tally_unit(diff_tree ROOMS diff)
tally_unit(changes ROOMS diff)
tally_unit(diff_random ROOMS diff)
