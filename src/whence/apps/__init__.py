"""What people touch: the command line, tables and pictures."""
