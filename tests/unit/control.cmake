tally_unit(control_server ROOMS control base)
