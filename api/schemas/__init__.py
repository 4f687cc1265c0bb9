"""What goes over the wire: the fields that each resource reads, and the objects that it answers."""
