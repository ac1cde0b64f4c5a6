tally_unit(ops_paths ROOMS ops)
