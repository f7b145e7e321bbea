"""Method: the model on one page, and one person's way through it with the real numbers."""

import base64

import numpy as np
import streamlit as st

from macrid.bundle.walkthrough import walk
from macrid.charts import walkthrough
from macrid.charts.colours import colours_for
from macrid.results import collapse
from ui import address, bundles, html, words

SHOWN = 8  # clicks and listed items whose numbers are drawn

bundle = bundles.chosen()
settings = bundle.settings
html.begin("Method", "MacridVAE explains clicks in two steps. **Macro**: every item belongs to one of K factors, the "
         "intentions. **Micro**: a person has one vector for each factor, which says how they like things there.")

drawing, steps = st.columns([1, 1], gap="large", vertical_alignment="center")
# As a mask, the drawing takes the colour of the text, in the light and the dark; SVG itself is taken out of a page.
svg = base64.b64encode((words.ROOT / "assets" / "model.svg").read_bytes()).decode()
drawing.html('<div class="mc-model" role="img" aria-label="Graphical model: prototypes and item vectors give each item its '
             "factor; a person's parts, item vectors and factors give the clicks; the encoder finds the parts from the "
             f'clicks." style="mask-image:url(data:image/svg+xml;base64,{svg})"></div>')
steps.markdown(
    "- A circle is something the model knows of or learns, the dark one what it sees: the clicks. A frame says how often "
    "there is one.\n"
    "- Solid arrows tell how clicks come about: an item's vector and the prototypes give its factor; the part that a "
    "person has for this factor decides whether they click.\n"
    "- The dashed arrow is the **encoder**, a neural network that finds the parts from the clicks. It is the same for all "
    "factors.")

st.header("Five formulas")
FORMULAS = [
    (r"c_{i} = \operatorname{softmax}_k\big(\cos(h_i, m_k)\,/\,\tau\big)",
     "**Routing.** How much item i belongs to each factor: the nearer its vector to a prototype, the more. While training, "
     "the shares are drawn at random around these (Gumbel-softmax)."),
    (r"\begin{gathered} (a_{u,k},\, b_{u,k}) = f\!\left(\frac{x_u \odot c_{\cdot,k}}{\lVert x_u \odot c_{\cdot,k}\rVert}"
     r"\right) \\ \mu_{u,k} = a_{u,k} \,/\, \lVert a_{u,k}\rVert \end{gathered}",
     "**Encoder.** For each factor, the clicks that belong there go through the network; what comes out is brought to "
     "length one."),
    (r"z_{u,k} \sim \mathcal N\big(\mu_{u,k},\ \sigma_{u,k}^2\big), \quad \sigma_{u,k} = \sigma_0\, e^{-b_{u,k}/2}",
     "**Parts.** While training, noise is added to each part, so that near vectors must mean near tastes. Afterwards the "
     "part is the mean."),
    (r"p(i \mid z_u) \propto \sum_{k} c_{i,k}\, \exp\big(\cos(z_{u,k}, h_i)\,/\,\tau\big)",
     "**Decoder.** An item is likely if the part of its factor points its way."),
    (r"\begin{gathered} \mathcal L_u = -\sum_{i} x_{u,i} \ln p(i \mid z_u) \\ + \,\beta \sum_k \mathrm{KL}\big(z_{u,k} "
     r"\,\Vert\, \mathcal N(0, \sigma_0^2)\big) \end{gathered}",
     "**Loss.** Clicks should be likely; the second term presses the dimensions of a part to be independent, the more the "
     "larger β."),
]
for formula, what in FORMULAS:
    left, right = st.columns([1, 1], gap="medium", vertical_alignment="center")
    left.latex(formula)
    right.markdown(what)
st.caption(f"This model: K = {settings.kfac} factors of D = {settings.embedding_size} dimensions, "
           f"τ = {settings.tau:g}, σ₀ = {settings.std:g}, β up to {settings.anneal_cap:g}, "
           f"{collapse.NAMES[collapse.variant_of(settings.similarity, settings.user_norm)]}. After Ma, Zhou, Cui, "
           "Yang and Zhu, NeurIPS 2019. The formulas in code: macrid/model/macridvae.py.")

st.header("One person's way through it")
address.from_address("user", bundle.people, bundle.people[0])


@st.fragment
def way():
    """The five steps for the chosen person."""
    user = st.selectbox("Person", bundle.people, key="user", persist_state="session",
                        help="People whom the model has never seen in training.")
    address.to_address(user=(user, bundle.people[0]))
    walked = walk(bundle, bundle.history_of(user), SHOWN)
    names = [factor.name for factor in bundle.factors]
    colours = colours_for(settings.kfac)
    titles = bundle.items["title"]
    order = np.argsort(-walked.interest, kind="stable")
    strongest = int(order[0])

    st.markdown(f"**1. Clicks.** {len(walked.clicks)} items that this person clicked.")
    st.html(html.thumbs(bundle, walked.clicks, label="Clicks"))
    st.markdown(f"**2. Routing.** Each click is divided among the factors. {walked.interest[strongest]:.0%} of all go to "
                f"*{words.plain(names[strongest])}*.")
    shown = walked.clicks[:SHOWN]
    routing = walkthrough.stacked(walked.routing[:SHOWN], list(titles.iloc[shown]), names, colours, "c of the click", ".0%")
    st.plotly_chart(routing, key="routing", config={"displayModeBar": False},
                    alt="Bars: how each click is divided among the factors")
    html.legend(names, colours, [round(100 * float(share)) for share in walked.interest])
    st.caption("A bar is a click, its colours the factors. The numbers are per cent of all their clicks."
               + (f" The first {SHOWN} of {len(walked.clicks)} clicks." if len(walked.clicks) > SHOWN else ""))
    st.markdown(f"**3. Parts.** The encoder makes {settings.kfac} vectors of length one; a row is a part, the factors that "
                "they clicked in most on top.")
    st.plotly_chart(walkthrough.parts(walked.parts[order], [names[k] for k in order]), key="parts",
                    config={"displayModeBar": False}, alt="Heat map of the person's parts, a row for each factor")
    st.caption("Rows far down say little: without clicks in a factor, the part is what the network makes of nothing.")
    likely = walked.shares.sum(axis=1)
    st.markdown(f"**4. Scores.** Each of the {len(bundle.items):,} items has a probability. The likeliest new one has "
                f"{likely[0]:.2%}, {likely[0] * len(bundle.items):,.0f} times that of a blind guess." if len(likely) else
                "**4. Scores.** They have clicked every item: there is nothing to recommend.")
    if len(likely):
        scores = walkthrough.stacked(walked.shares, list(titles.iloc[walked.listed]), names, colours, "p(i | z)", ".2%")
        st.plotly_chart(scores, key="scores", config={"displayModeBar": False},
                        alt="Bars: the probability of the best items and the factors that it comes from")
        st.caption("A bar is an item, its length the probability, its colours the factors that it comes from.")
        st.markdown("**5. The list.**")
        html.cards(bundle, walked.listed, label="The list")
        st.caption("Turn one dimension of a part, and steps 4 and 5 change: that is steering.")


way()
html.page_link("pages/steer.py", "Steer a list", ":material/tune:")
