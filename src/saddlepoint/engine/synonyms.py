"""What people type for a setting who come from other libraries, and what it is called and counted in here."""

from __future__ import annotations

from collections.abc import Callable, Collection

_SAME: dict[str, tuple[str, ...]] = {
    "out": (
        *(
            "name",
            "output",
            "output_dir",
            "outdir",
            "out_dir",
            "save_dir",
            "save_path",
            "log_dir",
            "logdir",
            "exp_name",
        ),
        *("experiment", "experiment_name", "run_name", "results", "results_dir", "result_dir", "checkpoints_dir"),
    ),
    "resolution": ("size", "image_size", "img_size", "imsize", "im_size", "res", "crop_size", "load_size"),
    "batch": ("batch_size", "batchsize", "bs", "train_batch_size", "batch_gpu", "minibatch"),
    "data": (
        *(
            "dataset",
            "datasets",
            "data_dir",
            "dataroot",
            "data_root",
            "dataset_dir",
            "path",
            "folder",
            "source",
            "input",
        ),
        *("images_dir", "image_dir", "train_dir", "root"),
    ),
    "latent": ("nz", "z_dim", "zdim", "latent_dim", "z_size", "noise_dim", "latent_size", "dim_z", "noise_size"),
    "generator_width": ("ngf", "generator_channels", "g_width", "gf_dim", "generator_features"),
    "critic_width": ("ndf", "critic_channels", "d_width", "df_dim", "critic_features"),
    "width": ("ngf", "channels_base", "features", "hidden", "dim"),
    "critic_steps": (
        "n_critic",
        "ncritic",
        "critic_iters",
        "d_steps",
        "n_dis",
        "num_d_steps",
        "d_iters",
        "critic_iterations",
    ),
    "critic_lr": ("lr_d", "d_lr", "d_learning_rate", "learning_rate_d", "lr_critic", "dlr"),
    "generator_lr": ("lr_g", "g_lr", "g_learning_rate", "learning_rate_g", "lr_generator", "glr"),
    "lr": (
        *("learning_rate", "lrate", "rate", "step_size", "base_lr", "lr_d", "d_lr", "lr_g", "g_lr", "generator_lr"),
        *("critic_lr", "glr", "dlr", "g_learning_rate", "d_learning_rate"),
    ),
    "beta1": ("beta", "b1", "betas", "adam_beta1", "adam_b1"),
    "beta2": ("b2", "adam_beta2", "adam_b2"),
    "accumulate": (
        *("gradient_accumulation", "gradient_accumulation_steps", "grad_accum", "accum", "accumulation_steps"),
        *("gradient_accumulate_every", "micro_batches"),
    ),
    "clip_norm": ("clip_grad", "max_grad_norm", "grad_clip", "gradient_clip", "gradient_clip_val", "clip_grad_norm"),
    "seed": ("manual_seed", "random_seed", "manualseed", "rng_seed"),
    "precision": ("amp", "fp16", "half", "bf16", "mixed_precision", "dtype", "use_amp", "autocast"),
    "flip": ("mirror", "hflip", "horizontal_flip", "random_flip", "augment_flip", "xflip"),
    "held_out": ("val", "validation", "val_split", "test_split", "valid", "test_size", "val_size", "validation_split"),
    "objective": ("loss", "gan_mode", "loss_type", "adversarial_loss", "gan_loss", "criterion"),
    "penalty": ("gp", "gradient_penalty", "lambda_gp", "gp_weight", "lambda_penalty"),
    "r1_weight": ("r1", "r1_gamma", "gamma", "lambda_r1"),
    "gamma": ("r1", "r1_gamma", "r1_weight", "lambda_r1"),
    "ema_images": ("ema", "ema_decay", "ema_kimg", "use_ema"),
    "grid_size": ("num_samples", "n_samples", "sample_size", "nsamples", "n_sample", "preview"),
    "channels": (
        "color",
        "colour",
        "grayscale",
        "greyscale",
        "nc",
        "image_channels",
        "input_nc",
        "in_channels",
        "gray",
    ),
    "device": ("cuda", "gpu_id", "gpu_ids", "cpu", "use_gpu", "no_cuda", "accelerator"),
    "start": (
        "pretrained",
        "init_from",
        "init",
        "finetune",
        "transfer",
        "load",
        "checkpoint",
        "ckpt",
        "weights",
        "model_path",
    ),
    "score": ("metrics", "fid", "eval_metrics", "metric"),
    "augment": ("ada", "aug", "augmentation"),
    "cycle": ("lambda_cycle", "lambda_a", "lambda_cyc"),
    "identity": ("lambda_identity", "lambda_id", "lambda_idt"),
    "l1": ("lambda_l1", "l1_weight", "lambda_pixel"),
    "beta": ("kl_weight", "kld_weight", "beta_kl"),
    "dry_run": ("dryrun", "check", "summary"),
    "config": ("cfg", "settings", "config_file", "yaml", "opts"),
    "threads": ("num_threads", "cpus", "cores", "nthreads"),
    "overfit_one_batch": ("overfit", "overfit_batches"),
    "norm": ("norm_layer", "normalization", "normalisation"),
}
"""by setting: other words for the same thing in the same unit"""
_EXAMPLES: dict[str, tuple[str, ...]] = {
    "examples": ("epochs", "epoch", "n_epochs", "num_epochs", "nepoch", "niter", "max_epochs", "num_train_epochs"),
    "checkpoint_every": (
        "save_every",
        "save_freq",
        "save_interval",
        "checkpoint_freq",
        "snap",
        "save_epoch_freq",
        "ckpt_every",
    ),
}
"""settings that count examples seen, and what they are called where epochs or steps are counted"""
_STEPS = (
    *(
        "steps",
        "step",
        "iterations",
        "iters",
        "iter",
        "n_iter",
        "num_iters",
        "max_iter",
        "max_iters",
        "max_steps",
        "num_steps",
    ),
    *("total_steps", "train_steps", "num_train_steps", "max_train_steps", "n_iters", "num_iterations"),
)
_THOUSANDS = ("kimg", "total_kimg", "nkimg")
_LOGS = ("log_interval", "log_freq", "print_freq", "display_freq", "log_steps", "print_every", "logging_steps")
_SENTENCES: dict[tuple[str, ...], str] = {
    (
        "workers",
        "num_workers",
        "n_workers",
        "nworkers",
        "dataloader_workers",
        "n_cpu",
        "num_data_workers",
        "prefetch",
    ): (
        "images are decoded once and then mapped from the disk, so there are no workers to set; {threads} bounds the"
        " processor's threads"
    ),
    (
        "gpus",
        "num_gpus",
        "ngpu",
        "ngpus",
        "n_gpu",
        "gpu",
        "nproc",
        "world_size",
        "devices",
        "multi_gpus",
        "multi_gpu",
    ): ("for one GPU say {device}=cuda; for several: torchrun --no-python --nproc-per-node 4 saddle train METHOD ..."),
    ("resume", "continue", "resume_from", "resume_from_checkpoint", "continue_train", "restore", "auto_resume"): (
        "to go on with a run: saddle resume RUN; to begin from its weights: {start}"
    ),
    ("wandb", "mlflow", "tensorboard", "use_wandb", "wandb_project", "logger", "tb", "report_to"): (
        "every run writes log.jsonl into its folder, and TensorBoard events with pip install"
        " 'saddlepoint[tensorboard]'; --track wandb or --track mlflow sends it there too"
    ),
    ("conditional", "cond", "class_cond", "n_classes", "num_classes", "classes", "class_conditional"): (
        "classes come from the data, one sub-folder each; methods that make images by class are cgan, acgan and"
        " stylegan2_conditional"
    ),
    ("optimizer", "optim", "optimiser"): "each method has the optimisers of its paper; `--help` shows what can be set",
    ("shuffle",): "each epoch has an order of its own, a function of {seed}",
    ("verbose", "quiet", "silent"): "a run prints one line that is rewritten, or one every ten seconds into a file",
}
"""words for which there is no setting, with what there is instead"""

