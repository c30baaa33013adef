"""What figures did over the period: the small charts of rows, and the series of revenue and cost."""
