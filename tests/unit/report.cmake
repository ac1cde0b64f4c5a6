tally_unit(report_text ROOMS report)
