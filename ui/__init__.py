"""What the pages share: the address, the chosen bundle, words, HTML, widgets, jobs beside the app."""

import logging

# What is kept (`st.cache_data`) is declared before the server runs; Streamlit's warning of that tells nobody anything.
logging.getLogger("streamlit.runtime.caching.cache_data_api").setLevel(logging.ERROR)
