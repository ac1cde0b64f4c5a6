tally_unit(daemon_mail ROOMS daemon base)
tally_unit(daemon_apply ROOMS daemon diff policy)
tally_unit(daemon_dirty ROOMS daemon crypto)
