foreach(name mounts xattr file)
  tally_unit(sys_${name} ROOMS sys base)
endforeach()
