tally_unit(control_server ROOMS control base)
tally_unit(control_socket ROOMS control base)
tally_unit(control_call ROOMS control base)
