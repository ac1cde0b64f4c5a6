tally_unit(journal_read ROOMS journal)
tally_unit(journal_write ROOMS journal)
tally_unit(journal_open ROOMS journal)
