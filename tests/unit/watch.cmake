foreach(name events random)
  tally_unit(watch_${name} ROOMS watch policy sys base)
endforeach()
