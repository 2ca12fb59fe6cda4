"""Autoencoders: PCA's subspace, the tied gradient, corruptions, the best Gaussian denoiser, and slopes by hand."""

from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch
from drive import HandDraw
from scipy.linalg import subspace_angles
from sklearn.decomposition import PCA
from torch import Tensor
from torch.nn import functional as F

import saddlepoint
from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import ConfigError
from saddlepoint.kinds.image import Image
from saddlepoint.methods.abilities import Corrupts, Reconstructs, Translates
from saddlepoint.methods.autoencoder.autoencoder import Autoencoder, squared_slopes
from saddlepoint.methods.base import Clock, Networks
from saddlepoint.methods.families.corruption import corrupted
from saddlepoint.nn.backbones.autoencoder import DenseAutoencoder

TINY = {"latent": 4, "width": 8, "corruption": "gaussian", "contraction": 0.1}
LINEAR = {"layers": "dense", "widths": (), "code": "linear"}


def trained(method: Autoencoder, x: Tensor, steps: int, fresh: bool = False) -> Networks:
    """After so many steps of L-BFGS on the whole of x, or of Adam where the corruption is drawn anew in each."""
    torch.manual_seed(0)
    nets, draws = method.networks(DataSpec.of(tuple(x.shape[1:]))), count()
    kind = torch.optim.Adam if fresh else torch.optim.LBFGS
    more = {"lr": 0.02} if fresh else {"max_iter": steps, "line_search_fn": "strong_wolfe", "tolerance_grad": 1e-9}
    optimiser = kind(nets.parameters(), **more)

    def closure() -> Tensor:
        optimiser.zero_grad()
        update = next(method.train_step(nets, HandDraw(x, seed=next(draws)), Clock()))
        loss = torch.stack(list(update.losses.values())).sum()
        loss.backward()
        return loss

    for step in range(steps if fresh else 1):
        if fresh:
            optimiser.param_groups[0]["lr"] = 0.02 * (1 - step / steps)
        optimiser.step(closure)
    return nets


@pytest.mark.parametrize("tied", [False, True])
def test_a_linear_one_spans_what_pca_does_and_is_as_exact(tied: bool) -> None:
    stream = np.random.default_rng(0)
    x = stream.standard_normal((400, 6)) * [3, 2, 1.5, 0.5, 0.4, 0.3] @ stream.standard_normal((6, 6)) + 2
    method = Autoencoder(latent=3, tied=tied, **LINEAR)
    data = torch.from_numpy(x).float()
    nets = trained(method, data, 500)
    pca = PCA(3).fit(x)
    decoder = nets.autoencoder.weights[0].T if tied else nets.autoencoder.weights_back[0]
    assert subspace_angles(decoder.detach().double().numpy(), pca.components_.T).max() < 1e-2
    error = (method.reconstruct(nets, data) - data).square().mean().item()
    best = np.square(pca.inverse_transform(pca.transform(x)) - x).mean()
    assert error == pytest.approx(best, rel=1e-3)
    if not tied:  # only the subspace agrees: neither the axes nor their lengths do
        assert not np.allclose(decoder.T.detach() @ decoder.detach(), np.eye(3), atol=0.1)


def test_the_gradient_of_tied_weights_is_the_sum_of_both_uses() -> None:
    torch.manual_seed(0)
    tied = DenseAutoencoder((5,), (3,), "sigmoid", code="sigmoid", tied=True).double()
    apart = DenseAutoencoder((5,), (3,), "sigmoid", code="sigmoid").double()
    with torch.no_grad():
        apart.weights[0].copy_(tied.weights[0])
        apart.weights_back[0].copy_(tied.weights[0].T)
    x = torch.randn(4, 5, dtype=torch.float64)
    for net in (tied, apart):
        (net(x) - x).square().sum().backward()
    assert torch.allclose(tied.weights[0].grad, apart.weights[0].grad + apart.weights_back[0].grad.T)
    assert torch.autograd.gradcheck(
        lambda w: torch.func.functional_call(tied, {"weights.0": w}, (x,)), tied.weights[0].detach().requires_grad_()
    )


def test_losses_are_sums_over_pixels_and_means_over_images() -> None:
    image, decoded = torch.rand(3, 1, 4, 4) * 2 - 1, torch.randn(3, 1, 4, 4)
    wanted = F.binary_cross_entropy(decoded.sigmoid(), (image + 1) / 2, reduction="none").sum((1, 2, 3))
    assert torch.allclose(Autoencoder(loss="cross-entropy").error(image, decoded), wanted, atol=1e-5)
    assert torch.allclose(Autoencoder().error(image, decoded), (image - decoded).square().sum((1, 2, 3)) / 2)


