"""A walk between two given images: its ends are the images as the model makes them again, its length stays between."""

import torch

from saddlepoint.data.batches import DataSpec
from saddlepoint.latent.paths import through
from saddlepoint.methods.autoencoder.vae import VAE


def test_the_ends_of_a_walk_are_both_images_and_its_codes_are_no_longer_or_shorter_than_theirs() -> None:
    torch.manual_seed(0)
    method = VAE(latent=6)
    nets = method.networks(DataSpec.of((1, 8, 8))).eval()
    images = DataSpec.of((1, 8, 8)).main.example(2, 0)
    with torch.no_grad():
        codes = method.encode(nets, images)
        way = through(codes, 8, "great-circle")
        walked = method.generate(nets, way)
        again = method.reconstruct(nets, images)
    assert torch.allclose(walked[[0, -1]], again, atol=1e-6)
    lengths, ends = way.norm(dim=1), codes.norm(dim=1)
    assert lengths.min() >= ends.min() - 1e-5
    assert lengths.max() <= ends.max() + 1e-5
    blend = through(images, 8, "line")  # of pixels: both images at once
    assert not torch.allclose(walked[4], blend[4], atol=0.1)
