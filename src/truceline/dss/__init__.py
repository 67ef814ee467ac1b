"""The drone interface: what a DSS of ASTM F3548-21 and F3411-22a holds and decides.

Pure: values in, values out. USSs (the programs of drone operators) register operational
intents, constraints and identification service areas here and learn of each other's. Only
references are held: who has something where and when; the details they ask of each other.
Nothing of it is part of the record, and nothing sealed enters it.
"""
