"""Exact money: amounts, currencies, the named roundings, and splits that add up."""