Form = Callable[[str], str]
"""how a setting is written, such as `--critic-lr`"""


def advice(word: str, value: object, known: Collection[str], batch: int, form: Form) -> str | None:
    """A sentence on what is called `word` elsewhere; None where nothing is known of it.

    value: what was given with it, if anything. known: the settings that there are. batch: of the run.
    """
    name, number = word.lower().replace("-", "_"), _number(value)
    if name in _STEPS:
        total = f"{number} steps are {form('examples')} {number * batch}" if number else f"see {form('examples')}"
        return f"training is counted in examples seen, steps x batch ({batch}): {total}."
    if name in _THOUSANDS:
        total = f"{form('examples')} {number * 1000}" if number else f"see {form('examples')}"
        return f"training is counted in single examples seen, not in thousands: {total}."
    if name in _LOGS:
        return f"it is called {form('log_every')} here and counted in steps."
    for setting, words in _EXAMPLES.items():
        if name in words and setting in known:
            times = f"{form(setting)} = {number or 'epochs'} x the number of your images"
            return f"it is counted in examples seen: {times}, which the first line of a run and --dry-run say."
    for words, sentence in _SENTENCES.items():
        if name in words:
            ours = {setting: form(setting) for setting in ("threads", "device", "start", "seed")}
            return f"{sentence.format_map(ours)}."
    same = [setting for setting, words in _SAME.items() if setting in known and name in words]
    short = name.replace("learning_rate", "lr")
    same += [short] if short in known else []
    for theirs, prefix in (("discriminator", "critic"), ("disc_", "critic_"), ("d_", "critic_"), ("g_", "generator_")):
        if short.startswith(theirs) and prefix + short.removeprefix(theirs) in known:
            same.append(prefix + short.removeprefix(theirs))
    if name == "discriminator":
        same += [setting for setting in known if setting.startswith("critic_")]
    if name in ("lr", "learning_rate", "rate") and "lr" not in known:
        same += [setting for setting in ("generator_lr", "critic_lr") if setting in known]
    if not same and name in _SAME["critic_steps"]:
        return f"this method steps each network in turn; wgan and wgan_gp have {form('critic_steps')}."
    if not same:
        return None
    return f"it is called {' and '.join(dict.fromkeys(map(form, same)))} here."


def words() -> list[str]:
    """Every name that `advice` knows a sentence for."""
    tables = (*_SAME.values(), *_EXAMPLES.values(), *_SENTENCES, _STEPS, _THOUSANDS, _LOGS)
    return [word for table in tables for word in table]


def _number(value: object) -> int | None:
    """A whole number above 0 that was given with a word; None for anything else."""
    try:
        number = int(str(value))
    except ValueError:
        return None
    return number if number > 0 else None
