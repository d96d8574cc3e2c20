"""Layers and weights that no revision needs any more go while the gateway serves."""

from pathlib import Path

from folders import Files, function
from gateways import Gateway
from waiting import until
from weights import digest, serving

from conftest import MakeGateway

HANDLER = """
import os, six
def load():
    with open(os.environ["FAAS_MODEL"], "rb") as file:
        return file.read()
def predict(model) -> dict:
    return {"size": len(model), "six": six.__version__}
"""
WEIGHTS = b"weights that two functions have in common"
REQUIREMENT = "six==1.17.0"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def sharing(name: str, source: str) -> Files:
    manifest = f'model: {{ source: "{source}", sha256: "{digest(WEIGHTS)}" }}\n'
    return function(name, HANDLER, manifest, requirements__txt=REQUIREMENT)


def assert_answers(gateway: Gateway, name: str) -> None:
    answer = gateway.invoke(name)
    assert answer.status == 200, answer
    assert answer.json() == {"size": len(WEIGHTS), "six": "1.17.0"}


def test_what_functions_share_goes_after_the_last_of_them(make_gateway: MakeGateway) -> None:
    gateway = make_gateway(config="cleanupMillis: 200\n")
    layers, weights = gateway.data / "layers", gateway.data / "weights"
    old = layers / ("0" * 64)
    with serving() as web:
        web.files["m.bin"] = WEIGHTS
        source = f"{web.url}/m.bin"
        gateway.start()
        runtime = names(layers)
        first, second = (gateway.deploy(sharing(f"shares-{n}", source)) for n in range(2))
        assert len(names(layers) - runtime) == 1
        assert names(weights) == {digest(WEIGHTS)}

        gateway.remove(first)
        # A pass has been when another layer that nothing needs has gone.
        old.mkdir()
        until(lambda: not old.exists(), "a pass")
        old.mkdir()
        until(lambda: not old.exists(), "a pass after the removal")
        assert_answers(gateway, second)
        assert names(weights) == {digest(WEIGHTS)}

        gateway.remove(second)
        until(lambda: names(layers) == runtime, "the layer has gone")
        until(lambda: names(weights) == set(), "the weights have gone")

        assert_answers(gateway, gateway.deploy(sharing("shares-again", source)))
    assert gateway.stop() == 0
    assert gateway.leftovers() == {}
