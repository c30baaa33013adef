"""The weekly table: one line for each week and channel, on the page, in files and mails."""
