"""The secrets that are planted."""

API_KEY = "sk-PLANTEDplanted0123456789"
ACCESS_KEY = "PLANTED0PLANTED0KEY9"
SECRET_KEY = "plantedSecretKey0123456789plantedSecret9"
TOKEN = "planted-token-of-32-characters-0"
SECRETS = (API_KEY, ACCESS_KEY, SECRET_KEY, TOKEN)
"""Words of every dictionary, and each configured somewhere: what tells one that was configured leaks it."""
