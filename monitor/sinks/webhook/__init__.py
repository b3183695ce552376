"""Posts each message as JSON to one URL, signed by Standard Webhooks where there is a secret."""
