# what tallyd believes and judges by
tally_unit(daemon_apply ROOMS daemon diff policy)
tally_unit(daemon_clerk ROOMS daemon ops)
tally_unit(daemon_clerk_thread ROOMS daemon ops)
tally_unit(daemon_house ROOMS daemon ops)
tally_unit(daemon_house_differs ROOMS daemon ops)
tally_unit(daemon_links ROOMS daemon ops)
tally_unit(daemon_stand ROOMS daemon ops LIBRARIES PkgConfig::sqlite)
tally_unit(daemon_view ROOMS daemon ops)
