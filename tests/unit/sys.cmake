foreach(name mounts xattr file names notify sandbox confine confine_limits)
  tally_unit(sys_${name} ROOMS sys base)
endforeach()
tally_unit(sys_loopmount ROOMS disk sys base) # disk: for its fixture
