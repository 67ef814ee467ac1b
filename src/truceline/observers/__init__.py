"""Those who watch: what they saw from where, patrols, restrictions, forms, evidence and its custody."""
