"""What people see and hear of aircraft: their places, trails, what these may reach, warnings."""
