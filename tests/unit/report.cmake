tally_unit(report_event ROOMS report)
tally_unit(report_form ROOMS report)
tally_unit(report_json ROOMS report)
tally_unit(report_text ROOMS report)
