tally_unit(daemon_mail ROOMS daemon base)
