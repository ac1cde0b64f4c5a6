tally_unit(archive_read ROOMS archive sys)
tally_unit(archive_hostile ROOMS archive sys)
