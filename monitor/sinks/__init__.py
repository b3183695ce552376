"""Where deliveries go, one folder a kind. See docs/ for how to add one."""
