"""Names that people type who come from other libraries and papers, and the nearest that there is here."""

from __future__ import annotations

from collections.abc import Collection

_SAME: dict[str, tuple[str, ...]] = {
    "gan": ("vanilla", "vanilla_gan", "goodfellow", "mlp_gan", "simple_gan"),
    "dcgan": ("deep_convolutional_gan", "convgan"),
    "wgan": ("wasserstein", "wasserstein_gan", "wgan_clip"),
    "wgan_gp": ("wgangp", "wasserstein_gp", "wasserstein_gan_gp"),
    "cgan": ("conditional_gan", "conditional", "cdcgan"),
    "acgan": ("auxiliary_classifier_gan",),
    "sgan": ("semi_supervised_gan", "semisupervised", "ssgan"),
    "progan": ("pggan", "progressive_gan", "progressive_growing", "pgan"),
    "fastgan": ("fast_gan", "lightweight_gan", "lightweightgan", "lwgan"),
    "stylegan2": ("stylegan2_ada", "stylegan2_pytorch", "stylegan2ada", "ada"),
    "pix2pix": ("pix_to_pix", "p2p"),
    "cycle_gan": ("cyclegan", "cycle", "unpaired"),
    "munit": ("munit_pytorch",),
    "vae": ("conv_vae",),
    "srgan": ("super_resolution",),
    "gan3d": ("3dgan", "3d_gan", "voxel_gan"),
    "gaussians": ("3dgs", "gaussian_splatting", "gsplat", "splatting"),
    "hash_nerf": ("instant_ngp", "ngp", "instantngp"),
    "neural_field": ("siren", "implicit"),
    "stylegan3": ("stylegan3_t", "stylegan3_r", "alias_free_gan"),
    "sagan": ("self_attention_gan",),
    "lsgan": ("least_squares_gan",),
    "infogan": ("info_gan",),
    "bigan": ("ali", "bidirectional_gan"),
    "vgan": ("video_gan",),
    "stackgan": ("stack_gan",),
    "attngan": ("attention_text_gan", "attn_gan"),
    "icgan": ("ic_gan_attributes", "invertible_conditional_gan"),
    "can": ("creative_adversarial_network",),
    "lapgan": ("laplacian_pyramid_gan", "laplacian_gan"),
    "group_dro": ("gdro", "groupdro"),
    "vat": ("virtual_adversarial_training",),
    "dpgan": ("dp_gan",),
    "spade": ("gaugan",),
    "gaussians2d": ("2dgs",),
    "mip_nerf": ("mipnerf",),
    "pointnet2": ("pointnet++", "pointnet_plus_plus"),
}
"""by method: other names of the same"""
_NEAR: dict[str, tuple[str, ...]] = {
    "stylegan2": ("stylegan_t", "swagan"),
    "stylegan3": ("stylegan_xl",),
    "stylegan2_conditional": ("contragan", "projection_gan"),
    "biggan": ("biggan_deep",),
    "r3gan": ("projected_gan", "gigagan", "ddgan", "relativistic_gan", "rsgan", "ragan"),
    "dcgan": ("sngan", "hinge_gan", "rgan", "transgan", "ebgan"),
    "pix2pix": ("bicyclegan",),
    "cycle_gan": ("ugatit", "cyclegan_turbo", "gcgan"),
    "cut": ("fastcut",),
    "attngan": ("stackgan_plus_plus", "stackgan_v2", "dmgan", "dfgan", "gawwn"),
    "stackgan": ("gan_cls", "gan_int_cls"),
    "ctgan": ("tablegan", "medgan", "copulagan"),
    "munit": ("drit", "stargan", "starganv2", "stargan_v2", "funit"),
    "srgan": ("edsr", "swinir"),
    "esrgan": ("real_esrgan", "realesrgan", "bsrgan"),
    "vae": ("vq_vae", "vqgan", "ae", "vaegan", "nvae"),
    "hash_nerf": ("nerfacto", "tensorf"),
}
"""by method: what there is not, and it is the nearest to"""
_DIFFUSION = ("ddpm", "ddim", "diffusion", "stable_diffusion", "sdxl", "sd", "edm", "flow_matching", "dit", "unet")


def advice(name: str, known: Collection[str]) -> str | None:
    """A sentence on a method of another name or of another library; None where nothing is known of it."""
    plain = name.lower().replace("-", "_").replace(" ", "_")
    squeezed = plain.replace("_", "")
    for table, words in ((_SAME, "it is called {} here."), (_NEAR, "there is none here; the nearest to it is {}.")):
        for method, others in table.items():
            if method in known and squeezed in (method.replace("_", ""), *(other.replace("_", "") for other in others)):
                return words.format(method)
    if plain in _DIFFUSION:
        return "there is no diffusion here; for images from noise the nearest is stylegan2."
    return None
