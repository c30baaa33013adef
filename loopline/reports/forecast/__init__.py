"""What the forecast is told from."""
