"""Whether a product may be offered to a person: values in, an opinion with rules and evidence out.

The rules' numbers and dates are data (`rulebook/suitability.json`, or an approved rule pack).
"""
