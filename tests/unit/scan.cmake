foreach(name tree depth bounds content quick scope deep race stall loopmount)
  tally_unit(scan_${name} ROOMS scan policy tree crypto sys base)
endforeach()
