"""An HTTP service around trained models: `app.build` puts it together, `saddle serve` starts it.

A request passes `gate` (who, how much, how often), is read by `schemas` and `uploads`, done by `bench` (`making`,
`translating`, `projecting`, in batches of `batching`), packed with its disclosure by `packing`, at once or as one of
the `jobs`. What is refused is a `Refusal`. Needs `pip install 'saddlepoint[serve]'`.
"""
