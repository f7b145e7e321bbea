"""The items near a person among a million: clusters of items, searched by faiss (an extra), and what to search for."""
