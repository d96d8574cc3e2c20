"""Greets whoever is named: the shortest function with a typed argument."""


def predict(name: str) -> dict[str, str]:
    return {"greeting": f"Hello, {name}!"}
