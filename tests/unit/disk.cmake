foreach(name ewf partitions read)
  tally_unit(disk_${name} ROOMS disk crypto base)
endforeach()
