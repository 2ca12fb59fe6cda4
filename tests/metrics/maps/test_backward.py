"""Maps by the gradient: the rules by hand, whatever form a ReLU has; networks with none are refused."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from saddlepoint.errors import CapabilityError
from saddlepoint.metrics.maps.backward import backward


def network(act: Callable[[], nn.Module]) -> nn.Sequential:
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 4, 3, padding=1), act(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3), act(), nn.Flatten()]
    return nn.Sequential(*layers, nn.Linear(16, 3))


def score(net: nn.Module) -> Callable[[Tensor], Tensor]:
    return lambda shown: net(shown)[:, 1]


def test_the_rules_by_hand() -> None:
    """x -> relu(W x) -> v: the gradient has both signs where the input is on, a deconvnet what is above 0."""
    w = torch.tensor([[1.0, 2.0], [-1.0, 1.0], [1.0, -3.0]])
    v = torch.tensor([1.0, -2.0, 3.0])
    x = torch.tensor([[[[1.0, 1.0]]]])  # W x is 3, 0 and -2: on, off, off

    def total(shown: Tensor) -> Tensor:
        return torch.relu(shown.flatten(1) @ w.T) @ v

    assert backward(total, x, "gradient").flatten().tolist() == (w[0] * 1).tolist()
    assert backward(total, x, "deconvnet").flatten().tolist() == (w[0] * 1 + w[2] * 3).tolist()
    assert backward(total, x, "guided").flatten().tolist() == (w[0] * 1).tolist()


def test_of_a_net_whose_signals_are_all_above_nought_a_deconvnet_is_the_gradient() -> None:
    net = network(nn.ReLU)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.abs_()
    images = torch.rand(2, 1, 8, 8) + 0.1
    plain = backward(score(net), images, "gradient")
    for rule in ("deconvnet", "guided"):
        assert torch.allclose(backward(score(net), images, rule), plain, atol=1e-6)
    assert torch.allclose(plain, torch.func.grad(lambda x: score(net)(x).sum())(images))


class Functional(nn.Module):
    """The same network with its ReLUs as functions, of which hooks on modules see nothing."""

    def __init__(self, net: nn.Sequential) -> None:
        super().__init__()
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.net[0](x), inplace=True)
        x = self.net[3](self.net[2](x)).relu_()
        return self.net[6](x.flatten(1))


@pytest.mark.parametrize("rule", ["deconvnet", "guided"])
def test_functional_and_reused_relus_follow_the_rule_as_modules_do(rule: str) -> None:
    net, images = network(nn.ReLU), torch.randn(3, 1, 8, 8)
    once = nn.ReLU(inplace=True)
    reused = nn.Sequential(net[0], once, net[2], net[3], once, *net[5:])
    wanted = backward(score(net), images, rule)
    assert not torch.allclose(wanted, backward(score(net), images, "gradient"))
    for other in (Functional(net), reused):
        assert torch.allclose(backward(score(other), images, rule), wanted, atol=1e-6)


@pytest.mark.parametrize("act", [lambda: nn.LeakyReLU(0.2), nn.GELU, nn.SiLU, nn.ELU, nn.Tanh, nn.Softplus])
def test_networks_with_other_non_linearities_are_refused_and_have_a_gradient(act: Callable[[], nn.Module]) -> None:
    net, images = network(act), torch.randn(2, 1, 8, 8)
    with pytest.raises(CapabilityError, match="use the map gradient or occlusion"):
        backward(score(net), images, "guided")
    assert backward(score(net), images, "gradient").any()


def test_in_the_end_relus_are_as_before() -> None:
    net, images = network(nn.ReLU), torch.randn(2, 1, 8, 8)
    before = backward(score(net), images, "gradient")
    backward(score(net), images, "deconvnet")
    assert torch.equal(backward(score(net), images, "gradient"), before)
