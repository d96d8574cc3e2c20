"""Two accounts with a key each."""

import hashlib

KEYS = {"ada": "key-of-ada", "bob": "key-of-bob"}

# What the gateway's configuration says of them.
WITH_KEYS = "keys:\n" + "".join(
    f"  - {{ account: {account}, sha256: {hashlib.sha256(key.encode()).hexdigest()} }}\n"
    for account, key in KEYS.items()
)
