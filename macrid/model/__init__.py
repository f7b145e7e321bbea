"""MacridVAE and its kernels, its settings, and the recommenders that it is compared with."""
