"""The finance console: pages named after tasks, over the last published version of warehouse and books."""
