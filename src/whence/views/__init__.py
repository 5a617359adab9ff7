"""What people look at: tables, pictures, reports and terminal pages."""
