"""The relativistic average game: is a real image more real than fakes are on average? Jolicoeur-Martineau 2018,
arXiv:1807.00734, section 4.2, with the cross-entropy, as ESRGAN has it (Wang et al. 2018, arXiv:1809.00219, eq. 1 and
2); and with least squares, as DeblurGAN-v2 (Kupyn et al. 2019, arXiv:1908.03826, eq. 3).

The mean is over the whole batch, so that k micro-batches do not equal one. Each loss is halved, as the public code of
ESRGAN does.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

Form = Literal["cross-entropy", "least-squares"]


def average_critic_loss(real: Tensor, fake: Tensor, form: Form = "cross-entropy") -> dict[str, Tensor]:
    """What the critic minimises, from its raw outputs of any shape: "real" and "fake", whose sum it is."""
    return {"real": _term(real - fake.mean(), 1, form) / 2, "fake": _term(fake - real.mean(), -1, form) / 2}


def average_generator_loss(real: Tensor, fake: Tensor, form: Form = "cross-entropy") -> Tensor:
    """What the generator minimises: the same with both exchanged. `real` should carry no gradient."""
    return (_term(real - fake.mean(), -1, form) + _term(fake - real.mean(), 1, form)) / 2


def _term(lead: Tensor, side: int, form: Form) -> Tensor:
    """side: 1 where the lead should be large, -1 where it should be small."""
    lead = lead.float()
    return F.softplus(-side * lead).mean() if form == "cross-entropy" else torch.square(lead - side).mean()
