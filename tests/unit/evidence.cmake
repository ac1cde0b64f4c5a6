foreach(name child claims members)
  tally_unit(evidence_${name} ROOMS evidence policy tree crypto sys base)
endforeach()
tally_unit(evidence_outlet ROOMS evidence scan policy tree crypto sys base)
