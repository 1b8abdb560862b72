"""What a comparison saw, in the small: what pictures are drawn from, and the rows that show it best."""
