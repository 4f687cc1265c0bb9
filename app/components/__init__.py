"""What the pages share: the frame, tables, badges and charts."""
