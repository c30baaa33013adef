"""Who was on the sites: visits, visitors and their routes, and which of them are machines."""
