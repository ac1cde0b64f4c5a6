tally_unit(evidence_child ROOMS evidence policy tree crypto sys base)
