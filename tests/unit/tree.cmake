tally_unit(tree_entry ROOMS tree crypto base)
tally_unit(tree_join ROOMS tree crypto base)
