"""VAE: its two terms by hand, sums over pixels, and its bound against a likelihood known exactly."""

import math

import pytest
import torch
from drive import HandDraw
from torch import Tensor, nn
from torch.distributions import Bernoulli, Normal

from saddlepoint.data.batches import DataSpec
from saddlepoint.errors import CapabilityError, ConfigError
from saddlepoint.methods.abilities import HasLikelihood, Reconstructs, Samples
from saddlepoint.methods.autoencoder.vae import VAE
from saddlepoint.methods.base import Clock, Networks

TINY = {"latent": 4, "width": 8}


def one_step(method: VAE, nets: Networks, image: Tensor) -> tuple[dict[str, float], Tensor]:
    draw = HandDraw(image)
    update = next(method.train_step(nets, draw, Clock()))
    return {name: value.item() for name, value in {**update.losses, **update.watch}.items()}, draw.image


def test_log_densities_are_sums_over_all_pixels() -> None:
    image, decoded = torch.randn(2, 3, 4, 4).sign(), torch.randn(2, 3, 4, 4)
    wanted = Bernoulli(logits=decoded).log_prob((image + 1) / 2).sum((1, 2, 3))
    assert torch.allclose(VAE().log_density(image, decoded), wanted, atol=1e-5)
    wanted = Normal(decoded, 0.5).log_prob(image).sum((1, 2, 3))
    assert torch.allclose(VAE(likelihood="gaussian", deviation=0.5).log_density(image, decoded), wanted, atol=1e-4)


def test_networks_that_say_nothing_lose_log_two_a_pixel_and_no_divergence() -> None:
    method = VAE(**TINY)
    nets = method.networks(DataSpec.of((1, 8, 8)))
    for network in (nets.encoder.output, nets.decoder.layers[-1]):
        nn.init.zeros_(network.weight)
    figures, _ = one_step(method, nets, torch.rand(6, 1, 8, 8) * 2 - 1)
    assert figures["reconstruction"] == pytest.approx(64 * math.log(2), rel=1e-5)
    assert figures["divergence"] == pytest.approx(0)
    assert figures["bound"] == pytest.approx(-64 * math.log(2), rel=1e-5)


def test_beta_weighs_the_divergence_and_leaves_the_bound_as_it_is() -> None:
    image = torch.rand(6, 1, 8, 8) * 2 - 1
    torch.manual_seed(0)
    nets = VAE(**TINY).networks(DataSpec.of((1, 8, 8)))
    plain, fourfold = (one_step(VAE(beta=beta, **TINY), nets, image)[0] for beta in (1.0, 4.0))
    assert fourfold["divergence"] == pytest.approx(4 * plain["divergence"])
    assert fourfold["reconstruction"] == plain["reconstruction"]
    assert fourfold["bound"] == plain["bound"]


def test_gradients_reach_the_encoder_through_the_sampled_code() -> None:
    method = VAE(beta=0.0, **TINY)
    nets = method.networks(DataSpec.of((1, 8, 8)))
    update = next(method.train_step(nets, HandDraw(torch.zeros(4, 1, 8, 8)), Clock()))
    update.losses["reconstruction"].backward()
    mean, log_variance = nets.encoder.output.weight.grad.chunk(2)
    assert mean.any()
    assert log_variance.any()


def test_bernoulli_pixels_are_drawn_afresh_with_their_brightness_as_probability() -> None:
    method, seen = VAE(**TINY), []
    nets = method.networks(DataSpec.of((1, 8, 8)))
    nets.encoder.register_forward_hook(lambda module, inputs, output: seen.append(inputs[0]))
    draw = HandDraw(torch.full((200, 1, 8, 8), 0.5))  # three quarters of the way to white
    for _ in range(2):
        next(method.train_step(nets, draw, Clock()))
    assert set(seen[0].unique().tolist()) == {-1.0, 1.0}
    assert (seen[0] == 1).float().mean().item() == pytest.approx(0.75, abs=0.02)
    assert not torch.equal(seen[0], seen[1])


class _Straight(nn.Module):
    """A decoder that is one matrix, and the encoder that is exactly its posterior or a given wrong one."""

    def __init__(self, matrix: Tensor) -> None:
        super().__init__()
        self.matrix = nn.Parameter(matrix)

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.matrix.T


class _Posterior(nn.Module):
    def __init__(self, gain: float, variance: float) -> None:
        super().__init__()
        self.gain, self.variance = gain, variance

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.gain * x, torch.full_like(x, math.log(self.variance))], 1)


