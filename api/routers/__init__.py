"""One file per resource: a route parses, calls one function, returns."""
