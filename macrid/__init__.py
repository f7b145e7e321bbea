"""MacridVAE: a recommender that separates intentions, shows what it learned and lets a person steer it."""

__version__ = "0.1.0"
