"""Who clicked what and what is known of the items: layouts, item table, labels, split, public sets, the shop."""
