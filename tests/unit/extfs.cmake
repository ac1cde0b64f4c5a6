tally_unit(extfs_replay ROOMS extfs crypto base LIBRARIES PkgConfig::ext2fs)
foreach(name mounted walk damage)
  tally_unit(extfs_${name} ROOMS extfs disk scan policy tree crypto sys base)
endforeach()
