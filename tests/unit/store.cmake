tally_unit(store_baseline ROOMS store LIBRARIES PkgConfig::sqlite)
tally_unit(store_flip ROOMS store LIBRARIES PkgConfig::sqlite)
tally_unit(store_root ROOMS store)
tally_unit(store_statement ROOMS store LIBRARIES PkgConfig::sqlite)
