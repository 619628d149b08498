// Shows Stripe's payment form. Where it does not open, a sentence leads to the button below it, which needs no scripts.
const place = document.querySelector("[data-payment]");

async function openForm() {
  const stripe = Stripe(place.dataset.payment);
  const form = await stripe.createEmbeddedCheckoutPage({ fetchClientSecret: async () => place.dataset.secret });
  form.mount(place);
}

openForm().catch(() => (document.getElementById("trouble").hidden = false));
