tally_unit(ops_paths ROOMS ops)
tally_unit(ops_settle ROOMS ops)
tally_unit(ops_since ROOMS ops)
tally_unit(ops_wire ROOMS ops)
