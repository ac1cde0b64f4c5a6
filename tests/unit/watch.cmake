foreach(name events random classes loss scope limits races kernel)
  tally_unit(watch_${name} ROOMS watch policy sys base)
endforeach()
