"""The latent room: walks, mixes, directions and other edits of what a trained model makes."""
