"""Who is who at Acme Cloud: the index of the stories."""

from sandbox.demo import stories_cards as cards
from sandbox.demo import stories_discounts as discounts
from sandbox.demo import stories_healthy as healthy
from sandbox.demo import stories_links as links
from sandbox.demo import stories_plans as plans
from sandbox.demo import stories_purchases as purchases
from sandbox.demo import stories_twists as twists
from sandbox.demo import stories_usage as by_use
from sandbox.demo.catalogue import ETON_INCLUDED
from sandbox.demo.story import Story

STORIES: tuple[Story, ...] = (
    Story("cus_maya", "Maya", "paid Starter $20 three days ago and wants it back", purchases.maya, "starter"),
    Story("cus_otto", "Otto", "paid Business $200 two days ago and wants it back", purchases.otto, "business"),
    Story("cus_nina", "Nina", "the same $49 add-on charged twice, 40 seconds apart", purchases.nina, "starter"),
    Story("cus_omar", "Omar", "two $15 credit packs on different days, both really ordered", purchases.omar, "starter"),
    Story("cus_dana", "Dana", "renewal declined yesterday: insufficient funds", cards.dana, "starter"),
    Story("cus_ella", "Ella", "renewal failed: the card on file has expired", cards.ella, "starter"),
    Story("cus_ravi", "Ravi", "upgraded in mid-month; the last invoice is higher", plans.ravi, "team", requests=900),
    Story("cus_tess", "Tess", "on Starter, wants Team", healthy.tess, "starter"),
    Story("cus_carl", "Carl", "on Team, wants to cancel", healthy.carl, "team", requests=700),
    Story("cus_hugo", "Hugo", "on Starter, all in order, asks how things work", healthy.hugo, "starter"),
    Story("cus_mona", "Mona", "on Starter, all in order; tries somebody else's charge", healthy.mona, "starter"),
    Story("cus_iris", "Iris", "renewal waits for 3-D Secure", cards.iris, "team", requests=800),
    Story("cus_paul", "Paul", "paid for Team, still sees Starter", plans.paul, "starter"),
    Story("cus_uma", "Uma", "API requests have exploded this month", plans.uma, "team", requests=1_500),
    Story("cus_dora", "Dora", "disputed a $49 charge at the bank", purchases.dora, "starter"),
    Story("cus_gwen", "Gwen", "pays in euros, all in order", healthy.gwen, "starter"),
    Story("cus_lola", "Lola", "renewal declined: the card must never be tried again", cards.lola, "team"),
    Story("cus_finn", "Finn", "trial ends in three days, no card on file", plans.finn, "team", requests=400),
    Story("cus_joan", "Joan", "renewal declined by the bank without a reason", cards.joan, "team"),
    Story("cus_kira", "Kira", "renewal met a processing error; a retry would go through", cards.kira, "starter"),
    Story("cus_zara", "Zara", "subscription ended after the renewal was never paid", cards.zara, "free", requests=20),
    Story("cus_yves", "Yves", "the card expires before the next renewal", cards.yves, "starter"),
    Story("cus_sage", "Sage", "removed the only card; the next renewal cannot be charged", cards.sage, "starter"),
    Story("cus_remy", "Rémy", "a refund is on its way", purchases.remy, "starter"),
    Story("cus_fern", "Fern", "a refund came back from the bank", purchases.fern, "starter"),
    Story("cus_quin", "Quin", "has already canceled; keeps Team to the period's end", plans.quin, "team"),
    Story("cus_nell", "Nell", "canceled and paid to the end", plans.nell, "free", requests=20),
    Story(
        "cus_ines", "Inês", "pays by invoice; it is a week overdue", plans.ines, "business", requests=4_000, months=12
    ),
    Story(
        "cus_olga", "Olga", "pays by invoice; the payment link has expired", plans.olga, "team", requests=900, months=12
    ),
    Story("cus_bela", "Béla", "has $15 of credit", plans.bela, "starter"),
    Story("cus_ivan", "Ivan", "on Free, never paid anything", healthy.ivan, "free", requests=15),
    Story("cus_lena", "Lena", "on Team, paid for a year", healthy.lena, "team", requests=900, months=12),
    Story(
        "cus_vera",
        "Vera",
        "requests billed by use; a surge made the last invoice high",
        by_use.vera,
        "team",
        requests=by_use.VERA_REQUESTS,
        metered=True,
    ),
    Story(
        "cus_yuri",
        "Yuri",
        "billed for 120,000 requests; our own count says 100,000",
        by_use.yuri,
        "team",
        requests=by_use.YURI_REQUESTS,
        metered=True,
    ),
    Story(
        "cus_eton",
        "Eton Aerospace",
        "enterprise: invoiced yearly; committed minimum, overage",
        by_use.eton,
        "business",
        requests=by_use.ETON_REQUESTS_A_DAY,
        months=12,
        metered=True,
        included=ETON_INCLUDED,
    ),
    Story("cus_kenji", "Kenji", "pays in yen, all in order", by_use.kenji, "starter"),
    Story("cus_cora", "Cora", "renewal declined: the card's details do not match", cards.cora, "starter"),
    Story("cus_gabe", "Gabe", "renewal stopped by fraud protection; not to be tried again", cards.gabe, "team"),
    Story("cus_vick", "Vick", "renewal declined: the card is over its limit", cards.vick, "starter"),
    Story("cus_cody", "Cody", "half price for three months ended; the last bill doubled", discounts.cody, "team"),
    Story("cus_cleo", "Cleo", "on Starter, all in order, holds the code WELCOME20", discounts.cleo, "starter"),
    Story("cus_cass", "Cass", "credited $12 for an outage; the last bill used it", discounts.cass, "team"),
    Story("cus_tina", "Tina", "a German business charged VAT; no VAT id on file", discounts.tina, "team"),
    Story("cus_vito", "Vito", "the VAT id on file could not be verified", discounts.vito, "starter"),
    Story("cus_jude", "Jude", "two active Starter subscriptions", twists.jude, "starter"),
    Story("cus_wade", "Wade", "a $49 purchase was refunded yesterday by hand; asks again", twists.wade, "starter"),
    Story("cus_anna", "Anna", "a forgotten yearly Starter renewed two days ago", twists.anna, "starter", months=12),
    Story("cus_hank", "Hank", "subscription ended unpaid; the product is still unlocked", twists.hank, "team"),
    Story("cus_ruth", "Ruth", "pays for Team, the product grants Business", twists.ruth, "business", requests=900),
    Story("cus_igor", "Igor", "his name and an invoice line carry orders to the machine", twists.igor, "starter"),
    Story("cus_lara", "Lara", "her Checkout link for the add-on has expired", links.lara, "starter"),
    Story("cus_toby", "Toby", "on Team; a change to Starter is scheduled; wants to stay", links.toby, "team"),
    Story("cus_milo", "Milo", "trial ended without a card, paused; has added a card since", links.milo, "free"),
    Story("cus_mira", "Mira", "a business that paid $49 once by a payment link", links.mira, "free", requests=20),
)

CUSTOMERS: dict[str, str] = {story.customer: story.line for story in STORIES}
"""Customer id to one line on the story."""
