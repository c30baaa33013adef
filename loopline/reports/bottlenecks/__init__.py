"""Where buyers get stuck between lead and won deal."""