def test_corruptions_do_what_they_say_and_black_is_no_grey() -> None:
    draw, image = HandDraw(torch.zeros(1)), torch.zeros(400, 1, 8, 8)
    masked = corrupted(image, "masking", 0.3, draw.noise, draw.uniform)
    assert set(masked.unique().tolist()) == {-1, 0}  # of an image in [-1, 1] nothing is -1, not 0
    assert (masked == -1).float().mean().item() == pytest.approx(0.3, abs=0.01)
    points = corrupted(torch.ones(4000, 2), "masking", 0.3, draw.noise, draw.uniform)
    assert set(points.unique().tolist()) == {0, 1}
    salted = corrupted(image, "salt-and-pepper", 0.4, draw.noise, draw.uniform)
    assert [(salted == v).float().mean().item() for v in (-1, 0, 1)] == pytest.approx([0.2, 0.6, 0.2], abs=0.01)
    assert corrupted(image, "gaussian", 0.5, draw.noise, draw.uniform).std().item() == pytest.approx(0.5, abs=0.01)
    assert corrupted(image, "none", 0.5, draw.noise, draw.uniform) is image


def test_the_target_of_a_denoiser_is_clean() -> None:
    method = Autoencoder(corruption="masking", noise=1.0, latent=4, width=8)
    nets = method.networks(DataSpec.of((1, 8, 8)))
    image = torch.rand(4, 1, 8, 8)
    update = next(method.train_step(nets, HandDraw(image), Clock()))
    black = nets.autoencoder(torch.full_like(image, -1))
    assert update.losses["reconstruction"].item() == pytest.approx(method.error(image, black).mean().item())


def test_the_best_denoiser_of_gaussian_points_is_the_matrix_that_theory_says() -> None:
    stream = torch.Generator().manual_seed(0)
    shape = torch.tensor([[1.0, 0.8, 0.0], [0.0, 0.6, 0.0], [0.0, 0.0, 0.5]])
    x = torch.randn(4000, 3, generator=stream) @ shape.T
    method = Autoencoder(latent=3, corruption="gaussian", noise=0.5, **LINEAR)
    nets = trained(method, x, 250, fresh=True)
    moments = x.T @ x / len(x)
    wanted = moments @ torch.linalg.inv(moments + 0.25 * torch.eye(3))
    found = (nets.autoencoder(torch.eye(3)) - nets.autoencoder(torch.zeros(3, 3))).T
    assert torch.allclose(found, wanted, atol=0.04)


def test_the_slopes_are_the_jacobian_in_the_mean_over_directions() -> None:
    net = DenseAutoencoder((5,), (3,), "tanh", code="tanh").double()
    x = torch.randn(1, 5, dtype=torch.float64, requires_grad=True)
    exact = torch.autograd.functional.jacobian(net.encode, x).square().sum()
    many = x.detach().repeat(20_000, 1).requires_grad_()
    code = net.encode(many)
    found = squared_slopes(code, many, torch.randn(code.shape, dtype=torch.float64)).mean()
    assert found.item() == pytest.approx(exact.item(), rel=0.05)


@pytest.mark.parametrize(
    "more", [{}, {"code_maps": True}, {"layers": "dense", "tied": True, "loss": "cross-entropy", "code": "sigmoid"}]
)
def test_images_are_encoded_and_made_again(more: dict) -> None:
    method = Autoencoder(latent=5, width=8, **more)
    assert isinstance(method, Reconstructs)
    assert isinstance(method, Translates)
    assert isinstance(method, Corrupts)
    nets, image = method.networks(DataSpec.of((3, 16, 16))), torch.rand(2, 3, 16, 16) * 2 - 1
    assert method.encode(nets, image).shape == ((2, 16, 4, 4) if "code_maps" in more else (2, 5))
    made = method.reconstruct(nets, image)
    assert made.shape == image.shape
    assert made.abs().max() <= 1
    assert torch.equal(method.corrupt(image, 3), image)


def test_what_cannot_be_is_refused() -> None:
    patches = DataSpec({"image": Image(1, 8, 8, 32)})
    assert Autoencoder(width=8).reconstruct(Autoencoder(width=8).networks(patches), torch.ones(1, 1, 8, 8)).shape
    with pytest.raises(ConfigError, match="no black and white"):
        Autoencoder(loss="cross-entropy").networks(patches)
    with pytest.raises(ConfigError, match="from 0 to 1"):
        Autoencoder(corruption="masking", noise=1.5)
    with pytest.raises(ConfigError, match="leave it out"):
        Autoencoder(layers="dense", code_maps=True)
    with pytest.raises(ConfigError, match="or --layers dense"):
        Autoencoder().networks(DataSpec.of((1, 28, 28)))


def test_points_are_learnt_from_as_well(tmp_path: Path) -> None:
    run = saddlepoint.train("autoencoder", data="world:ring8", examples=64, batch=32, latent=1, out=tmp_path / "run")
    points = torch.full((2, 2), 3.0)
    assert run.model().reconstruct(points).shape == points.shape
    assert list((tmp_path / "run" / "samples").glob("*.png"))
