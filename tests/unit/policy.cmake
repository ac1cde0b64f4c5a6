tally_unit(policy_match ROOMS policy base)
tally_unit(policy_dir ROOMS policy base)
