"""Other ways to steer a recommender towards an attribute, written from their papers' formulas, and the protocol that
measures them and ours alike (`python benchmarks/steering_peers.py`).

Letters: P people, M items, A attributes (tags), S strengths, d dimensions of a dense code, W neurons, n items in a list.
"""
