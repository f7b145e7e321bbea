"""RecBole's atomic files as RecBole 1.2.1 prepares them: which rows are left, in which order, who has which number."""
