tally_unit(medium_manifest ROOMS medium)
tally_unit(medium_iso ROOMS medium)
tally_unit(medium_open ROOMS medium)
tally_unit(medium_lists ROOMS medium)
