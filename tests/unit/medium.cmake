tally_unit(medium_manifest ROOMS medium)
