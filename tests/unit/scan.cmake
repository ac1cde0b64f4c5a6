foreach(name tree depth bounds content quick scope deep race stall)
  tally_unit(scan_${name} ROOMS scan policy tree crypto sys base)
endforeach()
