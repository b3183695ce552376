"""The inside of the emulated ModelArts: its world and its rules. Shares no code with the client, parser and signer."""
