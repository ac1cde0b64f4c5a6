# how tallyd starts
tally_unit(daemon_setup ROOMS daemon watch store journal crypto sys base)
