foreach(name mounts xattr file names notify sandbox)
  tally_unit(sys_${name} ROOMS sys base)
endforeach()