def test_the_bound_is_the_likelihood_where_the_encoder_is_exact_and_nears_it_from_below_where_not() -> None:
    # x = 2 z + noise of deviation .5: p(x) = N(0, 4.25), and the posterior is N(2 x / 4.25, .25 / 4.25).
    method = VAE(latent=1, likelihood="gaussian", deviation=0.5)
    x = torch.tensor([[0.3], [-1.2], [2.0]])
    exact = Normal(0, math.sqrt(4.25)).log_prob(x).squeeze(1)
    decoder = _Straight(torch.tensor([[2.0]]))
    right = Networks(encoder=_Posterior(2 / 4.25, 0.25 / 4.25), decoder=decoder)
    assert torch.allclose(method.log_likelihood(right, x, 1, 0), exact, atol=1e-5)
    wrong = Networks(encoder=_Posterior(0.3, 0.2), decoder=decoder)
    with torch.no_grad():
        one, many = (method.log_likelihood(wrong, x.repeat(300, 1), k, 0).mean() for k in (1, 200))
    assert one < many - 0.1
    assert many.item() == pytest.approx(exact.mean().item(), abs=0.03)


def test_the_importance_weighted_bound_is_the_mean_of_the_weights_and_not_of_their_logarithms() -> None:
    method = VAE(samples=5, **TINY)
    nets = method.networks(DataSpec.of((1, 8, 8)))
    image = torch.randn(6, 1, 8, 8).sign()
    figures, _ = one_step(method, nets, image)
    draw = HandDraw(image)
    draw.uniform(*image.shape)  # which pixels are white; these are for certain
    mean, log_variance = method.posterior(nets, image)
    weights = []
    for noise in draw.noise(6, 5, 4).unbind(1):
        z, deviation = mean + (log_variance / 2).exp() * noise, (log_variance / 2).exp()
        own = Normal(mean, deviation).log_prob(z).sum(1)
        weights.append(method.log_density(image, nets.decoder(z)) + Normal(0, 1).log_prob(z).sum(1) - own)
    wanted = torch.stack(weights).logsumexp(0)
    assert figures["bound"] == pytest.approx((wanted - math.log(5)).mean().item(), rel=1e-5)
    assert figures["bound"] == -figures["minus_bound"]
    assert figures["bound"] > torch.stack(weights).mean().item()
    with pytest.raises(ConfigError, match="leave beta at 1"):
        VAE(samples=5, beta=4.0)


def test_grey_pixels_have_no_bernoulli_likelihood() -> None:
    method = VAE(**TINY)
    nets = method.networks(DataSpec.of((1, 8, 8)))
    with pytest.raises(CapabilityError, match="black and white"):
        method.log_likelihood(nets, torch.zeros(1, 1, 8, 8), 1, 0)


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
@pytest.mark.parametrize(
    ("shape", "layers"), [((1, 8, 8), "convolutional"), ((3, 32, 32), "convolutional"), ((1, 5, 7), "dense")]
)
def test_images_of_many_shapes_are_made_encoded_and_made_again(
    shape: tuple[int, ...], layers: str, likelihood: str
) -> None:
    method = VAE(layers=layers, likelihood=likelihood, widths=(16,), **TINY)
    assert isinstance(method, Samples)
    assert isinstance(method, Reconstructs)
    assert isinstance(method, HasLikelihood)
    nets = method.networks(DataSpec.of(shape)).eval()
    images = torch.rand(3, *shape).round() * 2 - 1
    assert method.encode(nets, images).shape == (3, 4)
    for made in (method.reconstruct(nets, images), method.generate(nets, method.latents(nets, 3, 0))):
        assert made.shape == images.shape
        assert made.abs().max() <= 1
    assert method.log_likelihood(nets, images, 5, 0).shape == (3,)


def test_points_are_gaussian_or_refused() -> None:
    nets = VAE(likelihood="gaussian", widths=(16,), latent=2).networks(DataSpec.of((2,)))
    assert nets.decoder(torch.randn(3, 2)).shape == (3, 2)
    with pytest.raises(ConfigError, match="--likelihood gaussian"):
        VAE().networks(DataSpec.of((2,)))
    with pytest.raises(ConfigError, match="or --layers dense"):
        VAE().networks(DataSpec.of((1, 28, 28)))
    with pytest.raises(ConfigError, match="more than 0"):
        VAE(deviation=0)
