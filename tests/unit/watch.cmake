foreach(name events random classes loss)
  tally_unit(watch_${name} ROOMS watch policy sys base)
endforeach()
